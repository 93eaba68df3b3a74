"""One model on two processes: the same trajectory, the same files, and an end when one of them dies."""

import importlib.util
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import REPOSITORY, challenge_environment, make_tiny_images
from runs import QUICK as ARGUMENTS
from runs import wait_for
from torch.cuda._utils import _get_device_index

from utils.config import OBJECTIVE_NAMES
from utils.errors import InputError
from utils.notes import is_main
from utils.run import checkpoint
from utils.submission.grader_redis import free_port
from utils.training import distributed
from utils.training.distributed import ProcessGroup, ProcessLost, SingleProcess

QUICK = ("train.py", *ARGUMENTS)

# A program that changes something of train.py, then ends as train.py does: an orderly end may abort.
CHANGED = """
import os, sys
import torch, train, utils.bench.plan
{}
try:
    code = train.main(sys.argv[1:])
except SystemExit as end:
    code = end.code
train.end_process(code)
"""
SHORTER_PLAN = CHANGED.format("utils.bench.plan.SECONDS = 0.5")
OTHER_KIND = CHANGED.format(
    "train.resolve_device = lambda *_: torch.device('cpu' if os.environ['RANK'] == '0' else 'cuda:0')"
)
SAME_GPU = CHANGED.format(
    "train.resolve_device = lambda *_: torch.device('cuda:0')\n"
    "import utils.training.distributed as d; d.gpu_identity = lambda device: 'GPU-1'"
)

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no torch.distributed")


@pytest.fixture
def launch(spawn, tmp_path):
    """A function that starts a Python file as two processes, told what torchrun tells: the main one's Popen first."""
    np.save(str(tmp_path / "tiny.npy"), make_tiny_images())
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    common = {"WORLD_SIZE": 2, **address, "DISENTANGLEMENT_LIB_DATA": tmp_path}
    return lambda *arguments: [spawn(*arguments, RANK=rank, LOCAL_RANK=rank, **common) for rank in (0, 1)]


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """Ten updates on two processes by torchrun, or what was there before it: the finished process and its folder."""
    folder = tmp_path_factory.mktemp("launched")
    np.save(str(folder / "tiny.npy"), make_tiny_images())
    has_torchrun = importlib.util.find_spec("torch.distributed.run") is not None
    launcher = ["torch.distributed.run"] if has_torchrun else ["torch.distributed.launch", "--use_env"]
    done = subprocess.run(
        [sys.executable, "-m", *launcher, "--nproc_per_node=2", f"--master_port={free_port()}", *QUICK, "steps=10"],
        cwd=str(REPOSITORY),
        env=challenge_environment(folder, DISENTANGLEMENT_LIB_DATA=folder, PYTHONWARNINGS="ignore"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    done.folder = folder
    return done


def finished(process):
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    return stdout


def newest(tmp_path):
    return checkpoint.load_latest(tmp_path / "output" / "experiment" / "checkpoints")


def distance(one, other):
    """Mean difference between the weights of two checkpoints' encoders."""
    pairs = zip(one["networks"]["encoder"].values(), other["networks"]["encoder"].values())
    return sum(float((a - b).abs().mean()) for a, b in pairs)


@pytest.fixture
def trajectories(launch, spawn, tmp_path):
    whole, halves = tmp_path / "whole.pt", tmp_path / "halves.pt"
    for process in (spawn("tests/processes.py", whole), *launch("tests/processes.py", halves)):
        finished(process)
    return torch.load(str(whole)), torch.load(str(halves))


def test_two_processes_with_half_the_batch_follow_one_with_all_of_it(trajectories):
    whole, halves = trajectories
    for objective in OBJECTIVE_NAMES:
        for part, expected in whole[objective].items():
            for name, value in expected.items():
                assert torch.allclose(halves[objective][part][name], value, rtol=1e-10, atol=1e-12), (objective, name)


def test_checkpoint_of_two_processes_is_gone_on_from_by_one(launched, call, tmp_path):
    def alone(*arguments):
        done = call(*QUICK[1:], *arguments, DISENTANGLEMENT_LIB_DATA=launched.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout, newest(tmp_path)

    shutil.copytree(str(launched.folder / "output"), str(tmp_path / "output"))
    told, two_then_one = alone("steps=20")
    assert "from step 10" in told
    one, start = alone("steps=20", "--fresh")[1], alone("steps=1", "--fresh")[1]
    assert one["step"] == two_then_one["step"] == 20
    assert distance(two_then_one, one) < 0.1 * distance(one, start)


def test_two_processes_write_one_log_and_speak_once(launched):
    assert launched.stdout.count("all updates done") == 1
    assert len((launched.folder / "output" / "experiment" / "log.csv").read_text().splitlines()) == 2


def test_two_processes_print_one_plan(launch, tmp_path):
    main, other = map(finished, launch("-c", SHORTER_PLAN, *ARGUMENTS, "--plan"))
    assert main.count("a budget of") == main.count("measured in") == 1
    assert other == ""
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("argument", ["gama=3", "dataset=nothing", "batch_size=5", "precision=tf32"])
def test_two_processes_print_bad_input_once(launch, argument):
    main, other = launch(*QUICK, argument)
    assert main.communicate()[1].count("error:") == 1
    assert other.communicate() == ("", "")
    assert main.returncode == other.returncode == 2


def test_processes_on_different_kinds_of_device_are_refused_at_once(launch):
    main, other = launch("-c", OTHER_KIND, *ARGUMENTS)
    assert "process 0 computes on cpu, and others on another kind of device" in main.communicate(timeout=120)[1]
    assert other.communicate(timeout=120) == ("", "")
    assert main.returncode == other.returncode == 2


def test_processes_on_one_gpu_are_refused_at_once(launch):
    main, other = launch("-c", SAME_GPU, *ARGUMENTS)
    assert "device: 2 processes on 1 GPUs; expected a GPU for each process" in main.communicate(timeout=120)[1]
    assert other.communicate(timeout=120) == ("", "")
    assert main.returncode == other.returncode == 2


def test_a_dead_process_ends_the_others_with_a_message(launch, tmp_path):
    main, other = launch(*QUICK, "steps=100000")
    log = tmp_path / "output" / "experiment" / "log.csv"
    wait_for(lambda: log.exists() and log.read_text().count("\n") > 1, main)  # both train
    other.kill()
    _, stderr = main.communicate(timeout=120)
    assert main.returncode == 1
    assert stderr.count("another process of this run has ended or hangs") == 1, stderr


@pytest.mark.parametrize(
    ("variables", "main"),
    [
        ({}, True),
        ({"WORLD_SIZE": "1", "RANK": "3"}, True),
        ({"WORLD_SIZE": "4", "RANK": "0"}, True),
        ({"WORLD_SIZE": "4", "RANK": "3"}, False),
    ],
)
def test_is_main_of_the_variables_that_torchrun_sets(monkeypatch, variables, main):
    monkeypatch.setattr(os, "environ", variables)
    assert is_main() is main


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"WORLD_SIZE": "2"}, "RANK: found nothing"),
        ({"WORLD_SIZE": "2", "RANK": ""}, "RANK: found ''"),
        ({"WORLD_SIZE": "two", "RANK": "0"}, "WORLD_SIZE: found 'two'"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK: found 2, expected 0 to WORLD_SIZE - 1, which is 1"),
        ({"WORLD_SIZE": "-3", "RANK": "0"}, "WORLD_SIZE: found -3, expected at least 1"),
        ({"WORLD_SIZE": "2", "RANK": "0"}, "MASTER_ADDR: found nothing"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "x"}, "MASTER_PORT: found 'x'"),
    ],
)
def test_join_refuses_by_name_what_torchrun_does_not_set(monkeypatch, variables, name):
    monkeypatch.setattr(os, "environ", variables)
    with pytest.raises(InputError, match=name):
        distributed.join()


def test_alone_leaves_everything_as_it_is():
    value = torch.ones(2, 3)
    assert SingleProcess().rows(value) is value
    assert SingleProcess().all_gather(value)[0] is value
    assert SingleProcess().all_reduce_sum([value])[0] is value


@pytest.fixture
def nccl(monkeypatch):
    """The calls that a process makes to prepare for its GPU."""
    calls = []
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: calls.append(_get_device_index(device)))  # as it does
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(distributed.distributed, "new_group", lambda **options: calls.append(options["backend"]))
    monkeypatch.delenv("NCCL_ASYNC_ERROR_HANDLING", raising=False)
    return calls


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:1", 1)])
def test_use_makes_a_gpu_the_current_one_before_nccl_begins(nccl, name, index):
    ProcessGroup.__new__(ProcessGroup).use(torch.device(name))
    assert nccl == [index, "nccl"]


def test_alone_makes_the_gpu_that_is_named_the_current_one(nccl):
    SingleProcess().use(torch.device("cuda:1"))
    assert nccl == [1]


def test_memory_that_runs_out_in_a_call_is_no_lost_process():
    def full():
        raise RuntimeError("NCCL error: unhandled cuda error, Cuda failure 2 'out of memory'")

    with pytest.raises(RuntimeError, match="out of memory") as raised:
        ProcessGroup.__new__(ProcessGroup)._call(full)
    assert not isinstance(raised.value, ProcessLost)


@pytest.mark.parametrize(("torchrun", "expected"), [(None, "1"), ("there", None)])
def test_use_has_nccl_end_a_process_whose_peer_is_lost(nccl, monkeypatch, torchrun, expected):
    monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: torchrun)
    ProcessGroup.__new__(ProcessGroup).use(torch.device("cuda:0"))
    assert os.environ.get("NCCL_ASYNC_ERROR_HANDLING") == expected
