"""How far a study is, read from what its runs left."""

import errno
import json
import queue

import pytest

from evaluation.metrics.table import DEFAULT
from utils.study.grid import read_study
from utils.study.progress import Progress
from utils.study.stages import DATA, MEASURED, _lasting, result_path


@pytest.fixture
def study():
    return read_study("configs/studies/latents.yml", ["latent_dim=4,8", "seeds=1", "steps=100"])


def finish(folder, stage):
    path = result_path(folder, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = dict.fromkeys(DEFAULT, 0.5)
    result = {"config": _lasting(stage.config), "scores": scores, **dict.fromkeys(MEASURED, -1.0), DATA: "1"}
    path.write_text(json.dumps(result), encoding="utf-8")


def log(folder, name, step):
    (folder / "runs" / name).mkdir(parents=True)
    (folder / "runs" / name / "log.csv").write_text(f"step,kl\n{step},0.5\n", encoding="utf-8")


def test_updates_are_those_of_results_and_logs(tmp_path, study):
    (_, stages), (second, _) = study.runs
    finish(tmp_path, stages[0])
    log(tmp_path, second, 30)
    assert Progress(tmp_path, study, None).standing() == (1, 1, 130)


def test_updates_of_a_run_count_once(tmp_path, study):
    (first, stages), _ = study.runs
    finish(tmp_path, stages[0])
    log(tmp_path, first, 100)
    assert Progress(tmp_path, study, None).standing() == (1, 1, 100)


def test_line_tells_the_time_left_at_the_pace_since_the_start(tmp_path, study, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("utils.study.progress.time.monotonic", lambda: clock[0])
    (_, stages), (second, _) = study.runs
    finish(tmp_path, stages[0])
    with Progress(tmp_path, study, None) as progress:
        assert progress.line(progress.standing()) == "1 of 2 runs done, update 100 of 200, time left not known yet"
        log(tmp_path, second, 25)
        clock[0] += 60
        assert progress.line(progress.standing()) == "1 of 2 runs done, update 125 of 200, about 3:00 left"


def test_tables_are_written_after_each_result_while_the_study_runs(tmp_path, study, monkeypatch):
    monkeypatch.setattr("utils.study.progress.CHECK_EVERY", 0.01)
    written = queue.Queue()
    with Progress(tmp_path, study, lambda: written.put(len(list(tmp_path.glob("results/*"))))):
        for number, (_, stages) in enumerate(study.runs, 1):
            finish(tmp_path, stages[0])
            assert written.get(timeout=60) == number
    assert written.empty()


def test_a_disk_that_is_full_for_the_tables_does_not_end_the_watch(tmp_path, study, monkeypatch):
    monkeypatch.setattr("utils.study.progress.CHECK_EVERY", 0.01)
    tried = queue.Queue()

    def write():
        tried.put(True)
        raise OSError(errno.ENOSPC, "No space left on device")

    with Progress(tmp_path, study, write):
        for _, stages in study.runs:
            finish(tmp_path, stages[0])
            assert tried.get(timeout=60)
