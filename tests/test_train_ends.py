"""How train.py ends and goes on: budget, kills, signals, damaged checkpoints, numbers that are not finite."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import REPOSITORY, challenge_environment
from runs import assert_equal_weights, codes, encoder, final_weights, rows, wait_for

import train as train_module
from utils.errors import InputError
from utils.run import checkpoint


def test_train_ends_within_its_time_budget(start, folder):
    began = time.monotonic()
    start("steps=1").communicate()
    budget = 3 + 2 * (time.monotonic() - began)  # a loaded machine starts slowly, and may become slower still
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
    arguments = ("steps=30", "checkpoint_every=0.1")
    process = start(*arguments)
    wait_for(encoder(folder).exists, process)
    time.sleep(delay)
    process.kill()
    process.communicate()
    assert torch.isfinite(codes(folder)).all()
    assert train(*arguments).returncode == 0
    killed = final_weights(folder)
    assert train("steps=30", "--fresh").returncode == 0
    assert_equal_weights(killed, final_weights(folder))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_train_ends_in_order_on_a_signal(start, folder, number):
    process = start("steps=100000", "objective=beta_vae", "beta=0")  # so all latents stay active, and nothing is noted
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


def test_budget_counts_from_the_process_s_start(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nfrom utils.run import budget\n"
        "def note(seconds, afterwards, began):\n    os._exit(7 if abs(began - budget.process_start()) < 0.1 else 8)\n"
        "budget.Budget = note\n"
    )
    environment = challenge_environment(tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{REPOSITORY}")
    done = subprocess.run([sys.executable, "train.py"], cwd=str(REPOSITORY), env=environment)
    assert done.returncode == 7


@pytest.mark.parametrize(("grading", "held_back"), [("true", 25), ("false", 0)])
def test_train_holds_back_the_seconds_in_which_the_grader_acknowledges(call, monkeypatch, grading, held_back):
    made = []

    def note(seconds, afterwards, began):
        made.append(afterwards)
        raise InputError("that is all")

    monkeypatch.setattr("train.Budget", note)
    monkeypatch.setattr("train.is_grading", lambda: False)  # no events: there is no Redis
    assert call(AICROWD_IS_GRADING=grading).returncode == 2
    assert made == [held_back]


def test_train_keeps_going_when_its_folder_becomes_a_file_and_says_so(start, folder):
    process = start("steps=100", "checkpoint_every=0.5")
    wait_for(lambda: (folder / "log.csv").exists(), process)
    checkpoints = folder / "checkpoints"
    checkpoints.rename(folder / "moved")
    checkpoints.write_text("")
    stdout, stderr = process.communicate()
    assert process.returncode == 1
    assert "all updates done" in stdout
    assert stderr.count("checkpoint not written") == 1
    assert torch.isfinite(codes(folder)).all()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_train_ends_at_once_on_a_signal_while_data_are_unpacked(train, folder, monkeypatch, number):
    def load(name, data_root):
        signal.raise_signal(number)
        raise AssertionError("went on")

    monkeypatch.setattr(train_module, "load", load)
    done = train()
    assert done.returncode == 128 + number
    assert done.stderr == f"stopped by {number.name} before training began; the same command begins again\n"
    assert not folder.exists()


def test_plan_ends_at_ctrl_c(train, monkeypatch):
    monkeypatch.setattr(train_module, "print_plan", lambda *arguments: signal.raise_signal(signal.SIGINT))
    assert train("--plan").returncode == 130
