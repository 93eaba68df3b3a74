import contextlib
import io
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import make_tiny_images

from utils.bench import steps as bench
from utils.bench.__main__ import main
from utils.config import Config


def numbers(line):
    return line.split()[-len(bench.COLUMNS) :]


@pytest.fixture(scope="module")
def table():
    """What the command prints for one case, line by line."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setattr(bench, "CASES", ({"width": 1, "latent_dim": 2},))
        patch.setattr(bench, "find_images", lambda dataset: np.concatenate([make_tiny_images()] * 4))
        bench.main(["seconds=0.1"])
    return printed.getvalue().splitlines()


def test_bench_prints_a_row_a_case_under_its_columns(table):
    assert table[1].split() == " ".join(bench.COLUMNS).split()
    assert table[2].startswith("width=1, latent_dim=2")


def test_bench_measures_what_a_step_takes_of_the_bound(table):
    rate, images, operations, bound, share = (float(cell.rstrip("%")) for cell in numbers(table[2])[:5])
    assert images == pytest.approx(128 * rate, abs=128 * 0.06)
    assert operations == pytest.approx(10.6, rel=0.05)
    assert share == pytest.approx(100 * rate / bound, rel=0.1)


def test_bench_says_so_where_images_are_in_no_file(table):
    assert numbers(table[2])[6] == "-"


def test_bench_takes_fewer_images_than_a_step_does(tiny_images):
    config = Config(batch_size=64, latent_dim=2, width=0.25, device="cpu")
    assert bench.measure(config, tiny_images, torch.device("cpu"), 0.1)["steps/s"] > 0


def test_bench_refuses_other_settings(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["steps", "width=2"])
    assert ended.value.code == 2
    assert "dataset=..., device=..., precision=..., seconds=..." in capsys.readouterr().err


def test_bench_refuses_another_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "argument 'speed': expected one of steps, metrics, data, plan" in capsys.readouterr().err


def test_images_on_a_gpu_are_never_read_cold(tiny_images):
    resident = SimpleNamespace(close=lambda: None, resident=object())
    assert bench.seconds_cold(resident, tiny_images, torch.device("cpu"), 1.0) == math.inf
