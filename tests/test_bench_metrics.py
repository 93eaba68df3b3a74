"""The benchmark of the metrics: what it refuses."""

import numpy as np
import pytest
import torch
from conftest import exit_code

from utils.bench import metrics
from utils.bench.__main__ import main
from utils.errors import InputError


@pytest.mark.parametrize("measured", [["--growth", "10"], ["--encoding", "a.pt", "b.npz"]])
def test_bench_refuses_metrics_where_it_measures_its_own(measured, capsys):
    assert exit_code(main, ["metrics", *measured, "--metrics", "mig"]) == 2
    assert "expected without --growth and --encoding" in capsys.readouterr().err


@pytest.mark.parametrize("latents", ["a", "10,", "1", "-4"])
def test_bench_names_numbers_of_latents_that_are_none(latents, capsys):
    assert exit_code(main, ["metrics", f"--growth={latents}"]) == 2
    assert f"{latents!r}: expected whole numbers of at least 2" in capsys.readouterr().err


def test_bench_names_a_python_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="/nowhere/python: No such file"):
        metrics._run("official", ["/nowhere/python"], tmp_path)


def test_bench_refuses_an_encoder_whose_operations_it_cannot_count(tmp_path, capsys):
    torch.jit.save(torch.jit.script(torch.nn.Flatten()), str(tmp_path / "flat.pt"))
    np.savez(str(tmp_path / "own.npz"), images=np.zeros((4, 64, 64, 1), np.uint8))
    assert exit_code(main, ["metrics", "--encoding", str(tmp_path / "flat.pt"), str(tmp_path / "own.npz")]) == 2
    assert "flat.pt: has no convolution and no fully connected layer" in capsys.readouterr().err
