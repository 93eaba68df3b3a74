"""What is checked before a study trains: its data, and whether the results that are there are its own."""

import numpy as np
import pytest
from conftest import exit_code
from data_files import noise, write_pictures

from utils.data import load
from utils.data.dataset import DataSet
from utils.study import checks
from utils.study import stages as stages_module


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that writes own.npz and its factors, as the scores of a study are of; the study's arguments."""

    def write(value=0, sizes="a: 2, b: 4"):
        images = np.full((8, 64, 64, 1), value, np.uint8)
        np.savez(tmp_path / "own.npz", images=images)
        (tmp_path / "own.yml").write_text(f"factors: {{{sizes}}}\n", encoding="utf-8")
        fingerprint = load(tmp_path / "own.npz", tmp_path).fingerprint
        monkeypatch.setattr(stages_module, "_scored_on", lambda folder: fingerprint)
        return "configs/studies/latents.yml", "latent_dim=4", "seeds=1", f"dataset={tmp_path / 'own.npz'}"

    return write


def test_study_refuses_a_folder_with_results_of_another_configuration(study, calls, tmp_path, capsys):
    study("configs/studies/objectives.yml", "seeds=1")
    table = (tmp_path / "study" / "table.md").read_bytes()
    calls.clear()
    assert exit_code(lambda given: study(*given), ("configs/studies/objectives.yml", "seeds=1", "width=2")) == 2
    assert "width was 1.0 and is now 2.0" in capsys.readouterr().err
    assert not calls
    assert (tmp_path / "study" / "table.md").read_bytes() == table


def test_study_refuses_images_that_could_not_be_scored_before_it_trains(study, calls, tmp_path, capsys):
    np.save(str(tmp_path / "own.npy"), np.zeros((4, 64, 64, 3), np.uint8))
    with pytest.raises(SystemExit):
        study("configs/studies/latents.yml", f"dataset={tmp_path / 'own.npy'}")
    assert "its factors are not known" in capsys.readouterr().err
    assert calls == []


@pytest.mark.parametrize("change", [{"value": 1}, {"sizes": "a: 4, b: 2"}])
def test_study_takes_no_results_of_other_images_or_factors(study, calls, own, change, capsys):
    arguments = own()
    assert study(*arguments) == 0
    assert study(*arguments) == 0
    own(**change)
    assert exit_code(lambda given: study(*given), arguments) == 2
    assert "4-seed0.json: of other images or factors than" in capsys.readouterr().err


def test_study_says_at_its_end_that_its_images_changed_meanwhile(study, calls, own, capsys, monkeypatch):
    arguments = [argument.replace("latent_dim=4", "latent_dim=4,5") for argument in own()]
    states = iter(["before", "after"])
    monkeypatch.setattr(stages_module, "_scored_on", lambda folder: next(states))
    assert exit_code(lambda given: study(*given), arguments) == 2
    assert "5-seed0.json: of other images or factors than" in capsys.readouterr().err


def test_study_goes_on_where_its_images_lie_elsewhere(study, calls, own, tmp_path):
    *arguments, dataset = own()
    study(*arguments, dataset)
    calls.clear()
    (tmp_path / "moved").mkdir()
    for name in ("own.npz", "own.yml"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert study(*arguments, f"dataset={tmp_path / 'moved' / 'own.npz'}") == 0
    assert not calls


def test_study_names_images_that_are_not_there_once(study, calls, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(tmp_path))
    arguments = ("configs/studies/objectives.yml", "dataset=mpi3d_toy")
    assert exit_code(lambda given: study(*given), arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not calls


def test_study_names_more_images_held_out_than_there_are_once(study, calls, own, capsys):
    assert exit_code(lambda given: study(*given), (*own(), "held_out=8")) == 2
    assert "held_out=8: expected fewer than the 8 images" in capsys.readouterr().err
    assert not calls


def test_study_names_more_images_held_out_than_a_drawn_set_has(study, calls, capsys, monkeypatch):
    drawn = DataSet("synthetic_arm", np.zeros((8, 64, 64, 3), np.uint8), (8,), ("place",))
    monkeypatch.setattr(checks, "load", lambda name, root, render: drawn)
    assert exit_code(lambda given: study(*given), ("configs/studies/objectives.yml", "held_out=8")) == 2
    assert "held_out=8: expected fewer than the 8 images" in capsys.readouterr().err
    assert not calls


def test_study_opens_its_data_once_for_all_its_checks(study, calls, own, monkeypatch):
    arguments, opened = own(), []
    study(*arguments)
    monkeypatch.setattr(checks, "load", lambda *names: opened.append(names) or load(*names))
    study(*arguments)
    assert len(opened) == 1


def test_study_says_how_to_make_all_results_of_another_configuration_anew(study, calls, tmp_path, capsys):
    study("configs/studies/objectives.yml", "seeds=1")
    exit_code(lambda given: study(*given), ("configs/studies/objectives.yml", "seeds=1", "width=2"))
    message = capsys.readouterr().err
    assert f"delete it and {tmp_path / 'study' / 'runs' / 'factor_vae-seed0'} to make it anew" in message
    assert "6 more results" in message


def test_study_tells_of_results_that_are_of_none_of_its_rows(study, calls, capsys):
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4,8")
    capsys.readouterr()
    study("configs/studies/latents.yml", "seeds=1", "latent_dim=4")
    assert "has 1 result that this study's tables leave out, such as 8-seed0.json" in capsys.readouterr().err


def test_study_refuses_a_grid_on_which_one_factor_alone_varies_before_it_trains(study, calls, own, capsys):
    assert exit_code(lambda given: study(*given), own(sizes="a: 1, b: 8")) == 2
    assert "a study needs all five scores; factors: 1 of 2 vary" in capsys.readouterr().err
    assert not calls


def test_study_refuses_a_folder_among_the_pictures_that_it_trains_on(study, calls, tmp_path, capsys):
    write_pictures(tmp_path / "study", noise(0, 8, 64, 64))
    arguments = "configs/studies/latents.yml", f"dataset={tmp_path / 'study'}"
    assert exit_code(lambda given: study(*given), arguments) == 2
    assert "lies among the pictures of" in capsys.readouterr().err
    assert not calls


@pytest.mark.parametrize("reason", ["a: 63 points share the value 1", "1 of 2 vary, expected 2"])
def test_study_refuses_labels_that_not_all_scores_are_defined_on_before_it_trains(
    study, calls, tmp_path, reason, capsys
):
    columns = {
        "a: 63 points share the value 1": [np.r_[np.ones(63, int), np.zeros(137, int)], np.arange(200) % 2],
        "1 of 2 vary, expected 2": [np.arange(200) % 2, np.zeros(200, int)],
    }[reason]
    np.savez(tmp_path / "own.npz", images=np.zeros((200, 64, 64, 1), np.uint8), labels=np.stack(columns, axis=1))
    (tmp_path / "own.yml").write_text("factors: [a, b]\n", encoding="utf-8")
    arguments = "configs/studies/latents.yml", "latent_dim=4", f"dataset={tmp_path / 'own.npz'}"
    assert exit_code(lambda given: study(*given), arguments) == 2
    assert reason in capsys.readouterr().err
    assert not calls
