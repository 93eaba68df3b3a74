"""./run.sh in the grader's place: another user's files, no home folder, one writable folder, a real Redis."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

import pytest
from copies import copy_repository, write_black_images

from utils.submission.grader_redis import free_port, listening_grader, redis_server

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A run in the grader's place: another user's files, a path with spaces, no home folder, one writable folder."""
    folder = tmp_path_factory.mktemp("grader")
    repository = copy_repository(folder / "a read-only 'kit'")
    write_black_images(folder / "data" / "mpi3d_toy" / "mpi3d_toy.npz")
    before, port = listing(repository), free_port()
    subprocess.run(["chmod", "-R", "a-w", str(repository)], check=True)
    quick = ["time_budget=5min", "steps=2", "batch_size=4", "latent_dim=4", "width=1", "depth=1"]
    variables = {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin", "/bin"]),
        "AICROWD_IS_GRADING": "true",
        "AICROWD_REDIS_HOST": "127.0.0.1",
        "AICROWD_REDIS_PORT": str(port),
        "AICROWD_REDIS_PASSWORD": PASSWORD,
        "AICROWD_OUTPUT_PATH": str(folder / "out"),
        "AICROWD_EVALUATION_NAME": "entry",
        "AICROWD_DATASET_NAME": "mpi3d_toy",
        "DISENTANGLEMENT_LIB_DATA": str(folder / "data"),
    }
    with contextlib.ExitStack() as stack:
        stack.callback(subprocess.run, ["chmod", "-R", "u+w", str(repository)], check=True)
        if shutil.which("redis-server"):
            stack.enter_context(redis_server(port, folder, PASSWORD))
            events = stack.enter_context(listening_grader(port, PASSWORD))
        command = [*without_override(), str(repository / "run.sh"), *quick]
        done = subprocess.run(command, cwd="/", env=variables, capture_output=True, text=True, timeout=120)
        time.sleep(0.2)  # for the last event to be heard
    return {
        "done": done,
        "out": folder / "out" / "entry",
        "events": [event["message"] for event in events] if shutil.which("redis-server") else None,
        "written": sorted(set(listing(repository)) - set(before)),
    }


def test_a_graded_run_succeeds(graded):
    assert graded["done"].returncode == 0, graded["done"].stderr


def test_a_graded_run_leaves_what_the_grader_reads(graded):
    assert (graded["out"] / "representation" / "pytorch_model.pt").stat().st_size > 10_000
    assert (graded["out"] / "representation" / "results").is_dir()


def test_a_graded_run_writes_nothing_into_its_repository(graded):
    assert graded["written"] == []


def test_a_graded_run_leaves_the_password_nowhere(graded):
    left = [path.read_bytes() for path in graded["out"].rglob("*") if path.is_file()]
    told = graded["done"].stdout + graded["done"].stderr
    assert len(left) > 3
    assert not [text for text in [told.encode(), *left] if PASSWORD.encode() in text]


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is missing: apt-get install redis-server")
def test_a_graded_run_tells_the_grader_of_its_start_and_its_submission(graded):
    assert graded["events"][0] == "execution_started"
    assert graded["events"][-1] == "submit"


def listing(folder):
    return sorted(str(path) for path in folder.rglob("*"))


def without_override():
    """A prefix that takes from root the right to write where no one may."""
    if os.geteuid():
        return []
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
