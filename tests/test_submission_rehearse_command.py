"""`python -m utils.submission rehearse` as a command: its arguments, its exit code, and a signal to it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from copies import REPOSITORY, write_black_images

from utils.errors import InputError
from utils.submission import rehearse as steps
from utils.submission.rehearse import Failure, Rehearsal


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "1e9"])
def test_rehearse_refuses_impossible_minutes(entry, minutes, capsys):
    with pytest.raises(SystemExit) as ended:
        entry.run("rehearse", "--minutes", minutes)
    assert ended.value.code == 2
    assert "--minutes" in capsys.readouterr().err


def test_rehearse_refuses_a_folder_that_is_there(entry, tmp_path, capsys):
    with pytest.raises(SystemExit):
        entry.run("rehearse", "--folder", str(tmp_path))
    assert "--folder" in capsys.readouterr().err


@pytest.mark.parametrize(("passes", "code"), [(True, 0), (False, 1)])
def test_rehearse_ends_with_the_outcome_and_takes_its_minutes(entry, tmp_path, monkeypatch, capsys, passes, code):
    def step(rehearsal):
        if not passes:
            raise Failure("broken")
        return f"{rehearsal.seconds:g} s in {rehearsal.folder}"

    monkeypatch.setattr(steps, "STEPS", (("only", step, True),))
    folder = str(tmp_path / "new")
    assert entry.run("rehearse", "--minutes", "0.5", "--folder", folder) == code
    assert not passes or f"30 s in {folder}" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_rehearsal_ends_what_it_started(entry, tmp_path, monkeypatch, number):
    mark = tmp_path / "running"
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(tmp_path / "known"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    write_black_images(tmp_path / "known" / "mpi3d_toy" / "mpi3d_toy.npz")
    entry.replace("run.sh", f"#!/bin/sh\necho $$ > '{mark}.new'; mv '{mark}.new' '{mark}'; exec sleep 60\n")
    command = [sys.executable, "-m", "utils.submission", "rehearse", "--repository", str(entry.folder)]
    process = subprocess.Popen(command, cwd=str(REPOSITORY), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert not list(tmp_path.glob("rehearsal-*"))


def test_rehearse_goes_on_without_its_terminal_under_nohup(entry, tmp_path, monkeypatch):
    def hang_up(rehearsal):
        os.kill(os.getpid(), signal.SIGHUP)
        return "still there"

    monkeypatch.setattr(steps, "STEPS", (("only", hang_up, True),))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert entry.run("rehearse", "--folder", str(tmp_path / "new")) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_rehearse_refuses_a_folder_that_cannot_be_made(entry, capsys):
    folder = entry.folder / "run.sh" / "new"
    with pytest.raises(SystemExit) as ended:
        entry.run("rehearse", "--folder", str(folder))
    assert ended.value.code == 2
    assert f"--folder {folder}: Not a directory" in capsys.readouterr().err


def test_a_clone_that_git_cannot_read_is_not_taken_for_an_unchanged_one(tmp_path):
    (tmp_path / "clone").mkdir()
    with pytest.raises(InputError, match="not a git repository"):
        steps.check_clone_is_unchanged(Rehearsal(None, tmp_path, 1))
