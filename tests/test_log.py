import math

import pytest
import torch

from utils.log import CsvLog, Means, clock


def read(path):
    return path.read_text().splitlines()


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


def test_means_average_since_the_last_take():
    means = Means()
    for value in (1.0, 3.0):
        means.add({"loss": torch.tensor(value), "kl_per_latent": torch.tensor([0.5, 0.001])})
    assert means.take() == {"loss": 2.0, "active_latents": 1}
    means.add({"loss": torch.tensor(7.0), "kl_per_latent": torch.tensor([0.0, 0.0])})
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
