"""The tables of scores in docs/ say what the runs' files beside them say: means, spreads, counts."""

import csv
import re
import statistics

import pytest
from conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
SCORES = ("FactorVAE", "SAP", "DCI", "IRS", "MIG")
IN_WEIGHTS = dict(zip(("factor_vae_metric", "sap_score", "dci", "irs", "mig"), SCORES))
OBJECTIVES = {
    "FactorVAE": "factor_vae",
    "β-TCVAE": "beta_tc_vae",
    "β-VAE": "beta_vae",
    "BottleneckVAE": "bottleneck_vae",
    "DIP-VAE-II": "dip_vae_ii",
    "DIP-VAE-I": "dip_vae_i",
    "AnnealedVAE": "annealed_vae",
}


def _runs(name):
    with (DOCS / name).open(encoding="utf-8", newline="") as file:
        return [{IN_WEIGHTS.get(key, key): text for key, text in row.items()} for row in csv.DictReader(file)]


RUNS, UNSEEN, WEIGHTS = (_runs(name) for name in ("runs.csv", "unseen_sets.csv", "weights.csv"))


def _where(runs, **values):
    """The runs with these values and scores; underscores in names stand for spaces."""
    wanted = {key.replace("_", " "): value for key, value in values.items()}
    return [run for run in runs if run["MIG"] and all(run[key] == value for key, value in wanted.items())]


def _first_weights(row, updates="6000"):
    """Glorot's runs on the kit's own scenes stand in runs.csv, where they were the quick start's."""
    data, recipe = row["set"].strip("`"), row["first weights"]
    found = _where(UNSEEN, data_set=data, recipe=recipe, updates=updates)
    if recipe == "Glorot" and data.startswith("synthetic_arm"):
        found += _where(RUNS, data_set=data, row="quickstart_6000", update=updates)
    return found


def _other_recipe(row):
    updates, _, _ = row["updates, seeds"].rpartition(",")
    return _where(UNSEEN, data_set=row["set"].strip("`"), recipe=row["recipe"], updates=updates.replace(",", ""))


def _entry(row):
    weights = row["first weights"].partition(",")[0]  # "Glorot, the same run continued"
    recipe = "challenge.yml" if weights == "Glorot" else f"challenge.yml, {weights}"
    return _where(UNSEEN, data_set="kuka", recipe=recipe, updates=row["updates"].replace(",", ""))


def _quick_start(row):
    name = row["recipe"].strip("*`")
    if name == "plain":
        return _where(RUNS, data_set=row["data set"].strip("`"), row="plain", update="1500")
    name = {"12": "quickstart_epyc", "8": "quickstart"}[row["seeds"]]
    return _where(RUNS, data_set=row["data set"].strip("`"), row=name, update="3000")


def _twice_as_long(row):
    name = {"glorot": "quickstart_6000", "lower rate": "lower_rate_6000"}[row["recipe"].strip("*`")]
    return _where(RUNS, data_set=row["data set"].strip("`"), row=name, update="6000")


def _weights(data):
    def of(row):
        weight = re.search(r"[0-9,]+", row["weight"]).group()
        return _where(WEIGHTS, data_set=data, row=f"{OBJECTIVES[row['objective']]} {weight}")

    return of


def _updates(row):
    updates = row["updates"].replace(",", "")
    return _where(RUNS, data_set="synthetic_arm", row=f"steps_epyc_{updates}")


def _studied(key, unchanged):
    def of(row):
        name = "quickstart" if row[key] == unchanged else f"{key}_{row[key]}"
        return _where(RUNS, data_set="synthetic_arm", row=name, update="3000")

    return of


TABLES = {  # page, the table's place among those of the page with five scores, and the runs of one of its rows
    "first weights": ("unseen_sets.md", 0, _first_weights),
    "other recipes": ("unseen_sets.md", 1, _other_recipe),
    "the entry on kuka": ("unseen_sets.md", 2, _entry),
    "the quick start": ("recipe.md", 0, _quick_start),
    "at twice the length": ("recipe.md", 1, _twice_as_long),
    "objectives": ("reproduction.md", 0, _weights("synthetic_arm")),
    "objectives, flat": ("reproduction.md", 1, _weights("synthetic_arm_flat")),
    "updates": ("reproduction.md", 2, _updates),
    "latents": ("reproduction.md", 3, _studied("latents", "10")),
    "width": ("reproduction.md", 5, _studied("width", "1")),
}


def _tables(page):
    """The tables of a page that have a column for each score: a list of rows {column: text} each."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.M):
        header, _, *rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in lines.splitlines()]
        if set(SCORES) <= set(header):
            yield [dict(zip(header, row)) for row in rows]


def _numbers(text):
    return [float(number) for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", text.replace(",", "").replace("−", ""))]


def _cell(values):
    """The numbers of a cell: the mean, and beside it the standard deviation where there are several values."""
    return [statistics.mean(values)] if len(values) == 1 else [statistics.mean(values), statistics.stdev(values)]


def _expected(runs):
    """{column: (numbers, by how much rounding may move them)}; the files have one digit more than the pages."""
    scores = {name: [float(run[name]) for run in runs] for name in SCORES}
    means = [sum(five) / len(SCORES) for five in zip(*scores.values())]
    others = [mean for run, mean in zip(runs, means) if run["seed"] != "0"]
    active = [int(run["active latents"]) for run in runs if run.get("active latents")]
    nats = _cell([-float(run["reconstruction"]) for run in runs])
    return {
        **{name: (_cell(values), 0.00056) for name, values in scores.items()},
        "mean of five": (_cell(means), 0.00056),
        "worst seed": ([min(means)], 0.00056),
        "without seed 0": ([statistics.mean(others or [0.0])], 0.00056),
        "reconstruction (nats)": (nats, 0.56),
        "active latents": (sorted({min(active, default=0), max(active, default=0)}), 0),
        "seeds": ([len(runs)], 0),
        "updates, seeds": ([float(runs[0].get("updates", 0)), len(runs)], 0),
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_scores_is_that_of_the_runs_beside_it(name):
    page, place, runs_of = TABLES[name]
    for row in list(_tables(page))[place]:
        runs = runs_of(row)
        assert runs, f"no runs for {row}"
        for column, (numbers, rounding) in _expected(runs).items():
            if column in row and row[column] not in ("", "–"):
                assert _numbers(row[column]) == pytest.approx(numbers, abs=rounding), (row, column)
