import json
import signal
import time
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from data_files import noise, write_pictures

import local_evaluation
import utils.data
from evaluation.cache import digest_file
from evaluation.results import result_path
from utils.errors import InputError

SIZES = {"shape": 3, "size": 2, "place": 4}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with images whose corner pixels are the factors, and an encoder that reads them off."""
    folder = tmp_path_factory.mktemp("files")
    factors = np.stack(np.unravel_index(np.arange(24), tuple(SIZES.values())), axis=1)
    images = np.zeros((24, 64, 64, 3), np.uint8)
    images[:, 0, 0] = 60 * factors
    np.savez(folder / "tiny.npz", images=images)
    (folder / "tiny.yml").write_text("factors:\n" + "".join(f"  {name}: {size}\n" for name, size in SIZES.items()))
    encoder = torch.nn.Sequential(torch.nn.AvgPool2d(1, 64), torch.nn.Flatten())
    torch.jit.save(torch.jit.trace(encoder, torch.rand(2, 3, 64, 64)), str(folder / "encoder.pt"))
    return folder


@pytest.fixture
def evaluation(called, files):
    """A function that runs local_evaluation.py's main on those images; returns what a finished process would."""
    return lambda *arguments, **variables: called(
        local_evaluation.main, *arguments, **{"AICROWD_DATASET_NAME": files / "tiny.npz", **variables}
    )


@pytest.fixture
def encoder(files, tmp_path):
    """A copy of the encoder where the experiment has it."""
    path = tmp_path / "output" / "experiment" / "representation" / "pytorch_model.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes((files / "encoder.pt").read_bytes())
    return path


def final_line(done):
    head, scores = done.stdout.splitlines()[-1].split(" :  ")
    assert head == "Final Scores"
    return json.loads(scores.replace("'", '"'))


def test_local_evaluation_scores_the_experiment(command, files, encoder):
    scores = final_line(command("local_evaluation.py", AICROWD_DATASET_NAME=files / "tiny.npz"))
    assert list(scores) == ["dci", "factor_vae_metric", "sap_score", "mig", "irs"]
    assert scores["dci"] == pytest.approx(1, abs=0.01)
    assert scores["factor_vae_metric"] == pytest.approx(1)


def test_local_evaluation_writes_the_challenge_s_files(evaluation, encoder):
    scores = final_line(evaluation("--metrics", "mig,irs"))
    folder = encoder.parent.parent / "metrics"
    for name, key in (("mig", "discrete_mig"), ("irs", "IRS")):
        written = json.loads((folder / name / "results" / "aggregate" / "evaluation.json").read_text())
        assert written[f"evaluation_results.{key}"] == scores[name]


def test_local_evaluation_reuses_codes(evaluation, encoder):
    first, second = (evaluation("--metrics", "mig") for _ in range(2))
    assert "reused" not in first.stderr
    assert "codes of the points reused" in second.stderr
    assert final_line(first) == final_line(second)


def test_local_evaluation_encodes_anew_for_a_new_encoder(evaluation, encoder):
    evaluation("--metrics", "mig")
    other = torch.nn.Sequential(torch.nn.AvgPool2d(2, 64), torch.nn.Flatten())
    torch.jit.save(torch.jit.trace(other, torch.rand(2, 3, 64, 64)), str(encoder))
    assert "reused" not in evaluation("--metrics", "mig").stderr


def export_while_images_are_read(encoder, monkeypatch):
    """Another encoder takes the place of `encoder` as soon as the data set has been loaded; its digest before that."""
    before, load = digest_file(encoder), utils.data.load
    other = torch.nn.Sequential(torch.nn.AvgPool2d(2, 64), torch.nn.Flatten())

    def load_slowly(*arguments):
        loaded = load(*arguments)
        torch.jit.save(torch.jit.trace(other, torch.rand(2, 3, 64, 64)), str(encoder))
        return loaded

    monkeypatch.setattr(utils.data, "load", load_slowly)
    return before


def test_local_evaluation_writes_the_digest_of_what_it_scored(evaluation, encoder, monkeypatch):
    scored = export_while_images_are_read(encoder, monkeypatch)
    evaluation("--metrics", "mig")
    written = json.loads(result_path(encoder.parent.parent, "mig").read_text())
    assert written["evaluation_config.encoder.sha256"] == scored


def test_local_evaluation_keeps_no_codes_under_the_name_of_a_later_export(evaluation, encoder, monkeypatch):
    with monkeypatch.context() as patch:
        export_while_images_are_read(encoder, patch)
        evaluation("--metrics", "mig")
    assert "reused" not in evaluation("--metrics", "mig").stderr


def test_local_evaluation_takes_any_file_and_data_set(evaluation, files, tmp_path):
    done = evaluation(
        "--encoder", files / "encoder.pt", "--dataset", files / "tiny.npz", "--metrics", "mig", "--output", tmp_path
    )
    assert final_line(done)["mig"] == pytest.approx(1, abs=0.01)
    assert (tmp_path / "metrics" / "mig").is_dir()


def test_local_evaluation_scores_labelled_images_that_are_no_full_grid(evaluation, encoder, tmp_path):
    factors = np.random.RandomState(0).randint(4, size=(400, 3))
    factors = factors[factors.sum(axis=1) < 8]
    images = np.zeros((len(factors), 64, 64, 3), np.uint8)
    images[:, 0, 0] = 60 * factors
    np.savez(tmp_path / "labelled.npz", images=images, labels=factors)
    done = evaluation("--dataset", tmp_path / "labelled.npz", "--metrics", "dci,mig,factor_vae_metric")
    assert done.returncode == 0, done.stderr
    scores = final_line(done)
    assert scores["dci"] == pytest.approx(1, abs=0.01)
    assert "points share one" in done.stderr
    again = evaluation("--dataset", tmp_path / "labelled.npz", "--metrics", "dci,mig,factor_vae_metric")
    assert "codes of the votes reused" in again.stderr
    assert final_line(again) == scores


def test_local_evaluation_scores_a_single_factor_as_far_as_that_is_defined(evaluation, encoder, tmp_path):
    images = np.zeros((200, 64, 64, 3), np.uint8)
    images[:, 0, 0] = np.arange(200)[:, None]
    np.savez(tmp_path / "one.npz", images=images)
    (tmp_path / "one.yml").write_text("factors:\n  place: 200\n")
    done = evaluation("--dataset", tmp_path / "one.npz", "--metrics", "dci,mig,irs")
    assert done.returncode == 0, done.stderr
    assert list(final_line(done)) == ["mig", "irs"]
    assert "dci is not defined here: factors: 1 of 1 vary, expected 2 or more that do" in done.stderr


def test_local_evaluation_removes_the_old_score_of_a_metric_that_is_not_defined(evaluation, encoder, tmp_path):
    evaluation("--metrics", "dci,mig")
    images = np.arange(200, dtype=np.uint8)[:, None, None, None].repeat(64, 1).repeat(64, 2).repeat(3, 3)
    np.savez(tmp_path / "one.npz", images=images)
    (tmp_path / "one.yml").write_text("factors:\n  place: 200\n")
    evaluation("--dataset", tmp_path / "one.npz", "--metrics", "dci,mig")
    assert [path.parts[-4] for path in encoder.parent.parent.rglob("evaluation.json")] == ["mig"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--encoder", "missing.pt"), "missing.pt: cannot be read"),
        (("--encoder", "LICENSE"), "LICENSE: not a TorchScript module"),
        (("--dataset", "mpi3d_toyy"), "did you mean mpi3d_toy?"),
        (("--dataset", "mpi3d_toy"), "mpi3d_toy"),
    ],
)
def test_local_evaluation_refuses_bad_input_in_one_line(evaluation, encoder, arguments, reason):
    done = evaluation(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert reason in done.stderr


def test_local_evaluation_without_an_encoder_says_where_it_looked(evaluation):
    done = evaluation()
    assert done.returncode == 2
    assert "representation/pytorch_model.pt: cannot be read" in done.stderr


def test_local_evaluation_names_a_folder_that_cannot_be_written_before_it_encodes(evaluation, encoder, tmp_path):
    (tmp_path / "file").write_text("")
    done = evaluation("--metrics", "mig", "--output", tmp_path / "file")
    told = f"error: output {tmp_path / 'file'}: Not a directory; expected a folder to write in\n"
    assert (done.returncode, done.stderr) == (2, told)


@pytest.fixture
def other_images(encoder, files):
    """The experiment says that it was trained on images of that name, but other ones."""
    run = encoder.parent.parent
    (run / "config.json").write_text(json.dumps({"dataset": str(files / "tiny.npz")}))
    (run / "dataset.json").write_text('{"name": "tiny", "images": 24, "channels": 3, "fingerprint": "another"}')


def test_local_evaluation_refuses_other_images_than_the_run_was_trained_on(evaluation, other_images):
    done = evaluation("--metrics", "mig", AICROWD_DATASET_NAME="")
    assert done.returncode == 2
    assert "the run was trained on other images" in done.stderr
    assert done.stderr.count("\n") == 1


def test_local_evaluation_says_that_a_named_data_set_has_other_images(evaluation, other_images):
    done = evaluation("--metrics", "mig")
    assert done.returncode == 0
    assert "note: " in done.stderr
    assert "the run was trained on other images" in done.stderr


def test_codes_cache_reads_no_picture_that_is_drawn(files):
    drawn = types.SimpleNamespace(images_are_stored=False, factor_sizes=(2,), sample_factors=len, observe=len)
    assert local_evaluation.codes_cache(files, "encoder", drawn) is None


def test_report_shows_the_scores_of_the_encoder_that_was_scored_alone(evaluation, files, tmp_path):
    other = torch.nn.Sequential(torch.nn.AvgPool2d(2, 64), torch.nn.Flatten())
    torch.jit.save(torch.jit.trace(other, torch.rand(2, 3, 64, 64)), str(tmp_path / "other.pt"))
    for encoder, metric in ((files / "encoder.pt", "mig"), (tmp_path / "other.pt", "irs")):
        evaluation("--encoder", encoder, "--metrics", metric, "--output", tmp_path / "out")
    page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "scoring: irs" in page
    assert "scoring: mig" not in page


def test_report_shows_the_scores_on_the_data_that_was_scored_alone(evaluation, encoder, files, tmp_path):
    evaluation("--metrics", "mig")
    with np.load(files / "tiny.npz") as arrays:
        np.savez(tmp_path / "tiny.npz", images=255 - arrays["images"])
    (tmp_path / "tiny.yml").write_text((files / "tiny.yml").read_text())
    evaluation("--dataset", tmp_path / "tiny.npz", "--metrics", "irs")
    page = (encoder.parent.parent / "report" / "index.html").read_text(encoding="utf-8")
    assert "scoring: irs" in page
    assert "scoring: mig" not in page


def test_make_report_says_why_there_is_none(tmp_path, monkeypatch):
    def fail(folder, dataset, encoder_digest):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.report.write_report", fail)
    told = local_evaluation.make_report(tmp_path, None, None)
    assert told == ("not written (OSError: [Errno 28] No space left on device)", False)


def test_local_evaluation_refuses_to_write_among_the_pictures_that_it_scores(evaluation, encoder, tmp_path):
    pictures = write_pictures(tmp_path / "pictures", noise(0, 8, 64, 64))
    done = evaluation("--encoder", encoder, "--dataset", pictures, "--output", pictures / "scores")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "scores: lies among the pictures of" in done.stderr


def test_local_evaluation_that_could_not_write_its_page_ends_with_1(evaluation, encoder):
    (encoder.parent.parent / "report" / "index.html").mkdir(parents=True)
    done = evaluation("--metrics", "irs")
    assert (done.returncode, list(final_line(done))) == (1, ["irs"])


def test_local_evaluation_draws_by_the_seed_that_it_is_given(evaluation, encoder):
    scores = [final_line(evaluation("--metrics", "mig", "--seed", seed))["mig"] for seed in (0, 1, 0)]
    assert scores[0] == scores[2] != scores[1]


@pytest.mark.parametrize("option", ["--encoder", "--output", "--codes"])
def test_local_evaluation_reads_a_path_from_home(option, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    found = getattr(local_evaluation.parse((option, "~/a.pt")), option[2:])
    assert found in (Path("/home/ada/a.pt"), [Path("/home/ada/a.pt")])


@pytest.mark.parametrize("arguments", [("--metrics", "mig,beta_vae"), ("--jobs", "0"), ("--seed", "x")])
def test_local_evaluation_refuses_bad_options(arguments):
    with pytest.raises(InputError, match=f"argument {arguments[0]}: .*; .* --help lists the arguments"):
        local_evaluation.parse(arguments)


def test_local_evaluation_ends_at_once_on_interrupt_and_keeps_what_is_done(files, encoder, spawn):
    variables = {"AICROWD_DATASET_NAME": files / "tiny.npz", "PYTHONUNBUFFERED": 1}
    process = spawn("local_evaluation.py", "--metrics", "mig,dci", **variables)
    for line in process.stderr:
        if line.startswith("mig: "):
            break
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    rest = process.communicate(timeout=60)[0] or ""
    assert time.monotonic() - sent < 10
    assert process.returncode == 130, rest
    assert (Path(encoder.parent.parent) / "metrics" / "mig" / "results" / "aggregate" / "evaluation.json").is_file()
