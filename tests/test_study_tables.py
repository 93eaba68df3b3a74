"""A study's tables: means over seeds, and the paper's rows apart from ours."""

import numpy as np
import pytest
from PIL import Image

from evaluation.metrics.table import DEFAULT
from utils.study.curves import draw_curves
from utils.study.grid import read_study
from utils.study.tables import collect, markdown, mean_and_spread, paper_rows, plot, write_tables


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


def test_markdown_keeps_a_bar_in_a_row_s_name_out_of_the_table_s_columns():
    assert "| **a\\|b** | 0 |" in markdown(
        read_study("configs/studies/steps.yml")._replace(rows=("a|b",)), {"a|b": {}}, {}, {}
    )


def test_markdown_says_where_a_score_is_not_a_number():
    study = read_study("configs/studies/latents.yml", ["latent_dim=8"])
    numbers = {**dict.fromkeys((*DEFAULT, "mean", "reconstruction"), 0.5), "mig": np.nan}
    assert "| **8** | 1 | 0.5000 | 0.5000 | 0.5000 | 0.5000 | not a number |" in markdown(
        study, {"8": {0: numbers}}, {}, {}
    )


@pytest.fixture
def weights():
    """The study with the most rows, and scores for each."""
    study = read_study("configs/studies/weights.yml", ["seeds=1"])
    return study, {row: {0: dict.fromkeys(DEFAULT, 0.5)} for row in study.rows}


def test_plot_has_room_for_the_names_of_its_rows(weights):
    figure = plot(*weights, {})
    figure.canvas.draw()
    assert min(label.get_window_extent().x0 for label in figure.axes[0].get_yticklabels()) >= 0


def test_plot_draws_scores_below_0_to_the_left(weights):
    study, found = weights
    figure = plot(study, {row: {0: {**scores[0], "irs": -0.5}} for row, scores in found.items()}, {})
    lowest = sorted(panel.get_xlim()[0] for panel in figure.axes)
    assert lowest[0] < -0.5
    assert lowest[1:] == [0] * (len(lowest) - 1)


def test_plot_begins_at_0_where_no_score_is_below(weights):
    study, _ = weights
    spread = {row: {0: dict.fromkeys(DEFAULT, 0.01 + place / 30)} for place, row in enumerate(study.rows)}
    assert {panel.get_xlim()[0] for panel in plot(study, spread, {}).axes} == {0}


@pytest.mark.parametrize(("reported", "entries"), [({}, 1), ({"vae": dict.fromkeys(DEFAULT, 0.5)}, 2)])
def test_plot_names_the_paper_only_where_its_rows_are_drawn(weights, reported, entries):
    (legend,) = plot(*weights, reported).legends
    assert len(legend.get_texts()) == entries


def test_curves_of_all_rows_are_told_apart_and_named_inside_the_figure(weights):
    log = {"step": np.arange(3.0), "reconstruction": np.arange(3.0), "kl": np.arange(3.0)}
    figure = draw_curves(weights[0], [(row, log) for row in weights[0].rows])
    kinds = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].get_lines()}
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    lowest = min(panel.xaxis.label.get_window_extent().y0 for panel in figure.axes)
    assert len(kinds) == len(weights[0].rows)
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert box.y1 <= lowest


def test_a_log_of_one_row_is_seen_among_the_curves(weights):
    figure = draw_curves(weights[0], [("beta_vae 2", {"step": np.ones(1), "kl": np.ones(1)})])
    assert [line.get_marker() for line in figure.axes[0].get_lines()] == ["o"]


def test_dollar_signs_in_titles_and_rows_are_drawn_as_they_are():
    study = read_study("configs/studies/latents.yml", ["latent_dim=8"])
    study = study._replace(title=r"costs $\foo$", rows=(r"$\beta_$",))
    log = {"step": np.arange(3.0), "kl": np.arange(3.0)}
    for figure in (plot(study, {study.rows[0]: {}}, {}), draw_curves(study, [(study.rows[0], log)])):
        figure.canvas.draw()
