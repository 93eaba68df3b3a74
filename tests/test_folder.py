import dataclasses
from types import SimpleNamespace

import pytest

from utils.config import Config
from utils.errors import InputError
from utils.run.folder import Run, read_run_config


def opened(folder, fresh=False, write_report=None, **settings):
    config = dataclasses.replace(Config(), **settings)
    run = Run(folder, config, folder / "representation" / "pytorch_model.pt", write_report)
    run.open(fresh)
    return run


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


def test_open_refuses_another_configuration_and_names_what_differs(tmp_path):
    opened(tmp_path / "run", gamma=7.0)
    with pytest.raises(InputError, match=r"gamma was 7\.0 and is now 8\.0.*--fresh"):
        opened(tmp_path / "run", gamma=8.0)
    assert read_run_config(tmp_path / "run").gamma == 7.0


def test_open_fresh_keeps_the_old_run_aside(tmp_path):
    opened(tmp_path / "run", gamma=7.0)
    opened(tmp_path / "run", fresh=True, gamma=8.0)
    opened(tmp_path / "run", fresh=True, gamma=9.0)
    kept = [read_run_config(tmp_path / name).gamma for name in ("run.1", "run.2", "run")]
    assert kept == [7.0, 8.0, 9.0]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"gama": 1}'])
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
    (tmp_path / "run" / "checkpoints" / ".step_0000000001-abc.ckpt").write_text("half")
    opened(tmp_path / "run")
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_attempt_reports_a_failing_write_once_and_remembers_it(tmp_path, capsys):
    run = opened(tmp_path / "run")

    def fail():
        raise OSError(28, "No space left on device", "x.pt")

    run.attempt("export", fail)
    run.attempt("export", fail)
    assert capsys.readouterr().err == (
        "warning: export not written: No space left on device (x.pt); training goes on\n"
    )
    assert run.problems == {"export": "No space left on device (x.pt)"}


@pytest.fixture
def closing(tmp_path, monkeypatch):
    """A function that closes a run of which export and checkpoint take 2 s, the report 3 s; the seconds that took."""
    clock = SimpleNamespace(now=0.0)

    def takes(seconds):
        return lambda *arguments: setattr(clock, "now", clock.now + seconds)

    run = opened(tmp_path / "run", write_report=takes(3.0))
    for name, seconds in {"export_encoder": 1.0, "checkpoint.save": 1.0}.items():
        monkeypatch.setattr(f"utils.run.folder.{name}", takes(seconds))
    monkeypatch.setattr("utils.run.folder.time", SimpleNamespace(monotonic=lambda: clock.now))
    trainer = SimpleNamespace(state_dict=dict, networks={"encoder": None}, channels=3)
    return lambda permitted: run.save(trainer, 0.0, lambda seconds: seconds <= permitted)


def test_close_draws_a_report_whose_time_the_budget_permits(closing):
    assert closing(2.0) == 5.0  # before it is known, it is taken to be that of export and checkpoint
    assert closing(3.0) == 5.0


def test_close_leaves_out_a_report_that_would_take_too_long(closing):
    assert closing(1.9) == 2.0
    assert closing(2.0) == 5.0
    assert closing(2.9) == 2.0


def test_read_run_config_of_an_empty_folder_is_none(tmp_path):
    assert read_run_config(tmp_path) is None


def test_read_run_config_names_a_damaged_file(tmp_path):
    (tmp_path / "config.json").write_text('{"gama": 1}')
    with pytest.raises(InputError, match=r"config\.json: no configuration of this version of the kit .*--fresh"):
        read_run_config(tmp_path)
