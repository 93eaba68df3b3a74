"""A run's folder: what it holds, and which run may go on in it."""

import dataclasses
import os
import re
import shutil
import socket
from types import SimpleNamespace

import pytest
from runs import IMAGES, opened

from evaluation.files import TEMPORARY
from utils.config import Config
from utils.errors import InputError
from utils.run import checkpoint
from utils.run.folder import Run, read_run_config
from utils.run.trained_images import trained_on

FREE = ("steps", "time_budget", "checkpoint_every", "device", "dataset")  # the same images may lie elsewhere
OTHER_VALUES = (11, 0.123, "another")


def test_open_makes_what_the_grader_expects(tmp_path):
    opened(tmp_path / "run")
    assert (tmp_path / "run" / "representation" / "results").is_dir()


def test_open_writes_the_configuration(tmp_path):
    opened(tmp_path / "run", gamma=7.0)
    assert read_run_config(tmp_path / "run") == dataclasses.replace(Config(), gamma=7.0)


def test_open_goes_on_with_more_steps(tmp_path):
    opened(tmp_path / "run", steps=10)
    opened(tmp_path / "run", steps=20, time_budget=60.0)
    assert read_run_config(tmp_path / "run").steps == 20


def test_open_says_that_the_learning_rate_falls_over_other_steps_than_before(tmp_path, capsys):
    opened(tmp_path / "run", steps=1000, decay="steps")
    opened(tmp_path / "run", steps=2000, decay="steps")
    assert capsys.readouterr().err == "note: the learning rate falls over 2,000 steps now, it fell over 1,000\n"


def test_open_refuses_another_configuration_and_names_what_differs(tmp_path):
    opened(tmp_path / "run", gamma=7.0)
    with pytest.raises(InputError, match=r"gamma was 7\.0 and is now 8\.0.*--fresh"):
        opened(tmp_path / "run", gamma=8.0)
    assert read_run_config(tmp_path / "run").gamma == 7.0


@pytest.mark.parametrize("key", [field.name for field in dataclasses.fields(Config) if field.name not in FREE])
def test_open_refuses_another_value_of_any_key_that_what_is_learned_depends_on(tmp_path, key):
    other = next(value for value in OTHER_VALUES if type(value) is type(getattr(Config(), key)))
    opened(tmp_path / "run")
    with pytest.raises(InputError, match=f"{key} was .* and is now"):
        opened(tmp_path / "run", **{key: other})


def test_open_keeps_a_trained_encoder_whose_checkpoints_are_gone(tmp_path, capsys):
    encoder = opened(tmp_path / "run").encoder_path
    encoder.write_text("trained")
    (tmp_path / "run" / "log.csv").write_text("step,kl\n50,1\n")
    opened(tmp_path / "run")
    assert encoder.with_name("pytorch_model.pt.1").read_text() == "trained"
    assert (tmp_path / "run" / "log.csv.1").read_text() == "step,kl\n50,1\n"
    told = capsys.readouterr().err
    assert "holds no checkpoint, so training begins anew" in told
    assert f"what was {encoder} is now {encoder}.1" in told


@pytest.mark.parametrize("fresh", [False, True])
def test_open_renames_nothing_on_a_full_disk(tmp_path, monkeypatch, fresh):
    encoder = opened(tmp_path / "run").encoder_path
    encoder.write_text("trained")
    (tmp_path / "run" / "log.csv").write_text("step,kl\n50,1\n")

    def full(folder, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.run.folder.require_room", full)
    with pytest.raises(InputError, match="No space left on device"):
        opened(tmp_path / "run", fresh=fresh)
    assert encoder.read_text() == "trained"


def test_open_leaves_the_encoder_of_a_run_that_goes_on(tmp_path):
    run = opened(tmp_path / "run")
    run.encoder_path.write_text("trained")
    (tmp_path / "run" / "log.csv").write_text("step,kl\n50,1\n")
    checkpoint.save(run.checkpoints, {"step": 50})
    opened(tmp_path / "run")
    assert run.encoder_path.read_text() == "trained"


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"gama": 1}', '{"width": "a"}', '{"gamma": null}'])
def test_open_names_a_damaged_configuration(tmp_path, content):
    opened(tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json"):
        opened(tmp_path / "run")


def test_open_names_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/run.*Not a directory"):
        opened(tmp_path / "file" / "run")


def test_open_removes_what_a_kill_left_half_written(tmp_path):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / f".step_0000000001.{TEMPORARY}-abcdefgh.ckpt").write_text("half")
    opened(tmp_path / "run")
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_open_leaves_the_user_s_files_and_folders(tmp_path):
    opened(tmp_path / "run")
    names = (".gitlab-ci.yml", ".notes-1.swp", "checkpoints.old-1.txt")
    for name in names:
        (tmp_path / "run" / name).write_text("the user's")
    (tmp_path / "run" / f".a.{TEMPORARY}-abcdefgh.txt").mkdir()
    opened(tmp_path / "run")
    assert all((tmp_path / "run" / name).exists() for name in names)


def test_open_refuses_a_folder_in_which_a_run_is_open_and_names_it(tmp_path):
    with Run(tmp_path, Config(), tmp_path / "encoder.pt", None) as first:
        first.open(False, IMAGES)
        holder = f"process {os.getpid()} on {socket.gethostname()}, since "
        with pytest.raises(InputError, match=re.escape(holder)):
            opened(tmp_path)
        with pytest.raises(InputError, match=re.escape(holder)):
            opened(tmp_path, fresh=True)
    opened(tmp_path)


def test_open_goes_on_where_the_file_system_has_no_locks(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("utils.run.lock.fcntl.flock", refuse)
    opened(tmp_path / "run")
    assert (tmp_path / "run" / "config.json").exists()


def test_open_refuses_other_images(tmp_path):
    opened(tmp_path / "run")
    other = {**IMAGES, "images": 41, "fingerprint": "5678"}
    with pytest.raises(InputError, match=r"dataset\.json: .*other images .*40 images.*now tiny: 41 images.*--fresh"):
        opened(tmp_path / "run", images=other)


@pytest.mark.parametrize("other", [IMAGES, {**IMAGES, "fingerprint": "5678"}])
def test_open_refuses_checkpoints_of_which_no_configuration_tells(tmp_path, other):
    checkpoint.save(opened(tmp_path / "run").checkpoints, {"step": 50})
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(InputError, match=r"config\.json: missing.*--fresh|dataset\.json: .*other images.*--fresh"):
        opened(tmp_path / "run", images=other)
    opened(tmp_path / "run", fresh=True, images=other)


def test_save_writes_again_what_a_lost_folder_was_of(saving, tmp_path):
    shutil.rmtree(str(tmp_path / "run"))
    saving(1.0)
    assert read_run_config(tmp_path / "run") == Config()
    assert trained_on(tmp_path / "run") == IMAGES["name"]


def test_open_takes_the_same_images_from_another_place(tmp_path):
    opened(tmp_path / "run", dataset="/a/tiny.npy")
    opened(tmp_path / "run", dataset="/b/small.npy", images={**IMAGES, "name": "small"})
    assert read_run_config(tmp_path / "run").dataset == "/b/small.npy"


@pytest.mark.parametrize("content", ["", "[1]", "{}", "\xff", None])
def test_open_refuses_checkpoints_of_which_nothing_tells_the_images(tmp_path, content):
    record = tmp_path / "run" / "dataset.json"
    checkpoint.save(opened(tmp_path / "run").checkpoints, {"step": 50})
    record.unlink() if content is None else record.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"dataset\.json: missing or damaged.*--fresh"):
        opened(tmp_path / "run")


def test_open_needs_no_record_of_images_that_nothing_was_trained_on(tmp_path):
    opened(tmp_path / "run")
    (tmp_path / "run" / "dataset.json").unlink()
    opened(tmp_path / "run", images={**IMAGES, "fingerprint": "5678"})


@pytest.mark.parametrize("error", [RuntimeError("size mismatch for x"), KeyError("attempt"), ValueError("no")])
def test_resume_refuses_a_checkpoint_of_other_networks_by_name(tmp_path, monkeypatch, error):
    def fail(state):
        raise error

    run = opened(tmp_path / "run")
    monkeypatch.setattr("utils.run.checkpoint.load_latest", lambda folder: {"seconds": 1.0})
    trainer = SimpleNamespace(load_state_dict=fail, group=SimpleNamespace(run_on_main=lambda make: make()))
    with pytest.raises(InputError, match=r"checkpoints: not of this configuration .*--fresh"):
        run.resume(trainer)


def test_try_write_reports_a_failing_write_once_and_remembers_it(tmp_path, capsys):
    run = opened(tmp_path / "run")

    def fail():
        raise OSError(28, "No space left on device", "x.pt")

    run.try_write("export", fail)
    run.try_write("export", fail)
    assert capsys.readouterr().err == (
        "warning: export not written: No space left on device (x.pt); training goes on\n"
    )
    assert run.problems == {"export": "No space left on device (x.pt)"}


@pytest.fixture
def saving(tmp_path, monkeypatch):
    """A function that saves a run of which export and checkpoint take 2 s, the report 3 s; the seconds that took."""
    clock = SimpleNamespace(now=0.0)

    def takes(seconds):
        return lambda *arguments: setattr(clock, "now", clock.now + seconds)

    run = opened(tmp_path / "run", write_report=takes(3.0))
    for name, seconds in {"export_encoder": 1.0, "checkpoint.save": 1.0}.items():
        monkeypatch.setattr(f"utils.run.folder.{name}", takes(seconds))
    monkeypatch.setattr("utils.run.folder.time", SimpleNamespace(monotonic=lambda: clock.now))
    trainer = SimpleNamespace(state_dict=dict, networks={"encoder": None}, channels=3, step=0)
    return lambda permitted: run.save(trainer, 0.0, lambda seconds: seconds <= permitted)


def test_save_draws_a_report_whose_time_the_budget_permits(saving):
    assert saving(2.0) == 5.0  # before it is known, it is taken to be that of export and checkpoint
    assert saving(3.0) == 5.0


def test_save_leaves_out_a_report_that_would_take_too_long(saving):
    assert saving(1.9) == 2.0
    assert saving(2.0) == 5.0
    assert saving(2.9) == 2.0


def test_read_run_config_of_an_empty_folder_is_none(tmp_path):
    assert read_run_config(tmp_path) is None


def test_read_run_config_names_a_damaged_file(tmp_path):
    (tmp_path / "config.json").write_text('{"gama": 1}')
    with pytest.raises(InputError, match=r"config\.json: no configuration of this version of the kit .*--fresh"):
        read_run_config(tmp_path)


def test_read_run_config_tells_a_file_that_cannot_be_read_from_a_damaged_one(tmp_path):
    (tmp_path / "config.json").mkdir()
    with pytest.raises(InputError, match=r"config\.json: Is a directory; expected a file that can be read"):
        read_run_config(tmp_path)


def test_open_refuses_fewer_steps_than_are_made(tmp_path):
    opened(tmp_path / "run", steps=20)
    (tmp_path / "run" / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "run" / "checkpoints" / "step_0000000020.ckpt").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"steps=10: the run in .* is at step 20, expected as many at least; .*--fresh"
    ):
        opened(tmp_path / "run", steps=10)
    assert read_run_config(tmp_path / "run").steps == 20
