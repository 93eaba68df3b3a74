"""train.py as a process: what it leaves, how it ends, and what a kill, a signal or bad input does to it."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from conftest import REPOSITORY, challenge_environment

from utils import checkpoint
from utils.data import load

QUICK = ("batch_size=4", "latent_dim=3", "learning_rate=1e-3", "device=cpu")


@pytest.fixture(scope="session")
def data_root(tmp_path_factory):
    """A DISENTANGLEMENT_LIB_DATA that holds the embedded data set, rendered once for all tests."""
    root = tmp_path_factory.mktemp("data")
    load("synthetic_arm", root)
    return root


@pytest.fixture
def train(command, data_root):
    def run(*arguments, **variables):
        return command("train.py", *QUICK, *arguments, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables})

    return run


@pytest.fixture
def start(tmp_path, data_root):
    """A function that starts train.py and returns its Popen; whatever still runs at the end is killed."""
    processes = []

    def begin(*arguments, **variables):
        environment = challenge_environment(tmp_path, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables})
        command = [sys.executable, "train.py", *QUICK, *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, cwd=str(REPOSITORY), env=environment, text=True, **pipes))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "output" / "experiment"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def encoder(folder):
    return folder / "representation" / "pytorch_model.pt"


def codes(folder):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    return torch.jit.load(str(encoder(folder)))(images)


def final_weights(folder):
    return checkpoint.load_latest(folder / "checkpoints")["networks"]


def assert_equal_weights(one, other):
    for name in one:
        assert all(torch.equal(one[name][key], other[name][key]) for key in one[name])


def rows(folder):
    with (folder / "log.csv").open(newline="") as log:
        return list(csv.DictReader(log))


def test_train_leaves_what_the_readme_lists(train, folder):
    done = train("steps=60")
    assert done.returncode == 0, done.stderr
    left = {path.name for path in folder.iterdir()}
    assert left == {"config.json", "log.csv", "checkpoints", "report", "representation"}
    assert {path.name for path in (folder / "report").iterdir()} == {"reconstructions.png", "traversals.png"}
    assert {path.name for path in encoder(folder).parent.iterdir()} == {"pytorch_model.pt", "results"}


def test_train_exports_codes_of_every_latent(train, folder):
    assert train("steps=5").returncode == 0
    assert codes(folder).shape == (2, 3)


def test_train_logs_every_term(train, folder):
    assert train("steps=120").returncode == 0
    log = rows(folder)
    assert [row["step"] for row in log] == ["50", "100", "120"]
    terms = {"reconstruction", "kl", "tc", "discriminator_loss", "discriminator_accuracy", "active_latents"}
    assert terms | {"seconds", "steps_per_second"} < set(log[0])
    assert float(log[-1]["reconstruction"]) < float(log[0]["reconstruction"])


def test_train_writes_plain_lines_where_there_is_no_terminal(train):
    done = train("steps=60")
    assert "step 60/60" in done.stdout
    assert "steps/s" in done.stdout
    assert done.stderr == ""


def test_train_ends_within_its_time_budget(train, folder):
    began = time.monotonic()
    done = train("time_budget=12")
    assert time.monotonic() - began < 12
    assert done.returncode == 0
    assert "time budget spent" in done.stdout
    assert int(rows(folder)[-1]["step"]) > 0


def test_train_called_again_goes_on_to_the_same_weights(train, folder):
    assert train("steps=60").returncode == 0
    whole = final_weights(folder)
    assert train("steps=25", "--fresh").returncode == 0
    assert train("steps=60").returncode == 0
    assert_equal_weights(whole, final_weights(folder))
    assert [row["step"] for row in rows(folder)] == ["25", "50", "60"]


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.1])
def test_train_killed_at_any_moment_leaves_an_encoder_and_goes_on_to_the_same_weights(train, start, folder, delay):
    arguments = ("steps=60", "checkpoint_every=0.1")
    process = start(*arguments)
    wait_for(encoder(folder).exists)
    time.sleep(delay)
    process.kill()
    process.communicate()
    assert torch.isfinite(codes(folder)).all()
    assert train(*arguments).returncode == 0
    killed = final_weights(folder)
    assert train("steps=60", "--fresh").returncode == 0
    assert_equal_weights(killed, final_weights(folder))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_train_ends_in_order_on_a_signal(start, folder, number):
    process = start("steps=100000")
    wait_for(lambda: (folder / "log.csv").exists())
    process.send_signal(number)
    began = time.monotonic()
    stdout, stderr = process.communicate()
    assert time.monotonic() - began < 10
    assert process.returncode == 128 + number
    assert f"stopped by {number.name}" in stdout
    assert checkpoint.load_latest(folder / "checkpoints")["step"] >= 50
    assert stderr == ""


def test_train_goes_on_from_the_checkpoint_before_a_damaged_one(train, folder):
    assert train("steps=20").returncode == 0
    newest = max((folder / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-7])
    done = train("steps=30")
    assert done.returncode == 0
    assert newest.name in done.stderr
    assert "from step 0" in done.stdout


def test_train_stops_with_the_last_good_encoder_after_numbers_that_are_not_finite(train, folder):
    done = train("steps=500", "gamma=1e38", "learning_rate=1")
    assert done.returncode == 1
    assert "not finite" in done.stderr
    assert "Traceback" not in done.stderr
    assert torch.isfinite(codes(folder)).all()


def test_train_takes_the_graders_data_set_before_the_files(train):
    done = train(AICROWD_DATASET_NAME="mpi3d_toy")
    assert done.returncode == 2
    assert "mpi3d_toy" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["gama=3"], {}, "gamma"),
        (["configs/none.yml"], {}, "configs/none.yml"),
        (["dataset=mpi3d_real"], {}, "mpi3d_real"),
        (["dataset=mpi4d"], {}, "mpi4d"),
        (["device=cuda:99"], {}, "cuda:99"),
        ([], {"AICROWD_OUTPUT_PATH": "/proc/nothing"}, "/proc/nothing"),
        ([], {"AICROWD_EVALUATION_NAME": "../../x"}, "AICROWD_EVALUATION_NAME"),
        ([], {"AICROWD_CUDA": "maybe", "AICROWD_IS_GRADING": "perhaps"}, "perhaps"),
    ],
)
def test_train_names_bad_input_in_one_line(command, data_root, tmp_path, arguments, variables, told):
    done = command("train.py", *arguments, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables})
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert told in done.stderr
    assert not (tmp_path / "output").exists()


def test_train_keeps_going_when_its_folder_becomes_a_file_and_says_so(start, folder):
    process = start("steps=400", "checkpoint_every=0.5")
    wait_for(lambda: (folder / "log.csv").exists())
    checkpoints = folder / "checkpoints"
    checkpoints.rename(folder / "moved")
    checkpoints.write_text("")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "all steps made" in stdout
    assert stderr.count("checkpoint not written") == 1
    assert torch.isfinite(codes(folder)).all()


def test_train_is_the_same_for_the_same_seed(train, folder):
    images = np.zeros((1, 64, 64, 3), dtype=np.float32)
    found = []
    for seed in (0, 0, 1):
        assert train("steps=3", f"seed={seed}", "--fresh").returncode == 0
        found.append(torch.jit.load(str(encoder(folder)))(torch.from_numpy(images).permute(0, 3, 1, 2)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_train_exports_a_file_that_every_user_can_read(train, folder):
    assert train("steps=2").returncode == 0
    assert os.stat(str(encoder(folder))).st_mode & 0o044 == 0o044
