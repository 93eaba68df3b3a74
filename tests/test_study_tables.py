"""A study's tables: means over seeds, and the paper's rows apart from ours."""

import numpy as np
import pytest
from PIL import Image

from evaluation.metrics.table import DEFAULT
from utils.study.grid import read_study
from utils.study.tables import collect, markdown, mean_and_spread, paper_rows, write_tables


def test_mean_and_spread_are_over_seeds():
    mean, spread = mean_and_spread({0: {"mig": 0.1}, 1: {"mig": 0.3}}, "mig")
    assert mean == pytest.approx(0.2)
    assert spread == pytest.approx(0.2 / np.sqrt(2))


def test_markdown_tells_the_papers_rows_from_ours():
    study = read_study("configs/studies/objectives.yml", ["seeds=2"])
    columns = (*DEFAULT, "mean", "reconstruction")
    found = {row: {seed: dict.fromkeys(columns, 0.2 + seed) for seed in (0, 1)} for row in study.rows}
    lines = markdown(study, found, paper_rows(study), {}).splitlines()
    assert "| **factor_vae** | 2 | " + " | ".join(["0.7000 ± 0.7071"] * 6) + " | 0.7 ± 0.7 |" in lines
    assert "| *factor_vae, the paper* | | *0.4490* | *0.0596* | *0.1385* | *0.5976* | *0.0589* | – | – |" in lines


def test_markdown_leaves_a_dash_where_nothing_was_measured():
    study = read_study("configs/studies/latents.yml", ["latent_dim=8"])
    assert "| **8** | 0 | – | – | – | – | – | – | – |" in markdown(study, {"8": {}}, {}, {})


def test_paper_rows_keep_those_that_we_did_not_run():
    rows = paper_rows(read_study("configs/studies/latents.yml", ["latent_dim=512,8"]))
    assert set(rows) == {"256", "512", "768", "1024", "1536", "2048", "3072"}


def test_tables_are_drawn_before_anything_is_measured(tmp_path):
    study = read_study("configs/studies/steps.yml")
    write_tables(tmp_path, study, {})
    assert collect(tmp_path, study) == {row: {} for row in study.rows}
    with Image.open(str(tmp_path / "plot.png")) as picture:
        assert picture.size[0] > 1000
