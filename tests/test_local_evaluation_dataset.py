"""On which data set local_evaluation.py scores."""

import pytest

import local_evaluation
from utils.errors import InputError
from utils.grader.environment import read_environment


@pytest.fixture
def asked_for(monkeypatch):
    """A function: the name of the data set that `score_encoder` opens for some arguments and variables."""

    class Opened(Exception):
        pass

    def stop(encoder, name, data_root, folder):
        raise Opened(name)

    def ask(*arguments, **variables):
        monkeypatch.setattr(local_evaluation, "open_inputs", stop)
        with pytest.raises(Opened) as caught:
            local_evaluation.score_encoder(local_evaluation.parse(arguments), read_environment(variables))
        return str(caught.value)

    return ask


def trained_run(folder, content='{"dataset": "shapes3d"}'):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(content)


def test_data_set_of_the_variable_goes_before_the_training_s(asked_for, tmp_path):
    trained_run(tmp_path / "experiment")
    assert asked_for(AICROWD_OUTPUT_PATH=str(tmp_path), AICROWD_DATASET_NAME="mpi3d_real") == "mpi3d_real"


def test_data_set_of_the_training(asked_for, tmp_path):
    trained_run(tmp_path / "experiment")
    assert asked_for(AICROWD_OUTPUT_PATH=str(tmp_path)) == "shapes3d"


def test_data_set_that_another_run_s_encoder_was_trained_on(asked_for, tmp_path):
    trained_run(tmp_path / "experiment")
    trained_run(tmp_path / "other", '{"dataset": "cars3d"}')
    encoder = tmp_path / "other" / "representation" / "pytorch_model.pt"
    assert asked_for("--encoder", str(encoder), AICROWD_OUTPUT_PATH=str(tmp_path)) == "cars3d"


def test_data_set_of_the_training_that_was_moved_to_the_data_folder(asked_for, tmp_path):
    trained_run(tmp_path / "experiment", '{"dataset": "/nowhere/own.npz"}')
    (tmp_path / "experiment" / "dataset.json").write_text('{"fingerprint": "1234"}')
    (tmp_path / "own.npz").touch()
    variables = {"AICROWD_OUTPUT_PATH": str(tmp_path), "DISENTANGLEMENT_LIB_DATA": str(tmp_path)}
    assert asked_for(**variables) == str(tmp_path / "own.npz")


def test_data_set_default(asked_for, tmp_path):
    assert asked_for(AICROWD_OUTPUT_PATH=str(tmp_path)) == "synthetic_arm"


@pytest.mark.parametrize("written", ["", "[]", "{}", None])
def test_data_set_of_a_run_that_tells_none_is_not_the_default(asked_for, tmp_path, written):
    trained_run(tmp_path / "experiment", written or "")
    if written is None:
        (tmp_path / "experiment" / "config.json").rename(tmp_path / "experiment" / "dataset.json")
    with pytest.raises(InputError, match=r"experiment.config\.json: names no data set.*--dataset NAME"):
        asked_for(AICROWD_OUTPUT_PATH=str(tmp_path))
