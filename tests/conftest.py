"""What several test files share: a tiny data set, and running the kit's commands as a user does."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from entries import Entry, copy_of, set_up_git
from runs import QUICK

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure():
    """Processes that tests start hear Ctrl-C and a hang-up even where a script or nohup started pytest."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_runtest_setup():
    """Sums in one order, as in the processes that tests start; anew each time, since Numba's OpenMP layer sets it."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="module")
def _freed_memory_goes_back():
    """To the system, after the commands that keep it: gigabytes would slow each process that later tests start."""
    yield
    with contextlib.suppress(OSError, AttributeError, TypeError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def tiny_images():
    return make_tiny_images()


def make_tiny_images():
    """uint8 (40, 64, 64, 3): dark images of random squares, which a few steps already learn something of."""
    small = np.random.RandomState(0).randint(0, 128, size=(40, 4, 4, 3))
    return small.repeat(16, axis=1).repeat(16, axis=2).astype(np.uint8)


@pytest.fixture
def command(tmp_path):
    """A function that runs `python ARGUMENTS` in the repository, with everything written below tmp_path."""

    def run(*arguments, timeout=120, **variables):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=str(REPOSITORY),
            env=challenge_environment(tmp_path, **variables),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def spawn(tmp_path):
    """A function that starts `python ARGUMENTS` as `command` does: its Popen. What runs at the end is killed."""
    processes = []

    def start(*arguments, **variables):
        environment = challenge_environment(tmp_path, **variables)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        line = [sys.executable, *map(str, arguments)]
        processes.append(subprocess.Popen(line, cwd=str(REPOSITORY), env=environment, text=True, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def data_root(tmp_path_factory):
    """A DISENTANGLEMENT_LIB_DATA that holds forty images of one's own."""
    root = tmp_path_factory.mktemp("data")
    np.save(str(root / "tiny.npy"), make_tiny_images())
    return root


@pytest.fixture
def train(call, data_root):
    """A function that runs train.py's main on the forty images; returns what a finished process would."""
    return lambda *arguments, **variables: call(
        *QUICK, *arguments, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables}
    )


@pytest.fixture
def call(called, monkeypatch):
    """A function that runs train.py's main in this process; returns what a finished process would."""
    import train

    def main(*arguments, **variables):
        with monkeypatch.context() as patch:
            patch.setattr("utils.run.loop.LOG_SECONDS", (0.0, 1e9))  # rows at round numbers of steps on any machine
            patch.setattr("utils.run.loop.FIRST_CHECKPOINT", 1e9)
            return called(train.main, *arguments, **variables)

    return main


@pytest.fixture
def called(tmp_path, monkeypatch, capsys):
    """A function that runs a command's main function in this process; returns what a finished process would."""

    def run(main, *arguments, **variables):
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", challenge_environment(tmp_path, **variables))
            code = exit_code(main, arguments)
        printed = capsys.readouterr()
        return SimpleNamespace(returncode=code or 0, stdout=printed.out, stderr=printed.err)

    return run


@pytest.fixture
def start(spawn, data_root):
    """A function that starts train.py and returns its Popen; whatever still runs at the end is killed."""
    return lambda *arguments, **variables: spawn(
        "train.py", *QUICK, *arguments, **{"DISENTANGLEMENT_LIB_DATA": data_root, **variables}
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "output" / "experiment"


def exit_code(main, arguments):
    """What a process that runs `main(arguments)` would end with."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code


def challenge_environment(folder, **variables):
    """The process's environment without the challenge's variables, but for those that keep writes below `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AICROWD_", "NDC_", "DISENTANGLE"))}
    own = {"AICROWD_OUTPUT_PATH": folder / "output", "DISENTANGLEMENT_LIB_DATA": folder / "data", "OMP_NUM_THREADS": 1}
    own["NDC_CACHE"] = folder / "cache"
    return {**kept, **{key: str(value) for key, value in {**own, **variables}.items()}}


@pytest.fixture(scope="module")
def entry_template(tmp_path_factory):
    """The entry that the tests of utils.submission copy."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_up_git(monkeypatch, home)
        yield Entry(home / "template")


@pytest.fixture
def entry(entry_template, tmp_path, monkeypatch):
    """A git repository that holds a submission with nothing to fix, and a git that knows nobody's settings."""
    set_up_git(monkeypatch, tmp_path)
    return copy_of(entry_template, tmp_path / "an entry's")


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """The commands that a study makes, in order; each does its work at once, but for those that `failing` is in."""

    from evaluation.metrics.table import DEFAULT
    from utils.study import stages as stages_module

    class Calls(list):
        failing = "seed=-1"

        def __call__(self, arguments, environment, lock, accepted=(0,)):
            self.append(arguments)
            if self.failing in arguments:
                raise stages_module.Failed("train.py ended with 2: error: out of luck")
            run = tmp_path / "study" / "runs" / environment["AICROWD_EVALUATION_NAME"]
            run.mkdir(parents=True, exist_ok=True)
            for key, value in (one.split("=") for one in arguments if one.startswith("steps=")):
                (run / "log.csv").write_text(f"step,seconds\n{value},1.5\n", encoding="utf-8")
                assert key == "steps"

    made = Calls()
    monkeypatch.setattr(stages_module, "_call", made)
    monkeypatch.setattr(stages_module, "_scores", lambda folder, said: dict.fromkeys(DEFAULT, 0.25))
    monkeypatch.setattr(stages_module, "_without_labels", lambda *_: {"reconstruction": -9.0, "elbo": -10.0})
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path / "unused"))
    return made


@pytest.fixture
def study(calls, tmp_path):
    """A function that runs a study with the commands replaced; its exit code."""
    from utils.study.__main__ import main

    return lambda *arguments: main([*map(str, arguments), "--output", str(tmp_path / "study")])
