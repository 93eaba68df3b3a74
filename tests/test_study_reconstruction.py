"""Reconstruction beside the scores, over the results of studies."""

import json
import shutil

import pytest

from evaluation.metrics.table import DEFAULT
from utils.config import Config
from utils.study.__main__ import main
from utils.study.reconstruction import Scored, nats_below_the_best, read_results_of, relate


@pytest.fixture
def study(tmp_path):
    """Two objectives, four seeds each: within each the better reconstruction scores worse, between them better."""
    (tmp_path / "study" / "results").mkdir(parents=True)
    for place, objective in enumerate(("factor_vae", "beta_vae")):
        for seed in range(4):
            result = {
                "data": "fingerprint",
                "config": {"objective": objective, "dataset": "sprites", "seed": seed, "gamma": 10.0},
                "scores": dict.fromkeys(DEFAULT, 0.4 * place - 0.01 * seed + 0.5),
                "reconstruction": 100.0 * place + seed,
            }
            path = tmp_path / "study" / "results" / f"{objective}-seed{seed}.json"
            path.write_text(json.dumps(result), encoding="utf-8")
    return tmp_path / "study"


def cells(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_correlation_is_told_within_and_across_objectives(study, tmp_path):
    text = relate([study], tmp_path / "out")
    assert cells(text, "within an objective")[1:4] == ["2", "8", "-1.00 [too few runs]"]
    assert cells(text, "all runs on a data set")[1:3] == ["1", "8"]
    assert cells(text, "all runs on a data set")[3].startswith("+0.5")  # by hand: 11 / 21


def test_relate_draws_the_runs(study, tmp_path):
    relate([study], tmp_path / "out")
    assert (tmp_path / "out" / "reconstruction.png").read_bytes().startswith(b"\x89PNG")


def test_nats_below_the_best_are_of_the_same_data_set():
    config = Config().as_dict()
    found = [Scored(config, data, {}, value) for data, value in (("x", -5.0), ("y", -90.0), ("x", -2.0))]
    assert list(nats_below_the_best(found)) == [3, 0, 0]


def test_a_study_named_twice_counts_once(study, tmp_path):
    assert relate([study, study], tmp_path / "out") == relate([study], tmp_path / "out")


def rewritten(study, name, **changes):
    path = study / "results" / f"{name}.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    result["config"].update(changes.pop("config", {}))
    path.write_text(json.dumps({**result, **changes}), encoding="utf-8")


def test_a_study_named_by_two_paths_counts_once(study, tmp_path):
    assert relate([study, tmp_path / ".." / tmp_path.name / "study"], tmp_path / "out") == relate(
        [study], tmp_path / "out"
    )


def test_runs_that_held_images_out_are_not_compared_with_others(study, tmp_path):
    for seed in range(4):
        rewritten(study, f"beta_vae-seed{seed}", config={"held_out": 1000})
    assert cells(relate([study], tmp_path / "out"), "all runs on a data set")[1:3] == ["2", "8"]


def test_runs_of_another_length_are_not_compared_with_others(study, tmp_path):
    for seed in range(4):
        rewritten(study, f"beta_vae-seed{seed}", config={"steps": 9000})
    assert cells(relate([study], tmp_path / "out"), "all runs on a data set")[1:4] == ["2", "8", "-1.00 [too few runs]"]


def test_runs_on_other_images_under_the_same_name_are_not_compared_with_others(study, tmp_path):
    for seed in range(4):
        rewritten(study, f"beta_vae-seed{seed}", data="another")
    assert cells(relate([study], tmp_path / "out"), "all runs on a data set")[1:3] == ["2", "8"]


def test_runs_on_the_same_images_under_another_path_are_compared(study, tmp_path):
    for seed in range(2):
        rewritten(study, f"beta_vae-seed{seed}", config={"dataset": "elsewhere/sprites"})
    assert cells(relate([study], tmp_path / "out"), "seeds alone")[1:3] == ["2", "8"]


def test_a_run_that_stands_in_two_studies_counts_once(study, tmp_path):
    shutil.copytree(str(study), str(tmp_path / "copy"))
    assert relate([study, tmp_path / "copy"], tmp_path / "out") == relate([study], tmp_path / "out")


def test_a_number_written_in_another_form_is_the_same_setting(study, tmp_path):
    rewritten(study, "beta_vae-seed0", config={"gamma": 10, "width": 1})
    assert cells(relate([study], tmp_path / "out"), "seeds alone")[1:3] == ["2", "8"]


def test_of_a_run_at_several_steps_the_last_result_counts(study):
    for seed in range(4):
        rewritten(study, f"beta_vae-seed{seed}", run="seed0", config={"steps": 100 * (3 - seed) + 1})
    assert [one.config["seed"] for one in read_results_of(study)] == [0, 0, 1, 2, 3]


def test_a_folder_without_results_is_refused_by_name(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["reconstruction", str(tmp_path)])
    assert end.value.code == 2
    assert f"{tmp_path}: has no results" in capsys.readouterr().err


def test_a_folder_that_cannot_be_listed_is_refused_by_name(tmp_path, capsys):
    (tmp_path / "results").symlink_to("results")  # a loop: root lists everything else
    with pytest.raises(SystemExit) as end:
        main(["reconstruction", str(tmp_path)])
    assert end.value.code == 2
    assert f"{tmp_path / 'results'}: Too many levels of symbolic links" in capsys.readouterr().err


def test_a_result_that_is_none_is_refused_by_name(study, capsys):
    (study / "results" / "zz.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["reconstruction", str(study)])
    assert "zz.json: no result of a study" in capsys.readouterr().err


def test_results_are_read_in_the_order_of_their_names(study):
    found = [one.config["objective"] for one in read_results_of(study)]
    assert found == ["beta_vae"] * 4 + ["factor_vae"] * 4
