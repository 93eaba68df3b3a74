"""The environment in which a study makes its runs."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from utils.config import Config
from utils.study import stages as stages_module
from utils.study.__main__ import gpus_in_turn
from utils.study.grid import read_study


def test_study_runs_are_never_taken_for_the_graders(tmp_path, monkeypatch):
    monkeypatch.setenv("AICROWD_IS_GRADING", "1")
    monkeypatch.setenv("AICROWD_DATASET_NAME", "mpi3d_real")
    monkeypatch.delenv("AICROWD_CUDA", raising=False)
    environment = stages_module._environment(tmp_path, "run", None, tmp_path, 1)
    assert {name for name in environment if name.startswith("AICROWD_")} == {
        "AICROWD_OUTPUT_PATH",
        "AICROWD_EVALUATION_NAME",
    }


def test_study_runs_keep_what_the_users_variables_say_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("AICROWD_CUDA", "false")
    monkeypatch.setenv("NDC_CACHE", "/elsewhere")
    environment = stages_module._environment(tmp_path, "run", None, tmp_path, 1)
    assert (environment["AICROWD_CUDA"], environment["NDC_CACHE"]) == ("false", "/elsewhere")


@pytest.mark.parametrize("library", ["OMP", "MKL", "NUMBA"])
@pytest.mark.parametrize(
    ("threads", "asked", "expected"), [(8, "1", "8"), (None, "1", "1"), (None, "3,2", "3"), (None, "", "2")]
)
def test_study_s_threads_go_before_the_environment_s_in_each_library(
    tmp_path, monkeypatch, library, threads, asked, expected
):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    environment = stages_module._environment(tmp_path, "run", threads, tmp_path, 2)
    assert environment[f"{library}_NUM_THREADS"] == expected


def test_study_runs_on_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(stages_module.fcntl, "flock", refuse)
    with stages_module._locked(tmp_path / "runs" / ".lock") as lock:
        assert lock


@pytest.mark.parametrize(("seen", "shown"), [("4,7", ["4", "7", "4"]), ("2", [None] * 3), ("", [None] * 3)])
def test_study_runs_take_the_gpus_that_are_seen_in_turn(monkeypatch, seen, shown):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    assert [stages_module._one_gpu(number).get("CUDA_VISIBLE_DEVICES") for number in range(3)] == shown


def test_study_runs_take_all_gpus_of_a_machine_that_hides_none(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(stages_module.torch.cuda, "device_count", lambda: 2)
    assert [stages_module._one_gpu(number)["CUDA_VISIBLE_DEVICES"] for number in range(3)] == ["0", "1", "0"]


OPTIONS = [("threads", 1, [0, 0, 0]), ("threads", 2, [0, 1, 0]), ("threads", -1, [0, 1, 2]), ("dask", -1, [None] * 3)]


@pytest.mark.parametrize(("backend", "jobs", "gpus"), OPTIONS)
def test_study_gives_as_many_gpus_as_runs_are_made_at_a_time(backend, jobs, gpus):
    options = SimpleNamespace(backend=backend, jobs=jobs)
    assert list(itertools.islice(gpus_in_turn(options), 3)) == gpus


def test_study_does_not_replace_what_another_study_made_meanwhile(tmp_path, capsys):
    (stage,) = dict(read_study(Path("configs/studies/latents.yml"), ["latent_dim=4", "seeds=1"]).runs).popitem()[1]
    path = stages_module.result_path(tmp_path, stage)
    other = stages_module._lasting(replace(stage.config, gamma=7.0))
    path.parent.mkdir()
    path.write_text(json.dumps({"config": other}), encoding="utf-8")
    reason = stages_module.run_stages(tmp_path, "run", [stage], None, tmp_path, 1, None)
    assert "is of another configuration (gamma was 7.0 and is now 30.0), made meanwhile by another study" in reason
    assert json.loads(path.read_text(encoding="utf-8")) == {"config": other}


def call(code, lock_of, **options):
    with open(lock_of, "wb") as lock:
        return stages_module._call(["-c", f"import sys; {code}"], {}, lock.fileno(), **options)


def test_a_run_that_ended_is_reported_with_what_it_said_last_and_no_note(tmp_path):
    code = "print('stopped by SIGTERM'); print('note: 1 of 10 latents is active', file=sys.stderr); sys.exit(143)"
    with pytest.raises(stages_module.Failed, match="ended with 143: stopped by SIGTERM"):
        call(code, tmp_path / "lock")


def test_a_scoring_without_its_page_goes_on_with_its_scores(tmp_path):
    code = "print('error: report not written', file=sys.stderr); sys.exit(1)"
    assert call(code, tmp_path / "lock", accepted=(0, 1)) == "error: report not written"


def test_a_missing_score_is_reported_with_what_the_scoring_said(tmp_path):
    with pytest.raises(stages_module.Failed, match=r"left no score of dci, .*: error: killed"):
        stages_module._scores(tmp_path, "error: killed")


def test_result_of_before_a_key_existed_is_one_of_the_key_s_default():
    config = Config(seed=3)
    free = (*stages_module.FREE_TO_CHANGE, "initialization")
    older = {key: value for key, value in config.as_dict().items() if key not in free}
    assert stages_module.differing_keys({"config": older}, config) == ""
    assert "initialization" in stages_module.differing_keys({"config": older}, replace(config, initialization="he"))
