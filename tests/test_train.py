"""train.py as people call it: what it leaves, what it says, and what it does with bad input.

What a process alone can show is shown on processes; the rest calls `main` here, which saves each test the seconds that
PyTorch takes to load.
"""

import errno
import json
import os

import pytest
import torch
from runs import codes, encoder, rows

import train as train_module


def test_train_leaves_what_the_readme_lists(train, folder):
    done = train("steps=3")
    assert done.returncode == 0, done.stderr
    left = {path.name for path in folder.iterdir()} - {"tensorboard"}  # which comes where its package is installed
    assert left == {".lock", "config.json", "dataset.json", "log.csv", "checkpoints", "report", "representation"}
    assert {path.name for path in (folder / "report").iterdir()} == {
        "index.html",
        "reconstructions.png",
        "traversals.png",
    }
    assert {path.name for path in encoder(folder).parent.iterdir()} == {"pytorch_model.pt", "results"}


def test_train_ends_with_a_report_of_all_its_steps(train, folder):
    assert train("steps=60", "checkpoint_every=1e6").returncode == 0
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "FactorVAE on tiny" in page
    assert "60 steps in" in page
    assert page.count("<polyline") >= 3
    assert "has not been scored" in page


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyError("step"), ImportError])
def test_train_goes_on_without_its_report_and_says_so(train, folder, monkeypatch, failure):
    def fail(*arguments):
        raise failure

    monkeypatch.setattr("utils.report.write_report", fail)
    done = train("steps=3", "checkpoint_every=0.1")
    assert done.returncode == 1
    assert "all updates done" in done.stdout
    assert done.stderr.count("warning: report not written") == 1
    assert torch.isfinite(codes(folder)).all()
    assert (folder / "report" / "traversals.png").exists()


def test_train_exports_codes_of_every_latent(train, folder):
    assert train("steps=3").returncode == 0
    assert codes(folder).shape == (2, 3)


def test_train_logs_every_term(train, folder):
    assert train("steps=70").returncode == 0
    log = rows(folder)
    assert [row["step"] for row in log] == ["50", "70"]
    terms = {"reconstruction", "kl", "tc", "discriminator_loss", "discriminator_accuracy", "active_latents"}
    assert terms | {"seconds", "steps_per_second"} < set(log[0])
    assert float(log[-1]["reconstruction"]) < float(log[0]["reconstruction"])


def test_train_writes_plain_lines_where_there_is_no_terminal(start):
    stdout, stderr = start("steps=3").communicate()
    assert "step 3/3" in stdout
    assert "steps/s" in stdout
    assert stderr == ""


def test_train_prefers_the_graders_data_set_to_the_file_s(call):
    done = call(AICROWD_DATASET_NAME="mpi3d_toy")
    assert done.returncode == 2
    assert "mpi3d_toy" in done.stderr


def test_train_prefers_an_argument_to_the_graders_data_set(train, folder):
    assert train("steps=1", AICROWD_DATASET_NAME="mpi3d_toy").returncode == 0
    assert json.loads((folder / "dataset.json").read_text())["name"] == "tiny"


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["--pl"], {}, "--pl"),
        (["a=b/none.yml"], {}, "a=b/none.yml"),
        (["dataset=tiny.npy", "held_out=40"], {}, "held_out=40"),
        (["gama=3"], {}, "gamma"),
        (["configs/none.yml"], {}, "configs/none.yml"),
        (["dataset=mpi3d_real"], {}, "mpi3d_real"),
        (["dataset=mpi4d"], {}, "mpi4d"),
        (["device=cuda:99"], {}, "cuda:99"),
        (["dataset=tiny.npy", "held_out=100000"], {}, "held_out=100000"),
        (["dataset=tiny.npy"], {"AICROWD_OUTPUT_PATH": "/proc/nothing"}, "/proc/nothing"),
        ([], {"AICROWD_EVALUATION_NAME": "../../x"}, "AICROWD_EVALUATION_NAME"),
        ([], {"AICROWD_CUDA": "maybe"}, "maybe"),
        (["--frsh"], {}, "--frsh"),
    ],
)
def test_train_names_bad_input_in_one_line(call, data_root, tmp_path, arguments, variables, told):
    done = call(*arguments, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables})
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert told in done.stderr
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("name", ["mine.yml", "a=b.yml", "a=b/mine.yml"])
def test_a_configuration_that_is_named_is_taken_instead_of_the_default(name):
    options = train_module.parse_arguments(["--default", "quick.yml", "--fresh", name, "seed=1"])
    assert (options.path, options.overrides) == (name, ["seed=1"])


def test_the_default_configuration_is_taken_where_none_is_named():
    options = train_module.parse_arguments(["--default", "quick.yml", "dataset=q/x=1.yml"])
    assert (options.path, options.overrides) == ("quick.yml", ["dataset=q/x=1.yml"])


def test_train_ends_with_code_2_on_bad_input_as_a_process(start):
    process = start("gama=3")
    assert process.communicate()[1].startswith("error: ")
    assert process.returncode == 2


def test_train_is_the_same_for_the_same_seed(train, folder):
    found = []
    for seed in (0, 0, 1):
        assert train("steps=3", f"seed={seed}", "--fresh").returncode == 0
        found.append(codes(folder))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_train_exports_a_file_that_every_user_can_read(train, folder):
    assert train("steps=2").returncode == 0
    assert os.stat(str(encoder(folder))).st_mode & 0o044 == 0o044
