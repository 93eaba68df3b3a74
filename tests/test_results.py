import json
import os

import numpy as np
import pytest

from evaluation.cache import digest_file
from evaluation.errors import InputError
from evaluation.metrics.table import METRICS
from evaluation.results import (
    DATASET_FINGERPRINT,
    DATASET_NAME,
    ENCODER_DIGEST,
    final_scores,
    read_results,
    remove_result,
    result_path,
    table,
    write_result,
)

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


def test_remove_result_removes_that_file_alone(tmp_path):
    for name in ("mig", "dci"):
        write_result(tmp_path, name, RESULT, 1.5, {ENCODER_DIGEST: "abc"})
    (tmp_path / "metrics/mig/notes.txt").write_text("mine")
    remove_result(tmp_path, "mig")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"metrics/mig/notes.txt", "metrics/dci/results/aggregate/evaluation.json"}


def test_remove_result_leaves_a_file_that_another_program_wrote(tmp_path):
    path = result_path(tmp_path, "mig")
    path.parent.mkdir(parents=True)
    path.write_text('{"evaluation_results.discrete_mig": 0.1, "evaluation_config.evaluation.name": "mig"}')
    remove_result(tmp_path, "mig")
    assert path.is_file()


def test_remove_result_where_none_is(tmp_path):
    remove_result(tmp_path, "mig")
    assert not list(tmp_path.iterdir())


def test_final_scores_are_plain_floats():
    assert repr(final_scores({"mig": RESULT})) == "{'mig': 0.25}"


@pytest.mark.parametrize("name", METRICS)
def test_table_has_a_row_a_metric(name):
    lines = table({name: {METRICS[name].key: 0.12345}}).splitlines()
    assert lines[1].split()[:2] == [name, "0.1235"]


@pytest.fixture
def encoder(tmp_path):
    path = tmp_path / "representation" / "pytorch_model.pt"
    path.parent.mkdir()
    path.write_bytes(b"one")
    return path


def test_read_results_of_this_encoder(tmp_path, encoder):
    write_result(tmp_path, "mig", RESULT, 1.5, {ENCODER_DIGEST: digest_file(encoder)})
    assert read_results(tmp_path)["mig"]["discrete_mig"] == 0.25


def test_read_results_leaves_out_another_encoder_of_the_same_time(tmp_path, encoder):
    write_result(tmp_path, "mig", RESULT, 1.5, {ENCODER_DIGEST: digest_file(encoder)})
    times = encoder.stat().st_atime_ns, encoder.stat().st_mtime_ns
    encoder.write_bytes(b"two")
    os.utime(str(encoder), ns=times)
    assert read_results(tmp_path) == {}


def test_read_results_leaves_out_what_does_not_name_its_encoder(tmp_path, encoder):
    write_result(tmp_path, "mig", RESULT, 1.5, {})
    assert read_results(tmp_path) == {}


def test_read_results_leaves_out_another_data_set(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {DATASET_NAME: "cars3d"})
    write_result(tmp_path, "dci", {METRICS["dci"].key: 0.5}, 1.5, {DATASET_NAME: "shapes3d"})
    assert set(read_results(tmp_path, "shapes3d")) == {"dci"}


def test_read_results_of_an_encoder_that_lies_elsewhere(tmp_path, encoder):
    (tmp_path / "other.pt").write_bytes(b"other")
    write_result(tmp_path, "mig", RESULT, 1.5, {ENCODER_DIGEST: digest_file(encoder)})
    write_result(tmp_path, "dci", {METRICS["dci"].key: 0.5}, 1.5, {ENCODER_DIGEST: digest_file(tmp_path / "other.pt")})
    assert set(read_results(tmp_path, encoder_digest=digest_file(tmp_path / "other.pt"))) == {"dci"}


@pytest.mark.parametrize(
    ("written", "kept"), [({DATASET_FINGERPRINT: "a"}, True), ({DATASET_FINGERPRINT: "b"}, False), ({}, False)]
)
def test_read_results_leaves_out_another_fingerprint_and_none(tmp_path, written, kept):
    write_result(tmp_path, "mig", RESULT, 1.5, {DATASET_NAME: "own", **written})
    assert ("mig" in read_results(tmp_path, "own", dataset_fingerprint="a")) is kept


def test_read_results_where_no_encoder_is(tmp_path):
    write_result(tmp_path, "mig", RESULT, 1.5, {ENCODER_DIGEST: "any"})
    assert set(read_results(tmp_path)) == {"mig"}


@pytest.mark.parametrize("content", ["", "[]", '{"evaluation_results.discrete_mig"'])
def test_read_results_leaves_out_a_file_that_is_not_a_result(tmp_path, content):
    write_result(tmp_path, "mig", RESULT, 1.5, {})
    result_path(tmp_path, "mig").write_text(content)
    assert read_results(tmp_path) == {}


def test_read_results_names_an_encoder_that_cannot_be_read(tmp_path):
    (tmp_path / "representation" / "pytorch_model.pt").mkdir(parents=True)
    with pytest.raises(InputError, match=r"pytorch_model\.pt: cannot be read"):
        read_results(tmp_path)
