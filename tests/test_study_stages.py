"""The environment in which a study makes its runs."""

from dataclasses import replace

import pytest

from utils.config import Config
from utils.study import stages as stages_module


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


@pytest.mark.parametrize(("threads", "expected"), [(None, "1"), (8, "8")])
def test_study_s_threads_go_before_the_environment_s(tmp_path, monkeypatch, threads, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert stages_module._environment(tmp_path, "run", threads, tmp_path, 2)["OMP_NUM_THREADS"] == expected


def test_result_of_before_a_key_existed_is_one_of_the_key_s_default():
    config = Config(seed=3)
    free = (*stages_module.FREE_TO_CHANGE, "initialization")
    older = {key: value for key, value in config.as_dict().items() if key not in free}
    assert stages_module.differing_keys({"config": older}, config) == ""
    assert "initialization" in stages_module.differing_keys({"config": older}, replace(config, initialization="he"))
