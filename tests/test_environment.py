"""The challenge's variables become one checked value, and nothing they say leaves the output folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import InputError
from utils.grader.environment import FALSE_WORDS, REPOSITORY, TRUE_WORDS, is_grading, parse_switch, read_environment


def test_environment_s_defaults_lie_in_the_repository():
    environment = read_environment({})
    assert environment.output_path == REPOSITORY / "scratch" / "shared"
    assert environment.data_root == REPOSITORY / "scratch" / "dataset"


def test_environment_s_default_is_not_grading():
    assert read_environment({}).is_grading is False


def test_environment_s_default_dataset_is_the_configuration_s():
    assert read_environment({}).dataset_name is None


def test_environment_s_default_cuda_is_undecided():
    assert read_environment({}).cuda is None


def test_ndc_root_moves_the_defaults(tmp_path):
    environment = read_environment({"NDC_ROOT": str(tmp_path)})
    assert environment.output_path == tmp_path / "scratch" / "shared"
    assert environment.data_root == tmp_path / "scratch" / "dataset"


def test_environment_takes_the_grader_s_variables(tmp_path):
    environment = read_environment(
        {
            "AICROWD_OUTPUT_PATH": str(tmp_path / "out"),
            "AICROWD_EVALUATION_NAME": "entry",
            "AICROWD_DATASET_NAME": "mpi3d_real",
            "DISENTANGLEMENT_LIB_DATA": str(tmp_path / "data"),
            "AICROWD_IS_GRADING": "True",
            "AICROWD_CUDA": "False",
        }
    )
    assert environment.encoder_path == tmp_path / "out" / "entry" / "representation" / "pytorch_model.pt"
    assert environment.dataset_name == "mpi3d_real"
    assert environment.data_root == tmp_path / "data"
    assert (environment.is_grading, environment.cuda) == (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "AICROWD_OUTPUT_PATH",
        "AICROWD_EVALUATION_NAME",
        "AICROWD_DATASET_NAME",
        "DISENTANGLEMENT_LIB_DATA",
        "NDC_ROOT",
        "AICROWD_IS_GRADING",
    ],
)
def test_an_empty_variable_is_an_unset_one(name):
    assert read_environment({name: ""}) == read_environment({})


def test_environment_reads_the_process_s_variables_by_default(monkeypatch):
    monkeypatch.setenv("AICROWD_EVALUATION_NAME", "from-the-process")
    assert read_environment().evaluation_name == "from-the-process"


@pytest.mark.parametrize("name", ["AICROWD_OUTPUT_PATH", "DISENTANGLEMENT_LIB_DATA"])
def test_environment_refuses_the_home_folder_of_nobody(name):
    with pytest.raises(InputError, match=f"{name}='~nobody-here/x': no home folder of this user is known"):
        read_environment({name: "~nobody-here/x"})


@pytest.mark.parametrize("word", [word for word in TRUE_WORDS + FALSE_WORDS if word])
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, " {} ".format])
def test_parse_switch_reads_words_in_any_spelling(word, spell):
    assert parse_switch("NAME", spell(word)) is (word in TRUE_WORDS)


@settings(deadline=None)
@given(st.text().filter(lambda text: text.strip().lower() not in TRUE_WORDS + FALSE_WORDS))
def test_parse_switch_refuses_any_other_text_by_name(text):
    with pytest.raises(InputError, match="AICROWD_CUDA"):
        parse_switch("AICROWD_CUDA", text)


@pytest.mark.parametrize("word", TRUE_WORDS + FALSE_WORDS)
def test_is_grading_is_what_the_environment_says(word):
    environ = {"AICROWD_IS_GRADING": word}
    assert is_grading(environ) is read_environment(environ).is_grading


def test_is_grading_takes_a_word_that_is_none_for_a_yes():
    assert is_grading({"AICROWD_IS_GRADING": "perhaps"})
    assert not is_grading({})


@pytest.mark.parametrize(
    "name", ["../../x", "..", ".", "/etc", "a/../../x", "inside/../..", "\0", "a\0b", "../shared-too"]
)
def test_an_evaluation_name_that_leaves_the_output_folder_is_refused(name, tmp_path):
    output = tmp_path / "shared"
    with pytest.raises(InputError, match="AICROWD_EVALUATION_NAME"):
        read_environment({"AICROWD_OUTPUT_PATH": str(output), "AICROWD_EVALUATION_NAME": name})


def test_an_evaluation_name_may_be_a_link_to_another_disk(tmp_path):
    output, disk = tmp_path / "shared", tmp_path / "disk"
    output.mkdir()
    (output / "experiment").symlink_to(disk)
    assert read_environment({"AICROWD_OUTPUT_PATH": str(output)}).run_folder == output / "experiment"


def test_an_evaluation_name_does_not_leave_by_the_folder_above_a_link_s_target(tmp_path):
    output = tmp_path / "shared"
    output.mkdir()
    (output / "link").symlink_to(tmp_path / "disk" / "folder")
    variables = {"AICROWD_OUTPUT_PATH": str(output), "AICROWD_EVALUATION_NAME": "link/../x"}
    assert read_environment(variables).run_folder == output / "x"


def test_an_evaluation_name_that_leaves_the_output_folder_is_told_where_it_leads(tmp_path):
    variables = {"AICROWD_OUTPUT_PATH": str(tmp_path / "shared"), "AICROWD_EVALUATION_NAME": "../x"}
    with pytest.raises(InputError, match=rf"AICROWD_EVALUATION_NAME='\.\./x': leads to {tmp_path}/x; expected"):
        read_environment(variables)


@pytest.mark.parametrize("name", ["experiment", "a/b", "with space", "..x", "ü'\""])
def test_an_evaluation_name_inside_the_output_folder_is_kept(name, tmp_path):
    variables = {"AICROWD_OUTPUT_PATH": str(tmp_path), "AICROWD_EVALUATION_NAME": name}
    assert read_environment(variables).run_folder == tmp_path / name


@settings(deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "/"]), min_size=1, max_size=6).map("/".join))
def test_a_run_s_folder_never_leaves_the_output_folder(name):
    output = Path(os.sep, "nowhere", "out")
    try:
        folder = read_environment({"AICROWD_OUTPUT_PATH": str(output), "AICROWD_EVALUATION_NAME": name}).run_folder
    except InputError:
        return
    assert output in Path(os.path.normpath(str(folder))).parents


def test_an_output_folder_behind_a_link_is_accepted(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    variables = {"AICROWD_OUTPUT_PATH": str(tmp_path / "link"), "AICROWD_EVALUATION_NAME": "entry"}
    assert read_environment(variables).run_folder == tmp_path / "link" / "entry"


def test_the_environment_s_text_shows_no_secret():
    assert "hunter2" not in repr(read_environment({"AICROWD_REDIS_PASSWORD": "hunter2"}))


@pytest.mark.parametrize("name", ["AICROWD_OUTPUT_PATH", "DISENTANGLEMENT_LIB_DATA"])
def test_environment_knows_the_home_folder_of_variables_that_no_shell_has_read(name, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = read_environment({name: "~/here"})
    assert tmp_path / "here" in (environment.output_path, environment.data_root)
