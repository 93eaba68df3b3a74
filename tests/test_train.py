"""train.py as people call it: what it leaves, how it ends, and what a kill, a signal or bad input does to it.

What a process alone can show (kills, signals, the clock) is shown on processes; the rest calls `main` here, which
saves each test the seconds that PyTorch takes to load.
"""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import REPOSITORY, challenge_environment
from runs import assert_equal_weights, codes, encoder, final_weights, wait_for

import train as train_module
from utils.run import checkpoint


def rows(folder):
    with (folder / "log.csv").open(newline="") as log:
        return list(csv.DictReader(log))


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


def test_train_ends_within_its_time_budget(start, folder):
    began = time.monotonic()
    start("steps=1").communicate()
    budget = 4 + 3 * (time.monotonic() - began)  # a loaded machine starts slowly, and may become slower still
    process = start("--fresh", f"time_budget={budget}")
    began, used = time.monotonic(), seconds_of_children()
    stdout, _ = process.communicate()
    took = time.monotonic() - began
    if seconds_of_children() - used < took / 4:
        pytest.skip("other processes left this one less than a quarter of a core")
    assert took < budget
    assert process.returncode == 0
    assert "time budget spent" in stdout
    assert int(rows(folder)[-1]["step"]) > 0


def seconds_of_children():
    """CPU time that the processes which have ended took."""
    times = os.times()
    return times.children_user + times.children_system


def test_train_called_again_goes_on_to_the_same_weights(train, folder):
    assert train("steps=60").returncode == 0
    whole = final_weights(folder)
    assert train("steps=25", "--fresh").returncode == 0
    assert train("steps=60").returncode == 0
    assert_equal_weights(whole, final_weights(folder))
    assert [row["step"] for row in rows(folder)] == ["25", "50", "60"]


@pytest.mark.parametrize("delay", [0.0, 0.7])
def test_train_killed_at_any_moment_leaves_an_encoder_and_goes_on_to_the_same_weights(train, start, folder, delay):
    arguments = ("steps=60", "checkpoint_every=0.1")
    process = start(*arguments)
    wait_for(encoder(folder).exists, process)
    time.sleep(delay)
    process.kill()
    process.communicate()
    assert torch.isfinite(codes(folder)).all()
    assert train(*arguments).returncode == 0
    killed = final_weights(folder)
    assert train("steps=60", "--fresh").returncode == 0
    assert_equal_weights(killed, final_weights(folder))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_train_ends_in_order_on_a_signal(start, folder, number):
    process = start("steps=100000")
    wait_for(lambda: (folder / "log.csv").exists(), process)
    process.send_signal(number)
    began = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert process.returncode == 128 + number
    assert f"stopped by {number.name}" in stdout
    assert checkpoint.load_latest(folder / "checkpoints")["step"] == int(rows(folder)[-1]["step"]) > 0
    assert stderr == ""


def test_train_goes_on_from_the_checkpoint_before_a_damaged_one(train, folder):
    assert train("steps=3").returncode == 0
    newest = max((folder / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-7])
    done = train("steps=5")
    assert done.returncode == 0
    assert newest.name in done.stderr
    assert "from step 0" in done.stdout


def test_train_stops_with_the_last_good_encoder_after_numbers_that_are_not_finite(train, folder):
    done = train("steps=500", "gamma=1e39")  # more than float32 holds
    assert done.returncode == 1
    assert done.stderr.startswith("error: losses or weights were not finite")
    assert torch.isfinite(codes(folder)).all()


def test_train_prefers_the_graders_data_set_to_the_file_s(call):
    done = call(AICROWD_DATASET_NAME="mpi3d_toy")
    assert done.returncode == 2
    assert "mpi3d_toy" in done.stderr


def test_train_prefers_an_argument_to_the_graders_data_set(train, folder):
    assert train("steps=1", AICROWD_DATASET_NAME="mpi3d_toy").returncode == 0
    assert json.loads((folder / "dataset.json").read_text())["name"] == "tiny"


def test_budget_counts_from_the_process_s_start(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nfrom utils.run import budget\n"
        "def note(seconds, afterwards, began):\n    os._exit(7 if abs(began - budget.process_start()) < 0.1 else 8)\n"
        "budget.Budget = note\n"
    )
    environment = challenge_environment(tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{REPOSITORY}")
    done = subprocess.run([sys.executable, "train.py"], cwd=str(REPOSITORY), env=environment)
    assert done.returncode == 7


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["--pl"], {}, "--pl"),
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


def test_train_ends_with_code_2_on_bad_input_as_a_process(start):
    process = start("gama=3")
    assert process.communicate()[1].startswith("error: ")
    assert process.returncode == 2


def test_train_keeps_going_when_its_folder_becomes_a_file_and_says_so(start, folder):
    process = start("steps=300", "checkpoint_every=0.5")
    wait_for(lambda: (folder / "log.csv").exists(), process)
    checkpoints = folder / "checkpoints"
    checkpoints.rename(folder / "moved")
    checkpoints.write_text("")
    stdout, stderr = process.communicate()
    assert process.returncode == 1
    assert "all updates done" in stdout
    assert stderr.count("checkpoint not written") == 1
    assert torch.isfinite(codes(folder)).all()


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


def test_plan_ends_at_ctrl_c(train, monkeypatch):
    monkeypatch.setattr(train_module, "print_plan", lambda *arguments: signal.raise_signal(signal.SIGINT))
    assert train("--plan").returncode == 130
