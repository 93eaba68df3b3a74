"""The report: one file, whole whatever is missing, true to what the run left, small and without secrets."""

import ast
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

import local_evaluation
from evaluation.results import (
    DATASET_FINGERPRINT,
    DATASET_NAME,
    ENCODER_DIGEST,
    read_results,
    result_path,
    write_result,
)
from utils.config import Config
from utils.data.dataset import DataSet
from utils.report import paper, report_path, write_report
from utils.report.__main__ import main
from utils.report.gather import hardware
from utils.report.maps import maps
from utils.report.pictures import MOST_LATENTS
from utils.run import checkpoint
from utils.training.trainer import Trainer

FACTORS = 2


def results(latents):
    """What the five metrics find in codes whose first two latents are the two factors."""
    aligned = np.eye(latents, FACTORS)
    votes = np.zeros((FACTORS, latents), int)
    votes[:, :FACTORS] = 100 * np.eye(FACTORS, dtype=int)
    return {
        "dci": {"disentanglement": 0.91, "importance_matrix": aligned},
        "factor_vae_metric": {"eval_accuracy": 0.92, "votes": votes},
        "sap_score": {"SAP_score": 0.93, "score_matrix": 0.2 + 0.8 * aligned},
        "mig": {"discrete_mig": 0.94, "mutual_information": aligned, "factor_entropies": np.ones(FACTORS)},
        "irs": {"IRS": 0.95, "IRS_matrix": aligned, "active_dims": np.arange(latents)},
    }


@pytest.fixture
def dataset(tiny_images):
    return DataSet("arm <b>", tiny_images, (4, 10), ("object_color", "object_<i>size"))


def scored_on(dataset):
    return {DATASET_NAME: dataset.name, DATASET_FINGERPRINT: dataset.fingerprint}


def leave_run(folder, dataset, latents=3, active=None):
    """A run's folder as train.py and local_evaluation.py leave it, its first `active` latents in use."""
    config = Config(latent_dim=latents, device="cpu", objective="beta_vae")
    trainer = Trainer(config, dataset.images, torch.device("cpu"))
    with torch.no_grad():
        trainer.networks["encoder"].mean.weight[active or latents :] = 0
        trainer.networks["encoder"].mean.weight[: active or latents] *= 50
    checkpoint.save(folder / "checkpoints", {**trainer.state_dict(), "seconds": 1.0})
    trainer.close()
    (folder / "config.json").write_text(config.to_json(), encoding="utf-8")
    (folder / "log.csv").write_text("step,seconds,kl\n50,1.5,3.25\n100,3.0,4.5\n", encoding="utf-8")
    for name, result in results(latents).items():
        write_result(folder, name, result, 1.25, scored_on(dataset))
    return folder


@pytest.fixture
def run(tmp_path, dataset):
    return leave_run(tmp_path, dataset)


def text_of(path):
    return path.read_text(encoding="utf-8")


def test_report_needs_nothing_from_outside_its_file(run, dataset):
    html = text_of(write_report(run, dataset))
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?!data:)(?:https?:|//|[\w./]+\.(?:png|css|js))""", html)
    assert "<script" not in html


def test_report_closes_every_tag_it_opens(run, dataset):
    stack = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "img", "br", "line", "polyline"):
                stack.append(tag)

        def handle_endtag(self, tag):
            assert stack.pop() == tag

    Checker().feed(text_of(write_report(run, dataset)).replace("/>", ">"))
    assert stack == []


def test_report_shows_every_score(run, dataset):
    html = text_of(write_report(run, dataset))
    assert all(score in html for score in ("0.9100", "0.9200", "0.9300", "0.9400", "0.9500"))


def test_report_draws_no_bar_for_a_score_below_0(run, dataset):
    write_result(run, "irs", {**results(3)["irs"], "IRS": -0.2}, 1.0, scored_on(dataset))
    assert '-0.2000</b><i class="ours" style="width:0.0%' in text_of(write_report(run, dataset))


def test_report_marks_the_papers_scores_as_reported_on_other_data(run, dataset):
    html = text_of(write_report(run, dataset))
    assert re.search(r'<td class="paper">0\.5018', html)
    assert "reports on MPI3D, another data set" in html


def test_report_escapes_names(run, dataset):
    html = text_of(write_report(run, dataset))
    assert "arm <b>" not in html
    assert "object &lt;i&gt;size" in html


def test_report_of_an_empty_folder_is_a_page(tmp_path, dataset):
    html = text_of(write_report(tmp_path, dataset))
    assert "has not been scored" in html
    assert "no log.csv" in html
    assert "No checkpoint here" in html


def test_report_of_images_without_factors_has_pictures_and_no_maps(run, tiny_images):
    html = text_of(write_report(run, DataSet("own", tiny_images, (), ())))
    assert "Reconstructions" in html
    assert "What explains the scores" not in html


def test_report_reads_null_as_not_a_number(run):
    path = result_path(run, "sap_score")
    flat = json.loads(text_of(path))
    flat["evaluation_results.score_matrix"][0][0] = None
    path.write_text(json.dumps(flat), encoding="utf-8")
    assert np.isnan(read_results(run)["sap_score"]["score_matrix"][0, 0])


def test_report_shows_a_dash_for_a_score_that_is_not_a_number(run, dataset):
    path = result_path(run, "mig")
    path.write_text(text_of(path).replace(": 0.94", ": null"), encoding="utf-8")
    assert "<b>–</b>" in text_of(write_report(run, dataset))


def test_report_leaves_out_scores_on_another_data_set(run, tiny_images):
    assert "has not been scored" in text_of(
        write_report(run, DataSet("other", tiny_images, (2, 2, 2, 5), tuple("abcd")))
    )


@pytest.fixture
def other_digest(run, dataset):
    """The digest of an encoder that was scored into the folder of a run that has one of its own."""
    (run / "representation").mkdir()
    (run / "representation" / "pytorch_model.pt").write_bytes(b"the run's own")
    changed = {**results(3)["mig"], "discrete_mig": 0.1234}
    write_result(run, "mig", changed, 1.25, {**scored_on(dataset), ENCODER_DIGEST: "other"})
    return "other"


def test_report_of_another_encoder_shows_its_scores(run, dataset, other_digest):
    assert "0.1234" in text_of(write_report(run, dataset, encoder_digest=other_digest))


@pytest.mark.parametrize("of_the_run", ["<polyline", "Reconstructions", "latent_dim", "100 steps", "β-VAE"])
def test_report_of_another_encoder_shows_nothing_of_the_run(run, dataset, other_digest, of_the_run):
    assert of_the_run in text_of(write_report(run, dataset))
    assert of_the_run not in text_of(write_report(run, dataset, encoder_digest=other_digest))


@pytest.mark.parametrize(
    ("name", "shown"), [("mpi3d_real", "reports on MPI3D;"), ("mpi3d_mine", "reports on MPI3D, another data set")]
)
def test_report_takes_for_mpi3d_what_is_it_alone(tmp_path, tiny_images, name, shown):
    images = DataSet(name, tiny_images, (4, 10), ("color", "size"))
    assert shown in text_of(write_report(leave_run(tmp_path, images), images))


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}"])
def test_report_leaves_out_scores_that_cannot_be_read(run, damaged):
    result_path(run, "mig").write_text(damaged, encoding="utf-8")
    assert set(read_results(run)) == {"dci", "factor_vae_metric", "sap_score", "irs"}


def test_report_with_512_latents_stays_small_and_shows_active_ones_alone(tmp_path, dataset):
    path = write_report(leave_run(tmp_path, dataset, 512, active=40), dataset)
    html = text_of(path)
    shown = {int(number) for number in re.findall(r"<b>latent (\d+)</b>", html)}
    assert path.stat().st_size < 5_000_000
    assert len(shown) == MOST_LATENTS
    assert max(shown) < 40


def test_report_holds_no_environment_variable(run, dataset, monkeypatch):
    monkeypatch.setenv("AICROWD_REDIS_PASSWORD", "hunter2-of-the-grader")
    assert "hunter2-of-the-grader" not in text_of(write_report(run, dataset))


def test_report_replaces_the_one_before_only_when_whole(run, dataset, monkeypatch):
    before = text_of(write_report(run, dataset))
    monkeypatch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError("disk gone")))
    with pytest.raises(OSError, match="disk gone"):
        write_report(run, dataset)
    assert text_of(report_path(run)) == before
    assert [path.name for path in report_path(run).parent.iterdir()] == ["index.html"]


def test_report_sets_a_page_aside_that_the_kit_did_not_make(run, dataset, capsys):
    report_path(run).parent.mkdir(exist_ok=True)
    report_path(run).write_text("mine", encoding="utf-8")
    write_report(run, dataset)
    write_report(run, dataset)
    assert [path.name for path in sorted(report_path(run).parent.glob("index*"))] == ["index.html", "index.html.1"]
    assert text_of(report_path(run).with_name("index.html.1")) == "mine"
    assert capsys.readouterr().err.count("was not made by this version of the kit") == 1


def test_maps_mark_the_pair_whose_gap_is_the_score():
    information = np.array([[0.5, 0.1], [0.9, 0.2], [0.1, 0.8]])
    found = results(3)
    found["mig"]["mutual_information"] = information
    marked = next(one.marked for one in maps(found, FACTORS) if one.title.startswith("MIG"))
    np.testing.assert_array_equal(marked, [[2, 0], [1, 2], [0, 1]])


def test_maps_place_irs_rows_at_their_latents():
    found = results(4)
    found["irs"].update(IRS_matrix=np.array([[0.3, 0.7]]), active_dims=np.array([2]))
    values = next(one.values for one in maps(found, FACTORS) if one.title.startswith("IRS"))
    np.testing.assert_array_equal(values[2], [0.3, 0.7])
    assert np.isnan(values[[0, 1, 3]]).all()


def test_paper_keeps_unreadable_scores_apart():
    assert set(paper.table("table1")["beta_vae"].values()) == {None}


def test_paper_entry_is_its_own_row_of_table_3():
    assert paper.entry()[1] == paper.table("table3")["512"]


def test_report_takes_a_log_from_which_the_time_was_removed(run, dataset):
    (run / "log.csv").write_text("step,kl\n50,3.25\n100,4.5\n", encoding="utf-8")
    page = text_of(write_report(run, dataset))
    assert "100 steps" in page
    assert "100 steps in" not in page


def test_report_command_refuses_a_folder_without_a_run(called, tmp_path):
    found = called(main, tmp_path / "none")
    assert found.returncode == 2
    assert found.stderr.startswith("error: ")
    assert "config.json" in found.stderr


def test_local_evaluation_ends_with_a_report(called, tmp_path):
    class Mean(torch.nn.Module):
        def forward(self, images):
            return images.flatten(1)[:, ::1000]

    folder = tmp_path / "output" / "experiment"
    (folder / "representation").mkdir(parents=True)
    torch.jit.save(torch.jit.trace(Mean(), torch.rand(2, 3, 64, 64)), str(folder / "representation/pytorch_model.pt"))
    images = np.random.RandomState(0).randint(0, 256, size=(8, 64, 64, 3)).astype(np.uint8)
    np.savez(str(tmp_path / "own.npz"), images=images)
    (tmp_path / "own.yml").write_text("factors:\n  shape: 2\n  place: 4\n", encoding="utf-8")
    arguments = ("--dataset", tmp_path / "own.npz", "--metrics", "irs", "--jobs", 1)
    done = called(local_evaluation.main, *arguments)
    assert done.returncode == 0, done.stderr
    page = text_of(report_path(folder))
    assert "IRS: robustness" in page
    assert f"<b>{ast.literal_eval(done.stdout.splitlines()[-1].split(' :  ')[1])['irs']:.4f}</b>" in page


def test_hardware_leaves_out_a_gpu_that_does_not_answer(monkeypatch):
    def busy():
        raise RuntimeError("CUDA-capable device(s) is/are busy or unavailable")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", busy)
    assert set(hardware()) == {"system", "processor"}
