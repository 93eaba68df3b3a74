"""What the grader hears of train.py, however it ends: from a real Redis, about runs of `main` in this process."""

import os
import shutil
import signal
import time

import numpy as np
import pytest
from conftest import challenge_environment, exit_code, make_tiny_images

import train
from utils.grader import events
from utils.submission.grader_redis import free_port, listening_grader, redis_server
from utils.training.trainer import Trainer

QUICK = ("dataset=tiny.npy", "batch_size=4", "latent_dim=3", "device=cpu")
LAST = {"submit", "execution_error"}

pytestmark = pytest.mark.skipif(
    not shutil.which("redis-server"), reason="redis-server is missing: apt-get install redis-server"
)


@pytest.fixture
def graded(tmp_path, monkeypatch):
    """A function that runs train.py's main under the grader's variables: (exit code or error, events by name)."""
    np.save(str(tmp_path / "tiny.npy"), make_tiny_images())

    def run(*arguments, awaited=True, **variables):
        port = free_port()
        redis = {"AICROWD_REDIS_HOST": "127.0.0.1", "AICROWD_REDIS_PORT": port, "REDIS_CALL_SLEEP_TIME": 0.05}
        own = {"AICROWD_IS_GRADING": "true", "DISENTANGLEMENT_LIB_DATA": tmp_path, **redis, **variables}
        with redis_server(port, tmp_path), listening_grader(port) as received, monkeypatch.context() as patch:
            patch.setattr(os, "environ", challenge_environment(tmp_path, **own))
            code = ended(arguments)
            deadline = time.monotonic() + 30
            while awaited and not LAST & {event["message"] for event in received} and time.monotonic() < deadline:
                time.sleep(0.02)
        return code, {event["message"]: event["payload"] for event in received}

    return run


def ended(arguments):
    try:
        return exit_code(train.main, arguments)
    except RuntimeError as error:
        return error


def at_step(number, act, monkeypatch):
    """Have `act()` done in the midst of training."""
    update = Trainer.update

    def acting(trainer, spent=0.0):
        if trainer.step == number:
            act()
        return update(trainer, spent)

    monkeypatch.setattr(Trainer, "update", acting)


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["gama=3"], {}, "gamma"),
        (["none.yml"], {}, "none.yml"),
        (["dataset=mpi3d_real"], {}, "mpi3d_real"),
        (["--frsh"], {}, "--frsh"),
        ([], {"AICROWD_EVALUATION_NAME": "../../x"}, "AICROWD_EVALUATION_NAME"),
        ([], {"AICROWD_CUDA": "maybe"}, "maybe"),
        ([], {"AICROWD_IS_GRADING": "perhaps"}, "perhaps"),
    ],
)
def test_grader_hears_of_bad_input(graded, arguments, variables, told):
    code, heard = graded(*arguments, **variables)
    assert code == 2
    assert list(heard) == ["execution_started", "execution_error"]
    assert told in heard["execution_error"]["error"]


def test_grader_hears_of_a_configuration_that_is_no_yaml(graded, tmp_path):
    (tmp_path / "bad.yml").write_text("a: [1\nb: {")
    code, heard = graded(tmp_path / "bad.yml")
    assert code == 2
    assert "not valid YAML" in heard["execution_error"]["error"]


def test_grader_hears_of_a_submission_once_all_is_done(graded):
    code, heard = graded(*QUICK, "steps=2")
    assert code == 0
    assert list(heard) == ["execution_started", "register_progress", "submit"]


def test_grader_hears_of_a_failure_after_an_export(graded, monkeypatch, tmp_path):
    def fail():
        assert list(tmp_path.glob("output/*/representation/pytorch_model.pt"))
        raise RuntimeError("a cable broke")

    at_step(3, fail, monkeypatch)
    code, heard = graded(*QUICK, "steps=5")
    assert code == 1
    assert "RuntimeError: a cable broke" in heard["execution_error"]["error"]
    assert "submit" not in heard


def test_grader_is_given_no_submission_where_the_export_failed(graded, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.run.folder.export_encoder", full)
    code, heard = graded(*QUICK, "steps=2")
    assert code == 1
    assert "No space left on device" in heard["execution_error"]["error"]
    assert "submit" not in heard


def test_grader_hears_of_numbers_that_are_not_finite(graded):
    code, heard = graded(*QUICK, "steps=200", "gamma=1e39")
    assert code == 1
    assert "not finite" in heard["execution_error"]["error"]
    assert "submit" not in heard


def test_grader_is_given_the_encoder_from_before_numbers_that_stay_not_finite(graded, monkeypatch):
    update = Trainer.update

    def spoiled(trainer, spent=0.0):
        numbers = update(trainer, spent)
        return numbers if trainer.step <= 3 else {**numbers, "kl": numbers["kl"] * float("nan")}

    monkeypatch.setattr(Trainer, "update", spoiled)
    monkeypatch.setattr("utils.run.loop.Loop.seconds_between_checkpoints", lambda loop: 0.0)
    code, heard = graded(*QUICK, "steps=200")
    assert code == 1
    assert "submit" in heard
    assert "execution_error" not in heard


def test_grader_is_given_no_untrained_encoder_where_no_checkpoint_can_be_written(graded, tmp_path):
    checkpoints = tmp_path / "output" / "experiment" / "checkpoints"
    checkpoints.parent.mkdir(parents=True)
    checkpoints.touch()
    code, heard = graded(*QUICK, "steps=200", "gamma=1e39")
    assert code == 1
    assert "the encoder of step 0 stays exported" in heard["execution_error"]["error"]
    assert "submit" not in heard


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_grader_hears_that_a_signal_stopped_the_run(graded, monkeypatch, number):
    at_step(3, lambda: os.kill(os.getpid(), number), monkeypatch)
    code, heard = graded(*QUICK, "steps=1000000")
    assert code == 128 + number
    assert heard["execution_error"]["error"].startswith(f"stopped by {number.name} at step ")
    assert "submit" not in heard


def test_grader_hears_of_no_error_after_help(graded, capsys):
    code, heard = graded("--help", awaited=False)
    assert code == 0
    assert "execution_error" not in heard
    assert "train.py" in capsys.readouterr().out


def test_grader_hears_nothing_of_a_side_process(graded):
    code, heard = graded("--frsh", awaited=False, WORLD_SIZE=2, RANK=1)
    assert code == 2
    assert heard == {}


def test_a_stopped_run_does_not_wait_long_for_a_server_that_died(tmp_path, monkeypatch):
    port = free_port()
    for name, value in {"IS_GRADING": "true", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}.items():
        monkeypatch.setenv(f"AICROWD_{name}", value)
    monkeypatch.setattr(events, "WAIT_IN_ALL", 300)
    monkeypatch.setattr(events, "WAIT_STOPPED", 1)
    run = events.Events(True)
    with redis_server(port, tmp_path), listening_grader(port) as received:
        run.execution_started()
        while not received:
            time.sleep(0.02)
    began = time.monotonic()
    run.stopped("stopped by SIGTERM")
    run.close()
    assert time.monotonic() - began < 60
