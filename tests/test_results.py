import json

import numpy as np
import pytest

from evaluation.metrics.table import METRICS
from evaluation.results import final_scores, result_path, table, write_result

RESULT = {"discrete_mig": np.float64(0.25), "mutual_information": np.array([[0.5, np.nan]]), "count": np.int64(3)}


def written(folder):
    return json.loads(result_path(folder, "mig").read_text())


def test_write_result_where_the_challenge_looks(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {})
    assert (tmp_path / "metrics/mig/results/aggregate/evaluation.json").is_file()


def test_write_result_under_the_challenge_s_key(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {})
    assert written(tmp_path)["evaluation_results.discrete_mig"] == 0.25


def test_write_result_keeps_what_else_the_metric_returned(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {})
    assert written(tmp_path)["evaluation_results.mutual_information"] == [[0.5, None]]


def test_write_result_keeps_the_settings(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {"dataset.name": "mpi3d_toy"})
    assert written(tmp_path)["evaluation_config.dataset.name"] == "mpi3d_toy"


def test_write_result_replaces_the_last_one(tmp_path):
    for score in (0.1, 0.2):
        write_result(tmp_path, "mig", {"discrete_mig": score}, 1.5, {})
    assert written(tmp_path)["evaluation_results.discrete_mig"] == 0.2


def test_final_scores_are_plain_floats():
    assert repr(final_scores({"mig": RESULT})) == "{'mig': 0.25}"


@pytest.mark.parametrize("name", METRICS)
def test_table_has_a_row_a_metric(name):
    lines = table({name: {METRICS[name].key: 0.12345}}).splitlines()
    assert lines[1].split()[:2] == [name, "0.1235"]
