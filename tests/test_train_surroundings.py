"""train.py in surroundings that break: streams that cannot be written, errors of any kind, other data, company."""

import os
import pty
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from conftest import REPOSITORY, challenge_environment, exit_code
from data_files import noise, write_pictures
from runs import QUICK, assert_equal_weights, codes, final_weights, wait_for

import train as train_module
from utils.run import checkpoint
from utils.run.folder import read_run_config
from utils.training.trainer import Trainer


def newest_step(folder):
    """Of the last checkpoint; -1 before there is one."""
    state = checkpoint.load_latest(folder / "checkpoints")
    return state["step"] if state else -1


@pytest.fixture
def shell(tmp_path, data_root):
    """A function that runs a line of bash, in which TRAIN stands for a short run of train.py; the finished process."""

    def run(line, **variables):
        command = " ".join([sys.executable, "train.py", *QUICK, "steps=8"])
        variables = {"DISENTANGLEMENT_LIB_DATA": data_root, **variables}
        return subprocess.run(
            ["bash", "-c", "set -o pipefail; " + line.replace("TRAIN", command)],
            cwd=str(REPOSITORY),
            env=challenge_environment(tmp_path, **variables),
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TRAIN | head -n 1", 0),
        ("TRAIN >&- 2>&- <&-", 0),
        ("TRAIN >/dev/full", 1),
        ("TRAIN >/dev/full 2>&1", 1),
        ("PYTHONIOENCODING=ascii TRAIN", 0),
    ],
)
def test_train_makes_all_its_steps_whatever_happens_to_its_output(shell, folder, line, code):
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert newest_step(folder) == 8
    assert codes(folder).shape == (2, 3)


def test_train_goes_on_when_its_terminal_is_closed(tmp_path, data_root, folder):
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "train.py", *QUICK, "steps=40"],
        cwd=str(REPOSITORY),
        env=challenge_environment(tmp_path, DISENTANGLEMENT_LIB_DATA=data_root),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    while not list(folder.glob("checkpoints/*.ckpt")):
        os.read(ours, 1000)
    os.close(ours)
    assert process.wait(300) == 0
    assert newest_step(folder) == 40


def fail_at(step, error, monkeypatch):
    update = Trainer.update

    def failing(trainer, *arguments):
        if trainer.step == step:
            raise error
        return update(trainer, *arguments)

    monkeypatch.setattr(Trainer, "update", failing)


@pytest.mark.parametrize("error", [KeyError("latents"), ValueError("bad"), OSError(5, "Input/output error")])
def test_train_saves_what_it_learned_before_an_unexpected_error(train, folder, monkeypatch, error):
    with monkeypatch.context() as patch:
        fail_at(7, error, patch)
        done = train("steps=9")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: step 7: {type(error).__name__}: ")
    assert "checkpoint and encoder of step 7 are saved" in last
    assert newest_step(folder) == 7
    eager = final_weights(folder)["encoder"]
    exported = torch.jit.load(str(folder / "representation" / "pytorch_model.pt")).state_dict()
    assert sum(float(value.sum()) for value in exported.values()) == pytest.approx(
        sum(float(value.sum()) for name, value in eager.items() if "logvar" not in name), rel=1e-3
    )


def test_train_goes_on_after_an_unexpected_error_to_the_same_weights(train, folder, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(7, KeyError("latents"), patch)
        train("steps=12")
    assert train("steps=12").returncode == 0
    broken = final_weights(folder)
    assert train("steps=12", "--fresh").returncode == 0
    assert_equal_weights(broken, final_weights(folder))


def test_train_keeps_the_last_good_encoder_after_an_error_with_weights_that_are_not_finite(train, folder, monkeypatch):
    def spoil_and_fail(trainer, *arguments):
        for parameter in trainer.networks["encoder"].parameters():
            parameter.data.fill_(float("nan"))
        trainer.step += 1
        raise KeyError("latents")

    monkeypatch.setattr(Trainer, "update", spoil_and_fail)
    done = train("steps=9")
    assert done.returncode == 1
    assert "the last good checkpoint and encoder stay" in done.stderr
    assert newest_step(folder) == 0
    assert torch.isfinite(codes(folder)).all()


def test_train_says_in_one_line_that_memory_is_out(train, monkeypatch):
    fail_at(3, RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), monkeypatch)
    done = train("steps=9")
    assert done.returncode == 2
    assert done.stderr == (
        "error: cpu: out of memory at step 3; checkpoint and encoder of step 3 are saved; the same command goes on "
        "from there; a lower batch_size, width or latent_dim is another run, begun with --fresh\n"
    )


def test_train_says_that_memory_is_out_where_the_networks_do_not_fit(train, monkeypatch):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr(Trainer, "_build", full)
    done = train("steps=9")
    assert (done.returncode, done.stderr) == (2, "error: cpu: out of memory; lower batch_size, width or latent_dim\n")


def test_train_refuses_to_go_on_with_other_images(train, data_root, tmp_path):
    images = np.load(str(data_root / "tiny.npy"))
    np.save(str(tmp_path / "mine.npy"), images)
    assert train(f"dataset={tmp_path / 'mine.npy'}", "steps=2").returncode == 0
    images[7, 30, 30, 1] ^= 1
    np.save(str(tmp_path / "mine.npy"), images)
    done = train(f"dataset={tmp_path / 'mine.npy'}", "steps=3")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "dataset.json: the run was trained on other images" in done.stderr


def test_train_refuses_to_write_among_the_pictures_that_it_trains_on(train, tmp_path):
    pictures = write_pictures(tmp_path / "output", noise(0, 8, 64, 64))
    done = train(f"dataset={pictures}", "steps=2", AICROWD_OUTPUT_PATH=pictures)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"lies among the pictures of {pictures}" in done.stderr
    assert len(list(pictures.iterdir())) == 8


def test_train_refuses_to_go_on_with_another_number_of_channels(train, data_root, tmp_path):
    images = np.load(str(data_root / "tiny.npy"))
    np.save(str(tmp_path / "mine.npy"), images)
    assert train(f"dataset={tmp_path / 'mine.npy'}", "steps=2").returncode == 0
    np.save(str(tmp_path / "mine.npy"), images[..., :1])
    done = train(f"dataset={tmp_path / 'mine.npy'}", "steps=3")
    assert done.returncode == 2
    assert "mine: 40 images of 3 channels; now mine: 40 images of 1 channels" in done.stderr


def test_train_goes_on_with_the_same_images_elsewhere(train, data_root, tmp_path):
    assert train("steps=2").returncode == 0
    np.save(str(tmp_path / "moved.npy"), np.load(str(data_root / "tiny.npy")))
    done = train(f"dataset={tmp_path / 'moved.npy'}", "steps=3")
    assert "from step 2" in done.stdout


def test_train_refuses_a_folder_that_another_run_trains_in(start, train, folder):
    process = start("steps=100000")
    wait_for(lambda: list(folder.glob("checkpoints/*.ckpt")), process)
    for arguments in (["steps=3"], ["steps=3", "--fresh"]):
        done = train(*arguments)
        assert done.returncode == 2
        assert f"process {process.pid} on " in done.stderr
        assert done.stderr.count("\n") == 1
    process.kill()
    process.wait()
    assert train("steps=1").returncode == 0


def test_train_keeps_the_absolute_path_of_a_relative_data_set(call, data_root, folder, monkeypatch):
    monkeypatch.chdir(data_root)
    assert call(*QUICK, "steps=2").returncode == 0
    assert read_run_config(folder).dataset == str(data_root / "tiny.npy")


def test_train_exports_a_trained_encoder_long_before_the_first_checkpoint_is_due(start, folder):
    process = start("steps=1000000", "checkpoint_every=24h", "time_budget=48h")
    wait_for(lambda: newest_step(folder) > 0, process)
    process.kill()


def test_main_runs_in_another_thread(tmp_path, data_root, monkeypatch, capsys):
    monkeypatch.setattr(os, "environ", challenge_environment(tmp_path, DISENTANGLEMENT_LIB_DATA=data_root))
    found = []
    thread = threading.Thread(target=lambda: found.append(exit_code(train_module.main, [*QUICK, "steps=2"])))
    thread.start()
    thread.join()
    assert found == [0]


def test_main_counts_its_budget_from_the_call(train, monkeypatch):
    counted = []

    class Recorded(train_module.Budget):
        def __init__(self, seconds, afterwards, began):
            super().__init__(seconds, afterwards, began)
            counted.append(self.spent)

    monkeypatch.setattr(train_module, "Budget", Recorded)
    assert train("steps=2").returncode == 0
    assert counted[0] < 1  # pytest itself has run for longer, its imports included


def test_train_run_by_another_program_leaves_that_alive(shell):
    program = "import runpy, sys; sys.argv = sys.argv[1:]\ntry:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
    program += "except SystemExit as end:\n    print('alive', end.code)"
    done = shell(
        '"$PYTHON" -c "$PROGRAM" "${LINE[@]}"'.replace('"${LINE[@]}"', "$(echo TRAIN | cut -d' ' -f2-)"),
        PYTHON=sys.executable,
        PROGRAM=program,
    )
    assert done.stdout.splitlines()[-1] == "alive 0", done.stderr


@pytest.mark.parametrize("script", ["train.py", "local_evaluation.py"])
def test_another_module_named_utils_is_named(tmp_path, script):
    (tmp_path / "utils.py").write_text("")
    code = f"import sys, runpy; sys.path.insert(0, sys.argv[1]); import utils; runpy.run_path('{script}')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=str(REPOSITORY), capture_output=True, text=True
    )
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2
    assert f"utils: found {tmp_path / 'utils.py'} instead of the kit's" in done.stderr


@pytest.mark.parametrize("script", ["train.py", "local_evaluation.py"])
def test_a_missing_package_is_named_and_not_the_kits_own_utils(script):
    done = subprocess.run(
        [sys.executable, "-S", script], cwd=str(REPOSITORY), capture_output=True, text=True, env={"PATH": "/bin"}
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: No module named ")
    assert done.stderr.count("\n") == 1
    assert ".venv/bin/python" in done.stderr


@pytest.mark.parametrize("script", ["train.py", "local_evaluation.py"])
def test_a_python_that_does_not_look_beside_the_script_is_named(script):
    done = subprocess.run(
        [sys.executable, "-I", script], cwd=str(REPOSITORY), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: No module named 'utils'")
    assert "PYTHONSAFEPATH" in done.stderr
