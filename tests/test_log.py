import json
import math
import resource
import sys
from types import SimpleNamespace

import pytest
import torch

from utils.durations import clock
from utils.run import scalars as scalars_module
from utils.run.log import CsvLog, read_log
from utils.run.means import Means
from utils.run.scalars import Scalars


def read(path):
    return path.read_text().splitlines()


def test_csv_log_keeps_six_digits_of_a_number(tmp_path):
    CsvLog(tmp_path / "log.csv", 0).add({"step": 50, "loss": 6321.4567})
    assert read(tmp_path / "log.csv") == ["step,loss", "50,6321.46"]


def test_csv_log_writes_a_header_and_a_row_a_call(tmp_path):
    log = CsvLog(tmp_path / "log.csv", 0)
    log.add({"step": 50, "loss": 1.5})
    log.add({"step": 100, "loss": 1.25})
    assert read(tmp_path / "log.csv") == ["step,loss", "50,1.5", "100,1.25"]


def test_csv_log_goes_on_without_repeats(tmp_path):
    log = CsvLog(tmp_path / "log.csv", 0)
    for step in (50, 100, 150):
        log.add({"step": step, "loss": 1.0})
    CsvLog(tmp_path / "log.csv", 100).add({"step": 150, "loss": 2.0})
    assert read(tmp_path / "log.csv") == ["step,loss", "50,1", "100,1", "150,2"]


def test_csv_log_drops_a_row_that_a_kill_cut_short(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss\n50,1\n10")
    CsvLog(tmp_path / "log.csv", 50).add({"step": 100, "loss": 2.0})
    assert read(tmp_path / "log.csv") == ["step,loss", "50,1", "100,2"]


def test_csv_log_begins_anew_where_a_kill_left_no_header(tmp_path):
    (tmp_path / "log.csv").write_text("step,lo")
    CsvLog(tmp_path / "log.csv", 0).add({"step": 100, "loss": 2.0})
    assert read(tmp_path / "log.csv") == ["step,loss", "100,2"]


def test_csv_log_writes_its_header_again_where_the_file_was_removed(tmp_path):
    log = CsvLog(tmp_path / "log.csv", 0)
    log.add({"step": 50, "loss": 1.5})
    (tmp_path / "log.csv").unlink()
    log.add({"step": 100, "loss": 1.25})
    assert read(tmp_path / "log.csv") == ["step,loss", "100,1.25"]


SPREADSHEETS = {
    "an empty last line": "step,loss\n50,1.5\n100,1.25\n150,1\n\n",
    "semicolons and decimal commas": "step;loss\n50;1,5\n100;1,25\n150;1\n",
    "whole numbers with a point": "step,loss\n50.0,1.5\n100.0,1.25\n150.0,1.0\n",
    "Windows' line ends and a mark": "\ufeffstep,loss\r\n50,1.5\r\n100,1.25\r\n150,1\r\n",
    "an old Mac's line ends": "step,loss\r50,1.5\r100,1.25\r150,1\r",
    "quotes": '"step","loss"\n"50","1.5"\n"100","1.25"\n"150","1"\n',
    "tabs and empty cells": "step\tloss\t\n50\t1.5\t\n100\t1.25\t\n\t\t\n",
    "a falling order": "step,loss\n150,1\n100,1.25\n50,1.5\n",
    "a sum below": "step,loss\n50,1.5\n100,1.25\nmean,1.375\n",
}


@pytest.mark.parametrize("written", SPREADSHEETS.values(), ids=SPREADSHEETS)
def test_csv_log_goes_on_after_a_spreadsheet(tmp_path, written):
    (tmp_path / "log.csv").write_bytes(written.encode())
    CsvLog(tmp_path / "log.csv", 100).add({"step": 150, "loss": 2.0})
    log = read_log(tmp_path / "log.csv")
    assert log["step"].tolist() == [50, 100, 150]
    assert log["loss"].tolist() == [1.5, 1.25, 2.0]


@pytest.mark.parametrize("written", SPREADSHEETS.values(), ids=SPREADSHEETS)
def test_read_log_reads_what_a_spreadsheet_wrote(tmp_path, written):
    (tmp_path / "log.csv").write_bytes(written.encode())
    log = read_log(tmp_path / "log.csv")
    assert sorted(log["step"])[:2] == [50, 100]
    assert sorted(log["loss"])[-2:] == [1.25, 1.5]


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00\n", b"\xff\xfes\x00t\x00\n\x00", b"a,b\n1,2\n"])
def test_csv_log_sets_aside_what_is_no_log_any_more(tmp_path, content, capsys):
    (tmp_path / "log.csv").write_bytes(content)
    CsvLog(tmp_path / "log.csv", 100).add({"step": 150, "loss": 2.0})
    assert (tmp_path / "log.csv.1").read_bytes() == content
    assert read(tmp_path / "log.csv") == ["step,loss", "150,2"]
    assert "log.csv.1" in capsys.readouterr().err


def test_csv_log_adds_a_column_that_is_missing(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss,note\n50,1,mine\n")
    log = CsvLog(tmp_path / "log.csv", 50)
    log.add({"step": 100, "kl": 3.0, "loss": 2.0})
    log.add({"step": 150, "kl": 4.0, "loss": 5.0})
    assert read(tmp_path / "log.csv") == ["step,loss,note,kl", "50,1,mine,", "100,2,,3", "150,5,,4"]


@pytest.mark.parametrize("content", [b"", b"step", b"a,b\n1,2\n", b"\x00\n"])
def test_read_log_of_what_is_no_log_is_empty(tmp_path, content):
    (tmp_path / "log.csv").write_bytes(content)
    assert read_log(tmp_path / "log.csv") == {}
    assert read_log(tmp_path) == {}


def test_csv_log_leaves_no_part_of_a_row_that_does_not_fit(tmp_path):
    log = CsvLog(tmp_path / "log.csv", 0)
    log.add({"step": 50, "loss": 1.5})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "log.csv").stat().st_size + 4, before[1]))
    try:
        with pytest.raises(OSError, match=r"log\.csv"):
            log.add({"step": 100, "loss": 1.25})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read(tmp_path / "log.csv") == ["step,loss", "50,1.5"]


class StandIn(dict):
    """A message of TensorBoard's as a line of JSON."""

    START = "start"

    def __init__(self, **fields):
        super().__init__({name: value for name, value in fields.items() if name != "wall_time"})

    def SerializeToString(self):
        return json.dumps(self).encode() + b"\n"


@pytest.fixture
def stand_in(monkeypatch):
    """TensorBoard, whether it is installed or not."""
    parts = SimpleNamespace(Event=StandIn, SessionLog=StandIn, Summary=StandIn, RecordWriter=lambda out: out)
    parts.Summary.Value = StandIn
    monkeypatch.setattr(scalars_module, "_tensorboard", lambda: parts)


def events(folder):
    """What each file holds, by the order of the files' names."""
    return [[json.loads(line) for line in read(path)] for path in sorted(folder.iterdir())]


def scalars(step, **values):
    return {"step": step, "summary": {"value": [{"tag": tag, "simple_value": value} for tag, value in values.items()]}}


def test_scalars_are_the_row_s_numbers_at_its_step(stand_in, tmp_path):
    written = Scalars(tmp_path / "tensorboard", 0)
    written.add({"step": 50, "loss": 1.5, "kl": 2.0})
    written.add({"step": 100, "loss": 1.25, "kl": 3.0})
    (file,) = events(tmp_path / "tensorboard")
    assert file[2:] == [scalars(50, loss=1.5, kl=2.0), scalars(100, loss=1.25, kl=3.0)]


def test_scalars_go_on_in_a_file_that_hides_what_is_repeated(stand_in, tmp_path):
    Scalars(tmp_path, 0).add({"step": 150, "loss": 1.0})
    Scalars(tmp_path, 100).add({"step": 150, "loss": 2.0})
    _, file = events(tmp_path)
    assert file == [
        {"file_version": "brain.Event:2", "step": 101},
        {"session_log": {"status": "start"}, "step": 101},
        scalars(150, loss=2.0),
    ]


def test_scalars_go_on_after_a_write_that_failed(stand_in, tmp_path):
    written = Scalars(tmp_path / "tensorboard", 0)
    written.add({"step": 50, "loss": 1.0})
    (tmp_path / "tensorboard").rename(tmp_path / "moved")
    (tmp_path / "tensorboard").write_text("")
    with pytest.raises(OSError, match="tensorboard"):
        written.add({"step": 100, "loss": 2.0})
    (tmp_path / "tensorboard").unlink()
    written.add({"step": 150, "loss": 3.0})
    (file,) = events(tmp_path / "tensorboard")
    assert file[1:] == [{"session_log": {"status": "start"}, "step": 100}, scalars(150, loss=3.0)]


def test_scalars_leave_no_file_that_could_not_be_begun(stand_in, tmp_path):
    def refuse(record):
        raise OSError(28, "No space left on device")

    written = Scalars(tmp_path, 0)
    written.parts.RecordWriter = lambda out: SimpleNamespace(write=refuse)
    with pytest.raises(OSError, match="No space"):
        written.add({"step": 50, "loss": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_scalars_without_tensorboard_are_nothing_and_nothing_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # importing it raises
    Scalars(tmp_path / "tensorboard", 0).add({"step": 50, "loss": 1.0})
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_scalars_are_read_by_tensorboard_without_repeats(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for first_step in (0, 100):
        written = Scalars(tmp_path, first_step)
        for step in range(first_step + 50, first_step + 151, 50):
            written.add({"step": step, "loss": float(first_step)})
    found = accumulator.EventAccumulator(str(tmp_path)).Reload().Scalars("loss")
    assert [(event.step, event.value) for event in found] == [(50, 0), (100, 0), (150, 100), (200, 100), (250, 100)]


def test_means_average_since_the_last_take():
    means = Means()
    for value in (1.0, 3.0):
        means.add({"loss": torch.tensor(value), "kl_per_latent": torch.tensor([0.5, 0.011, 0.009])})
    assert means.take() == {"loss": 2.0, "active_latents": 2}
    means.add({"loss": torch.tensor(7.0), "kl_per_latent": torch.tensor([0.0, 0.0, 0.0])})
    assert means.take() == {"loss": 7.0, "active_latents": 0}


def test_means_do_not_change_what_they_were_given():
    means, value = Means(), torch.tensor(1.0)
    for _ in range(2):
        means.add({"loss": value, "kl_per_latent": torch.zeros(1)})
    assert float(value) == 1.0


def test_means_of_numbers_that_are_not_finite_say_so():
    means = Means()
    means.add({"loss": torch.tensor(1.0), "kl_per_latent": torch.tensor([float("inf"), 0.0])})
    assert math.isnan(means.take()["active_latents"])


@pytest.mark.parametrize(("seconds", "told"), [(5, "0:05"), (309.9, "5:09"), (7509, "2:05:09"), (-1, "0:00")])
def test_clock_tells_time_as_people_do(seconds, told):
    assert clock(seconds) == told
