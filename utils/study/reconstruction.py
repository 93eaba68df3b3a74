"""Whether better reconstruction goes with better disentanglement, the paper's thesis, over the runs of studies."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evaluation.metrics.table import OFFICIAL
from utils.config import FIELDS, Config, parse_value
from utils.drawing import as_plain_text, new_figure
from utils.errors import InputError
from utils.files import atomic_path, write_text
from utils.study.correlation import rank_correlation
from utils.study.grid import counted
from utils.study.stages import DATA

TITLES = [*(metric.title for metric in OFFICIAL), "mean of five"]
LINEAR = 10.0  # nats
LEVELS = {  # {what is compared: the keys of the configuration in which a group's runs are equal, beside their data}
    "all runs on a data set": ("held_out", "steps"),
    "within an objective": ("held_out", "steps", "objective"),
    "seeds alone": sorted({*FIELDS} - {"seed", "dataset"}),
}
NOTE = """Spearman's correlation of reconstruction (log-likelihood) with each score, ranks within each group, pooled,
with its 95 % bootstrap interval (runs drawn again within their groups). Only runs on the same images and factors, with
as many images held out and as many updates, share a group. A run that was scored at several steps counts with its last,
and one that stands in several studies once."""


class Scored(NamedTuple):
    """One result of a study."""

    config: dict  # of a utils.config.Config, whole
    data: str  # fingerprint of the images and factors
    scores: dict  # {metric: score}
    reconstruction: float  # log-likelihood in nats an image


def relate(folders, output):
    """Write reconstruction.md and reconstruction.png of the studies in `folders` into `output`; the text.

    InputError: a folder without results, or an output that cannot be written.
    """
    distinct = {Path(folder).resolve(): Path(folder) for folder in folders}
    found = without_repetitions(one for folder in distinct.values() for one in read_results_of(folder))
    text = markdown(found)
    try:
        write_text(Path(output) / "reconstruction.md", text)
        with atomic_path(Path(output) / "reconstruction.png") as temporary:
            draw(found).savefig(str(temporary), format="png")
    except OSError as error:
        raise InputError(f"{output}: {error.strerror or error}; expected a folder to write in") from None
    return text


def read_results_of(folder):
    """[Scored] of the study in `folder`, in the order of the files' names; of a run at several steps the last one."""
    names = {metric.name for metric in OFFICIAL}
    found, last = [], {}
    for path in _result_files(folder / "results"):
        try:
            one = json.loads(path.read_text(encoding="utf-8"))
            scores = {name: float(one["scores"][name]) for name in names}
            known = {key: parse_value(key, value, path) for key, value in one["config"].items()}
            config = Config(**known).as_dict()
            found.append(Scored(config, str(one[DATA]), scores, float(one["reconstruction"])))
            run = one.get("run", path.name)
            last[run] = max(last.get(run, found[-1]), found[-1], key=lambda scored: scored.config["steps"])
        except (OSError, ValueError, TypeError, KeyError):
            expected = "expected a file that utils.study wrote, with scores, reconstruction, configuration and data"
            raise InputError(f"{path}: no result of a study; {expected}") from None
    if not found:
        raise InputError(f"{folder}: has no results; expected the folder of a study (python -m utils.study STUDY.yml)")
    return [one for one in found if any(one is kept for kept in last.values())]


def without_repetitions(found):
    """The first of those of `found` that are one run: equal configuration, seed and data."""
    same = {}
    for one in found:
        same.setdefault(_group(one, sorted({*FIELDS} - {"dataset"})), one)
    return list(same.values())


def _result_files(folder):
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}; expected the results of a study") from None


def markdown(found):
    """The correlations as a table: a line for what is compared, a column for each score."""
    lines = [f"# Reconstruction and disentanglement over {counted(len(found), 'run')}", ""]
    lines += ["| compared | groups | runs | " + " | ".join(TITLES) + " |", "|---|---|---|" + "---|" * len(TITLES)]
    reconstruction, columns = [one.reconstruction for one in found], _columns(found)
    for name, keys in LEVELS.items():
        groups = [_group(one, keys) for one in found]
        sizes = [groups.count(group) for group in groups]
        runs, number = sum(size > 1 for size in sizes), len({g for g, size in zip(groups, sizes) if size > 1})
        cells = [str(rank_correlation(reconstruction, column, groups)) for column in columns]
        lines.append(f"| {name} | {number} | {runs} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", NOTE]) + "\n"


def draw(found):
    """A figure with a panel a score: a dot a run, a colour an objective, a marker a data set.

    Across, how many nats a run's reconstruction lies below the best of its group, linear up to LINEAR, then
    logarithmic: data sets differ by thousands of nats, good runs by a few.
    """
    figure = new_figure(figsize=(15, 3.6), dpi=110)
    kinds = [(one.config["objective"], Path(one.config["dataset"]).name, one.data) for one in found]
    below = nats_below_the_best(found)
    for panel, column, title in zip(figure.subplots(1, len(TITLES)), _columns(found), TITLES):
        _scatter(panel, below, np.array(column), kinds)
        panel.set_title(title, fontsize=11)
        panel.set_xlabel("reconstruction: nats below the best", fontsize=8)
        panel.set_xscale("symlog", linthresh=LINEAR)
        panel.set_xlim(2 * max(LINEAR, below.max()), -1)
        panel.grid(color="#e3e6e8")
        panel.set_axisbelow(True)
        panel.tick_params(labelsize=7)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=6, frameon=False, fontsize=8)
    bottom = 0.2 + 0.06 * -(-len(labels) // 6)
    figure.subplots_adjust(left=0.04, right=0.99, top=0.9, bottom=bottom, wspace=0.28)
    return figure


def _scatter(panel, below, column, kinds):
    objectives, datasets = (sorted({kind[place] for kind in kinds}) for place in (0, 2))
    for kind in sorted(set(kinds)):
        objective, name, data = kind
        chosen = [one == kind for one in kinds]
        color, marker = f"C{objectives.index(objective) % 10}", "os^Dvx"[datasets.index(data) % 6]
        panel.scatter(
            below[chosen], column[chosen], s=16, color=color, marker=marker, label=as_plain_text(f"{objective}, {name}")
        )


def nats_below_the_best(found):
    """(runs,) by how much each reconstruction lies below the best on the same data set after as many updates."""
    reconstruction = np.array([one.reconstruction for one in found])
    groups = np.array([_group(one, LEVELS["all runs on a data set"]) for one in found])
    return np.array([reconstruction[groups == group].max() for group in groups]) - reconstruction


def _columns(found):
    """Of each score and of the mean of the five: its values (runs,)."""
    scores = [[one.scores[metric.name] for one in found] for metric in OFFICIAL]
    return [*scores, list(np.mean(scores, axis=0))]


def _group(one, keys):
    """What the members of a group share: their data and these keys of their configuration, as text."""
    return json.dumps([one.data, *(one.config[key] for key in keys)])
