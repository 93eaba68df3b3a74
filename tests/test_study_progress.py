"""How far a study is, read from what its runs left."""

import json

import pytest

from evaluation.metrics.table import DEFAULT
from utils.study.grid import read_study
from utils.study.progress import Progress
from utils.study.stages import _lasting, result_path


@pytest.fixture
def study():
    return read_study("configs/studies/latents.yml", ["latent_dim=4,8", "seeds=1", "steps=100"])


def finish(folder, stage):
    path = result_path(folder, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"config": _lasting(stage.config), "scores": dict.fromkeys(DEFAULT, 0.5), "elbo": -1.0}
    path.write_text(json.dumps(result), encoding="utf-8")


def log(folder, name, step):
    (folder / "runs" / name).mkdir(parents=True)
    (folder / "runs" / name / "log.csv").write_text(f"step,kl\n{step},0.5\n", encoding="utf-8")


def test_updates_are_those_of_results_and_logs(tmp_path, study):
    (_, stages), (second, _) = study.runs
    finish(tmp_path, stages[0])
    log(tmp_path, second, 30)
    assert Progress(tmp_path, study).look() == (1, 130)


def test_updates_of_a_run_count_once(tmp_path, study):
    (first, stages), _ = study.runs
    finish(tmp_path, stages[0])
    log(tmp_path, first, 100)
    assert Progress(tmp_path, study).look() == (1, 100)


def test_line_tells_the_time_left_at_the_pace_since_the_start(tmp_path, study, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("utils.study.progress.time.monotonic", lambda: clock[0])
    (_, stages), (second, _) = study.runs
    finish(tmp_path, stages[0])
    with Progress(tmp_path, study) as progress:
        assert progress.line() == "1 of 2 runs done, update 100 of 200, time left not known yet"
        log(tmp_path, second, 25)
        clock[0] += 60
        assert progress.line() == "1 of 2 runs done, update 125 of 200, about 3:00 left"
