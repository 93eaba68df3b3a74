"""The rehearsal of a submission: one whole one of a small entry, and each step's failure by itself."""

import json
import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
from copies import REPOSITORY, write_black_images
from entries import Entry, set_up_git

from utils.data.dataset import DataSet
from utils.errors import InputError
from utils.submission import rehearse as steps
from utils.submission.rehearse import Failure, Rehearsal, Skipped
from utils.submission.repository import Repository
from utils.submission.stand_in_data import place_data, write_repeated

SMALL_RUN = """import json, os, sys
sys.path.insert(0, {kit!r})
import torch
from utils.grader.environment import read_environment
from utils.grader.events import Events

class Mean(torch.nn.Module):
    def forward(self, images):
        return images.mean((2, 3))

environment = read_environment()
events = Events(environment.is_grading)
events.execution_started()
events.register_progress(0.5)
(environment.encoder_path.parent / "results").mkdir(parents=True)
torch.jit.trace(Mean(), torch.zeros(2, 3, 64, 64)).save(str(environment.encoder_path))
(environment.run_folder / "log.csv").write_text("step,seconds\\n10,2.5\\n20,5\\n")
events.submit()
events.close()
"""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """(Rehearsal, printed lines, exit code) of the rehearsal of a small entry."""
    folder = tmp_path_factory.mktemp("rehearsal")
    write_black_images(folder / "known" / "mpi3d_toy" / "mpi3d_toy.npz")
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_up_git(monkeypatch, folder)
        monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(folder / "known"))
        entry = Entry(folder / "entry")
        entry.write("small_run.py", SMALL_RUN.format(kit=str(REPOSITORY)))
        entry.replace("run.sh", '#!/usr/bin/env bash\nexec "$PYTHON" small_run.py "$@"\n')
        lines, rehearsal = [], Rehearsal(Repository(entry.folder), folder / "rehearsal", 1)
        rehearsal.folder.mkdir()
        monkeypatch.setattr("builtins.print", lambda *words, **options: lines.append(" ".join(map(str, words))))
        passed = steps.rehearse(rehearsal)
    return rehearsal, lines, passed


@pytest.fixture
def rehearsal(tmp_path):
    """The rehearsal of a run that has just ended, with nothing to complain of."""
    rehearsal = Rehearsal(None, tmp_path, 1)
    (rehearsal.encoder.parent / "results").mkdir(parents=True)
    rehearsal.encoder.write_bytes(b"an encoder")
    rehearsal.log.write_text("trained\n")
    rehearsal.clone.mkdir()
    return rehearsal


def write_run_sh(rehearsal, text):
    (rehearsal.clone / "run.sh").write_text(f"#!/bin/sh\n{text}\n")
    (rehearsal.clone / "run.sh").chmod(0o755)


def events(*names, progress=(0.1, 0.9)):
    told = iter(progress)
    return [
        {"message": name, "payload": {"training_progress": next(told)} if name == "register_progress" else {}}
        for name in names
    ]


def test_rehearsal_of_a_sound_entry_passes(rehearsed):
    _, lines, passed = rehearsed
    assert passed, lines


def test_rehearsal_has_a_line_for_each_step(rehearsed):
    _, lines, _ = rehearsed
    assert [line[6:22].strip() for line in lines[:-1]] == [name for name, _, _ in steps.STEPS]


def test_rehearsal_tells_of_the_real_budget(rehearsed):
    _, lines, _ = rehearsed
    assert "in 7:45:00 at 4 steps/s" in lines[-2]


def test_rehearsal_takes_the_user_s_own_data_set(rehearsed):
    rehearsal, _, _ = rehearsed
    assert (rehearsal.data / "mpi3d_toy").is_symlink()


def test_rehearsal_shows_no_password(rehearsed):
    rehearsal, lines, _ = rehearsed
    assert rehearsal.password not in "\n".join(lines)


def test_rehearsal_rehearses_the_commit_and_not_the_working_tree(tmp_path, monkeypatch):
    set_up_git(monkeypatch, tmp_path)
    entry = Entry(tmp_path / "entry")
    entry.write("new.py", "")
    rehearsal = Rehearsal(Repository(entry.folder), tmp_path, 1)
    assert "1 changed or new files" in steps.clone_repository(rehearsal)
    assert set(os.listdir(str(entry.folder))) - set(os.listdir(str(rehearsal.clone))) == {"new.py"}


def test_rehearsal_stops_at_a_step_that_the_rest_needs(rehearsal, monkeypatch, capsys):
    def fails(_):
        raise Failure("broken")

    monkeypatch.setattr(steps, "STEPS", (("first", fails, False), ("second", fails, True), ("third", fails, False)))
    assert steps.rehearse(rehearsal) is False
    assert capsys.readouterr().out.splitlines()[-1] == "rehearsed: fix first, second"


def test_rehearsal_shows_the_last_lines_of_a_failed_run(rehearsal):
    write_run_sh(rehearsal, "echo error: no data set >&2; exit 3")
    with pytest.raises(Failure, match=r"exit code 3\n +error: no data set"):
        steps.run_entry_point(rehearsal)


def test_rehearsal_stops_a_run_that_does_not_end(rehearsal, monkeypatch):
    monkeypatch.setattr(steps, "GRACE", 0.1)
    rehearsal.seconds = 0.1
    write_run_sh(rehearsal, "sleep 60 & wait")
    began = time.monotonic()
    with pytest.raises(Failure, match="still running"):
        steps.run_entry_point(rehearsal)
    assert time.monotonic() - began < 10


def test_rehearsal_refuses_a_run_that_takes_longer_than_its_budget(rehearsal):
    rehearsal.seconds = 0.1
    write_run_sh(rehearsal, "sleep 0.5")
    with pytest.raises(Failure, match="would be stopped"):
        steps.run_entry_point(rehearsal)


def test_the_run_sees_the_grader_s_variables_only(rehearsal, monkeypatch):
    monkeypatch.setenv("AICROWD_AGENT_ID", "the user's")
    write_run_sh(rehearsal, f"env > '{rehearsal.folder}/variables'")
    steps.run_entry_point(rehearsal)
    variables = (rehearsal.folder / "variables").read_text()
    assert "AICROWD_DATASET_NAME=mpi3d_toy" in variables
    assert "AICROWD_AGENT_ID" not in variables


def test_the_run_sees_the_gpus_that_the_user_allows(rehearsal, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert rehearsal.environment("0")["CUDA_VISIBLE_DEVICES"] == "3"


def test_a_missing_encoder_is_found(rehearsal):
    rehearsal.encoder.unlink()
    with pytest.raises(Failure, match="is not there"):
        steps.find_outputs(rehearsal)


def test_a_missing_results_folder_is_found(rehearsal):
    (rehearsal.encoder.parent / "results").rmdir()
    with pytest.raises(Failure, match="results is not there"):
        steps.find_outputs(rehearsal)


def test_a_write_into_the_repository_is_found(tmp_path, monkeypatch):
    set_up_git(monkeypatch, tmp_path)
    entry = Entry(tmp_path / "clone")
    entry.replace(".gitignore", "scratch/\n")
    entry.write("scratch/left", "")
    with pytest.raises(Failure, match="scratch"):
        steps.check_clone_is_unchanged(Rehearsal(None, tmp_path, 1))


def test_a_file_that_the_grader_cannot_load_is_found(rehearsal):
    with pytest.raises(Failure, match="load fails"):
        steps.load_encoder(rehearsal)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["execution_started"],
        ["register_progress", "submit"],
        ["execution_started", "execution_error", "submit"],
        ["execution_started", "submit", "register_progress"],
    ],
)
def test_events_out_of_order_are_found(rehearsal, names):
    rehearsal.events = events(*names)
    with pytest.raises(Failure, match="expected execution_started"):
        steps.check_events(rehearsal)


def test_progress_that_goes_back_is_found(rehearsal):
    names = ["execution_started", "register_progress", "register_progress", "submit"]
    rehearsal.events = events(*names, progress=(0.9, 0.1))
    with pytest.raises(Failure, match="went back"):
        steps.check_events(rehearsal)


def test_events_are_skipped_without_a_redis(rehearsal):
    with pytest.raises(Skipped, match="redis-server"):
        steps.check_events(rehearsal)


@pytest.mark.parametrize("place", ["output-of-run.txt", "shared/rehearsal/report/page.html"])
def test_a_password_that_is_left_is_found(rehearsal, place):
    (rehearsal.folder / place).parent.mkdir(parents=True, exist_ok=True)
    (rehearsal.folder / place).write_text(f"host=x password={rehearsal.password}")
    with pytest.raises(Failure, match="holds the Redis password"):
        steps.find_secrets(rehearsal)


def test_a_run_without_a_logged_step_has_no_forecast(rehearsal):
    (rehearsal.clone / "configs").mkdir()
    (rehearsal.clone / "configs" / "challenge.yml").write_text("time_budget: 8h\n")
    (rehearsal.run_folder / "log.csv").write_text("step,seconds\n")
    with pytest.raises(Failure, match="--minutes"):
        steps.forecast(rehearsal)


def test_repeated_data_have_the_source_s_pictures_at_every_fourth_position(tmp_path):
    images = np.random.RandomState(0).randint(0, 256, (2 * 3 * 2, 64, 64, 3)).astype(np.uint8)
    source = DataSet("source", images, (2, 3, 2), "abc")
    write_repeated(tmp_path / "large.npz", images, source.factor_sizes, 4)
    large = DataSet("large", np.load(str(tmp_path / "large.npz"))["images"], (2, 12, 8), "abc")
    points = large.sample_factors(100, np.random.RandomState(1))
    np.testing.assert_array_equal(large.observe(points), source.observe(points // (1, 4, 4)))


def test_data_without_room_are_refused(tmp_path):
    images = np.broadcast_to(np.zeros((1, 64, 64, 3), np.uint8), (10**9, 64, 64, 3))
    with pytest.raises(InputError, match=r"GB free on the disk, expected at least .*; --folder names another place"):
        write_repeated(tmp_path / "large.npz", images, (1, 1, 10**9), 4)


def test_the_user_s_data_set_is_linked_and_not_copied(tmp_path):
    write_black_images(tmp_path / "known" / "mpi3d_toy" / "mpi3d_toy.npz")
    place_data(tmp_path / "data", tmp_path / "known")
    assert (tmp_path / "data" / "mpi3d_toy").resolve() == (tmp_path / "known" / "mpi3d_toy").resolve()


def test_a_module_that_prints_is_loaded_all_the_same(rehearsal, monkeypatch):
    told = {"seconds": {"cpu": {1: 0.1}}, "codes": 3, "mig": 0.5}
    done = SimpleNamespace(returncode=0, stdout=f"printed\n{json.dumps(told)}\n", stderr="")
    monkeypatch.setattr(steps.subprocess, "run", lambda *arguments, **options: done)
    assert steps.load_encoder(rehearsal).startswith("3 codes")


def test_the_run_is_given_the_rehearsal_s_budget(rehearsal):
    write_run_sh(rehearsal, f"echo \"$@\" > '{rehearsal.folder}/arguments'")
    steps.run_entry_point(rehearsal)
    assert (rehearsal.folder / "arguments").read_text() == "time_budget=60s\n"
