"""Every command of README.md runs, made small: an entry of SMALLER for each, so that a new one cannot go untested."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import REPOSITORY, challenge_environment
from copies import copy_repository

RUN = "dataset={data} steps=3 batch_size=4 width=1 latent_dim=4"
SMALLER = {  # the beginning of a command, and what is added to it here
    "./run.sh": RUN,
    "python train.py": RUN,
    "torchrun": f"{RUN} seed=2 --fresh",
    "python local_evaluation.py": "",
    "python -m utils.data list": "",
    "python -m utils.data show": "--factor-sizes 2,1,1,1,1,2,2",
    "python -m utils.data render": "",
    "python -m utils.study": f"{RUN} latent_dim=4 seeds=1",
    "python -m utils.submission check": "",
    "python -m utils.submission rehearse --help": "",
}
NOT_RUN = ("./tests/run.sh",)  # runs this test
FAILS = {"python -m utils.submission check": 1}  # aicrowd.json names no authors yet
IDENTITY = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")


def commands():
    """The lines of README's blocks that name no language, without comments and without what a clone needs."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()]
    commands = [line.partition("  #")[0].strip().rpartition("&& ")[2] for line in lines]
    return [command for command in commands if command not in NOT_RUN]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs a line of shell in a copy of the repository in which `./run.sh` has trained."""
    folder = tmp_path_factory.mktemp("readme")
    factors = np.stack(np.unravel_index(np.arange(24), (3, 2, 4)), axis=1)
    images = np.zeros((24, 64, 64, 3), np.uint8)
    images[:, 10:50, 10:50] = (60 * factors)[:, None, None]
    np.savez(str(folder / "tiny.npz"), images=images)
    (folder / "tiny.yml").write_text("factors: {shape: 3, size: 2, place: 4}\n", encoding="utf-8")
    kit = copy_repository(folder / "kit", with_kernels=True)
    for command in (["init", "--quiet"], ["add", "--all"], [*IDENTITY, "commit", "--quiet", "--message", "a clone"]):
        subprocess.run(["git", *command], cwd=str(kit), check=True)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    environment = challenge_environment(folder, PATH=path, PYTHON=sys.executable)

    def run(line):
        line = line.format(data=folder / "tiny.npz")
        return subprocess.run(
            ["bash", "-c", line], cwd=str(kit), env=environment, capture_output=True, text=True, timeout=240
        )

    run.first = run(f"./run.sh {RUN}")
    return run


def test_readme_has_commands():
    assert {command.split()[0] for command in commands()} >= {"./run.sh", "python"}


@pytest.mark.parametrize("command", commands())
def test_readme_command_runs(run, command):
    beginning = max((begin for begin in SMALLER if command.startswith(begin)), key=len)
    if command.startswith("torchrun") and not shutil.which("torchrun", path=os.path.dirname(sys.executable)):
        pytest.skip("this PyTorch has no torchrun: it comes with PyTorch 1.10")
    fresh = " --fresh" if "train.py" in command and "--plan" not in command else ""
    done = run.first if command == "./run.sh" else run(f"{command} {SMALLER[beginning]}{fresh}")
    assert done.returncode == FAILS.get(beginning, 0), done.stdout + done.stderr
