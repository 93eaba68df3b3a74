"""A study as a process: under a kill, and on a cluster."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import REPOSITORY, challenge_environment

SMALL = ("batch_size=4", "latent_dim=3", "learning_rate=1e-3", "device=cpu")
CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path):
    """A data set of 24 images with three factors."""
    factors = np.stack(np.unravel_index(np.arange(24), (3, 2, 4)), axis=1)
    images = np.zeros((24, 64, 64, 3), np.uint8)
    images[:, 10:50, 10:50] = (60 * factors)[:, None, None]
    np.savez(str(tmp_path / "tiny.npz"), images=images)
    (tmp_path / "tiny.yml").write_text("factors: {shape: 3, size: 2, place: 4}\n", encoding="utf-8")
    return tmp_path / "tiny.npz"


def study_arguments(tmp_path, data, *more):
    command = ["-m", "utils.study", "configs/studies/steps.yml", f"dataset={data}", *SMALL, *more]
    return [*command, "--output", str(tmp_path / "study")]


def wait_until(is_so):
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def logged_steps(run):
    """The steps of a run's log.csv; [] where there is none yet."""
    path = run / "log.csv"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [int(line.partition(",")[0]) for line in lines[1:]]


def test_study_stopped_by_ctrl_c_saves_what_its_run_has_learned(tmp_path, data, spawn):
    study = spawn(*study_arguments(tmp_path, data, "steps=1000000", "seeds=1"))
    run = tmp_path / "study" / "runs" / "seed0"
    wait_until(lambda: len(logged_steps(run)) > 1)  # a row comes after thirty seconds at the latest
    study.send_signal(signal.SIGINT)
    _, stderr = study.communicate(timeout=60)
    assert study.returncode == 130, stderr
    assert stderr.endswith("interrupted\n")
    assert (run / "checkpoints" / f"step_{logged_steps(run)[-1]:010}.ckpt").exists()


def test_study_killed_at_any_moment_goes_on_where_it_was(tmp_path, data, command, spawn):
    arguments = study_arguments(tmp_path, data, "steps=30", "seeds=1", "held_out=4")
    first = spawn(*arguments)
    run = tmp_path / "study" / "runs" / "seed0"
    wait_until(lambda: list(run.glob("checkpoints/step_*.ckpt")))
    first.kill()
    first.wait()
    done = command(*arguments, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "| **30** | 1 | 0." in done.stdout
    (result,) = (json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "study" / "results").iterdir())
    assert result["elbo"] < result["reconstruction"] < 0
    steps = logged_steps(run)
    assert steps == sorted(set(steps))


@pytest.fixture
def cluster(tmp_path):
    """A function that starts a Dask cluster of two workers, which find the kit or do not; its scheduler's address."""
    pytest.importorskip("distributed")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER, encoding="utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    started = []

    def start(knows_the_kit):
        path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]) if knows_the_kit else ""
        environment = challenge_environment(tmp_path, PYTHONPATH=path)
        process = subprocess.Popen(
            [sys.executable, str(script)], text=True, env=environment, cwd=str(tmp_path), **pipes
        )
        started.append(process)
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.communicate()


def test_study_runs_on_a_dask_cluster_of_two_workers(tmp_path, data, command, cluster):
    arguments = study_arguments(tmp_path, data, "steps=5", "seeds=2", "--backend", "dask", "--address", cluster(True))
    done = command(*arguments, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "| **5** | 2 | 0." in done.stdout


def test_study_refuses_a_dask_cluster_that_cannot_import_the_kit(tmp_path, data, command, cluster):
    arguments = study_arguments(tmp_path, data, "steps=5", "--backend", "dask", "--address", cluster(False))
    done = command(*arguments, timeout=240)
    assert done.returncode == 2
    assert f"expected both to have been started with {REPOSITORY} in PYTHONPATH" in done.stderr
    assert not (tmp_path / "study" / "runs").exists()
