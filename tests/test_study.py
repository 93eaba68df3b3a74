"""Studies: what is left, what is done again and what is not."""

import csv
import dataclasses
import io
import json
import sys

import numpy as np
import pytest
from conftest import REPOSITORY, exit_code
from PIL import Image

from utils.config import Config
from utils.study import stages as stages_module
from utils.study.__main__ import with_absolute_paths
from utils.study.grid import read_study


def trained(calls):
    return [arguments for arguments in calls if arguments[0] == "train.py"]


def test_study_trains_and_scores_every_run(study, calls):
    assert study("configs/studies/objectives.yml", "seeds=2") == 0
    assert len(trained(calls)) == 14
    assert len(calls) == 28


def test_study_never_does_finished_work_again(study, calls):
    study("configs/studies/objectives.yml", "seeds=2")
    calls.clear()
    study("configs/studies/objectives.yml", "seeds=3")
    assert {next(one for one in arguments if one.startswith("seed=")) for arguments in trained(calls)} == {"seed=2"}


def test_study_does_a_result_without_reconstruction_again(study, calls, tmp_path):
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4")
    (path,) = (tmp_path / "study" / "results").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace('"elbo"', '"else"'), encoding="utf-8")
    calls.clear()
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4")
    assert len(trained(calls)) == 1


def test_study_draws_the_curves_of_its_runs(study, calls, tmp_path):
    study("configs/studies/latents.yml", "seeds=2", "latent_dim=4,8")
    runs = tmp_path / "study" / "runs"
    for run in (path for path in runs.iterdir() if path.is_dir()):
        (run / "log.csv").write_text("step,seconds,reconstruction,kl\n1,1,9,0.5\n2,2,8,0.75\n", encoding="utf-8")
    study("configs/studies/latents.yml", "seeds=2", "latent_dim=4,8")
    with Image.open(tmp_path / "study" / "curves.png") as image:
        assert image.size[0] > image.size[1] > 100


def test_study_goes_on_after_a_failed_run_and_names_it(study, calls, tmp_path, capsys):
    calls.failing = "objective=beta_vae"
    assert study("configs/studies/objectives.yml", "seeds=1") == 1
    assert "Failed: beta_vae-seed0: train.py ended with 2: error: out of luck" in capsys.readouterr().out
    assert len(list((tmp_path / "study" / "results").iterdir())) == 6


def test_study_tries_a_failed_run_again(study, calls):
    calls.failing = "objective=beta_vae"
    study("configs/studies/objectives.yml", "seeds=1")
    calls.clear()
    calls.failing = "seed=-1"
    assert study("configs/studies/objectives.yml", "seeds=1") == 0
    assert len(trained(calls)) == 1


def test_study_continues_one_run_from_row_to_row(study, calls, tmp_path):
    study("configs/studies/steps.yml", "steps=20,40", "seeds=1")
    assert [next(one for one in arguments if one.startswith("steps=")) for arguments in trained(calls)] == [
        "steps=20",
        "steps=40",
    ]
    assert [path.name for path in (tmp_path / "study" / "runs").iterdir() if path.is_dir()] == ["seed0"]


def test_study_counts_a_run_that_ends_early_as_failed(study, calls, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stages_module, "read_log", lambda path: {"step": np.array([7.0]), "seconds": np.array([1.0])})
    assert study("configs/studies/latents.yml", "seeds=1", "latent_dim=4") == 1
    assert "ended at step 7 of 800000" in capsys.readouterr().out


def test_study_refuses_a_number_of_jobs_that_dask_would_not_heed(study, calls, capsys):
    assert (
        exit_code(lambda given: study(*given), ("configs/studies/steps.yml", "--backend", "dask", "--jobs", "2")) == 2
    )
    assert "--jobs 2: with dask" in capsys.readouterr().err


@pytest.mark.parametrize(("jobs", "share"), [("1", 12), ("3", 4), ("-1", 1)])
def test_study_shares_the_cores_out_among_its_jobs(study, calls, monkeypatch, jobs, share):
    told = []
    monkeypatch.setattr("utils.study.__main__.available_cores", lambda: 12)
    monkeypatch.setattr("utils.study.__main__.run_stages", lambda *arguments: told.append(arguments[5]))
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4", "--jobs", jobs)
    assert told == [share]


def test_study_never_takes_a_run_of_more_steps_for_one_of_fewer(study, calls, tmp_path, capsys):
    study("configs/studies/steps.yml", "steps=40", "seeds=1")
    calls.clear()
    assert study("configs/studies/steps.yml", "steps=20", "seeds=1") == 1
    assert "is at step 40 already, expected 20 at most" in capsys.readouterr().out
    assert calls == []


def test_study_never_goes_on_with_a_run_of_another_configuration(study, calls, tmp_path, capsys):
    run = tmp_path / "study" / "runs" / "4-seed0"
    run.mkdir(parents=True)
    (run / "config.json").write_text(Config(gamma=7.0).to_json(), encoding="utf-8")
    assert study("configs/studies/latents.yml", "seeds=1", "latent_dim=4") == 1
    assert "gamma was 7.0 and is now 30.0" in capsys.readouterr().out
    assert calls == []


def test_study_never_goes_on_with_a_run_whose_rate_fell_over_other_steps(study, calls, tmp_path, capsys):
    run = tmp_path / "study" / "runs" / "4-seed0"
    run.mkdir(parents=True)
    (run / "config.json").write_text(Config(latent_dim=4, width=2, steps=10, decay="steps").to_json(), encoding="utf-8")
    (run / "log.csv").write_text("step,seconds\n5,1.5\n", encoding="utf-8")
    assert study("configs/studies/latents.yml", "seeds=1", "latent_dim=4", "steps=20", "decay=steps") == 1
    assert "is of 10 steps, over which its learning rate falls, expected 20" in capsys.readouterr().out


def test_tables_csv_holds_every_run_and_the_papers_rows_apart(study, tmp_path):
    study("configs/studies/objectives.yml", "seeds=2")
    with (tmp_path / "study" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(io.StringIO(file.read())))
    assert sum(row["source"] == "measured" for row in rows) == 14
    measured = [row for row in rows if row["source"] == "measured"]
    assert {(row["mig"], row["mean"], row["reconstruction"]) for row in measured} == {("0.25", "0.25", "-9.0")}
    assert sum(row["source"] == "paper" for row in rows) == 7


def test_study_names_a_folder_that_cannot_be_written_before_it_trains(study, calls, tmp_path, capsys):
    (tmp_path / "study").write_text("a file", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        study("configs/studies/objectives.yml")
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not calls


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"config": {}}', '{"config": 3}'])
def test_study_takes_a_damaged_result_for_none(study, calls, tmp_path, content):
    study("configs/studies/objectives.yml", "seeds=1")
    (tmp_path / "study" / "results" / "factor_vae-seed0.json").write_text(content, encoding="utf-8")
    calls.clear()
    assert study("configs/studies/objectives.yml", "seeds=1") == 0
    assert len(trained(calls)) == 1


@pytest.mark.parametrize("score", [None, "0.5", [0.5]])
def test_study_takes_a_result_whose_scores_are_no_numbers_for_none(study, calls, tmp_path, score):
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4")
    (path,) = (tmp_path / "study" / "results").iterdir()
    result = json.loads(path.read_text(encoding="utf-8"))
    result["scores"]["mig"] = score
    path.write_text(json.dumps(result), encoding="utf-8")
    calls.clear()
    assert study("configs/studies/latents.yml", "seeds=1", "latent_dim=4") == 0
    assert len(trained(calls)) == 1


def test_study_refuses_an_address_without_a_back_end_that_has_one(study, capsys):
    assert exit_code(lambda given: study(*given), ("configs/studies/steps.yml", "--address", "host:1")) == 2
    assert "--address host:1: expected --backend dask or ray" in capsys.readouterr().err


def test_study_refuses_a_back_end_that_is_not_installed(study, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SystemExit) as end:
        study("configs/studies/objectives.yml", "--backend", "ray")
    assert end.value.code == 2
    assert "package ray is not installed" in capsys.readouterr().err


def test_study_trains_on_the_file_that_a_relative_path_names_where_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.npz").touch()
    study = read_study(REPOSITORY / "configs" / "studies" / "steps.yml", ["dataset=mine.npz", "steps=1,2"])
    for name, expected in (("mine.npz", str(tmp_path / "mine.npz")), ("synthetic_arm", "synthetic_arm")):
        own = study._replace(runs=tuple((run, tuple(renamed(stage, name) for stage in s)) for run, s in study.runs))
        found = {stage.config.dataset for _, stages in with_absolute_paths(own, "/nowhere").runs for stage in stages}
        assert found == {expected}


def renamed(stage, dataset):
    return stage._replace(config=dataclasses.replace(stage.config, dataset=dataset))


def test_study_hands_on_what_train_says_of_a_folder_with_something_else(study, calls, monkeypatch, capsys):
    def refused(arguments, environment, lock):
        raise stages_module.Failed("train.py ended with 2: error: runs/4-seed0: other images; move that run away")

    monkeypatch.setattr(stages_module, "_call", refused)
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4")
    assert "4-seed0: train.py ended with 2: error: runs/4-seed0: other images; move" in capsys.readouterr().err


def test_study_goes_on_past_a_run_whose_configuration_cannot_be_read(study, calls, tmp_path, capsys):
    folder = tmp_path / "study" / "runs" / "factor_vae-seed0"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"seed": 0, "newkey": 3}', encoding="utf-8")
    assert study("configs/studies/objectives.yml", "seeds=1") == 1
    assert len(trained(calls)) == 6
    assert f"{folder / 'config.json'}: no configuration of this version" in capsys.readouterr().err
