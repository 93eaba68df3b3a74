"""Whether better reconstruction goes with better disentanglement, the paper's thesis, over the runs of studies."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evaluation.metrics.table import OFFICIAL
from utils.config import Config, parse_value
from utils.drawing import new_figure
from utils.errors import InputError
from utils.files import atomic_path, write_text
from utils.study.correlation import rank_correlation

TITLES = [*(metric.title for metric in OFFICIAL), "mean of the five"]
LINEAR = 10.0  # nats
LEVELS = {  # {what is compared: by which keys of a run's configuration its group is told}; None: all keys but the seed
    "all runs on a data set": ("dataset", "held_out"),
    "within an objective": ("dataset", "held_out", "objective"),
    "seeds alone": None,
}


class Scored(NamedTuple):
    """One result of a study."""

    row: str
    config: dict  # of a utils.config.Config, whole
    scores: dict  # {metric: score}
    reconstruction: float  # log-likelihood in nats an image


def relate(folders, output):
    """Write reconstruction.md and reconstruction.png of the studies in `folders` into `output`; the text.

    InputError: a folder without results, or an output that cannot be written.
    """
    distinct = {Path(folder).resolve(): Path(folder) for folder in folders}
    found = [one for folder in distinct.values() for one in read_results_of(folder)]
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
            found.append(Scored(str(one["row"]), config, scores, float(one["reconstruction"])))
            run = one.get("run", path.name)
            last[run] = max(last.get(run, found[-1]), found[-1], key=lambda scored: scored.config["steps"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: no result of a study ({error!r})") from None
    if not found:
        raise InputError(f"{folder}: has no results; expected the folder of a study (python -m utils.study STUDY.yml)")
    return [one for one in found if any(one is kept for kept in last.values())]


def _result_files(folder):
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}; expected the results of a study") from None


def markdown(found):
    """The correlations as a table: a line for what is compared, a column for each score."""
    lines = [f"# Reconstruction and disentanglement over {len(found)} runs", ""]
    lines += ["| compared | groups | runs | " + " | ".join(TITLES) + " |", "|---|---|---|" + "---|" * len(TITLES)]
    reconstruction, columns = [one.reconstruction for one in found], _columns(found)
    for name, keys in LEVELS.items():
        groups = [_group(one.config, keys) for one in found]
        counted = [groups.count(group) for group in groups]
        runs, number = sum(count > 1 for count in counted), len({g for g, c in zip(groups, counted) if c > 1})
        cells = [str(rank_correlation(reconstruction, column, groups)) for column in columns]
        lines.append(f"| {name} | {number} | {runs} | " + " | ".join(cells) + " |")
    lines += ["", "Spearman's correlation of reconstruction (log-likelihood) with each score, ranks within each group,"]
    lines += ["pooled over the groups, with its 95 % bootstrap interval (runs drawn again within their groups)."]
    return "\n".join(lines) + "\n"


def draw(found):
    """A figure with a panel a score: a dot a run, a colour an objective, a marker a data set.

    Across, how many nats a run's reconstruction lies below the best on its data set, linear up to LINEAR, then
    logarithmic: data sets differ by thousands of nats, good runs by a few.
    """
    figure = new_figure(figsize=(15, 3.6), dpi=110)
    kinds = sorted({(one.config["objective"], one.config["dataset"]) for one in found})
    objectives, datasets = (sorted({kind[place] for kind in kinds}) for place in (0, 1))
    below = nats_below_the_best(found)
    for panel, column, title in zip(figure.subplots(1, len(TITLES)), _columns(found), TITLES):
        for objective, dataset in kinds:
            chosen = [(o.config["objective"], o.config["dataset"]) == (objective, dataset) for o in found]
            panel.scatter(
                below[chosen],
                np.array(column)[chosen],
                s=16,
                color=f"C{objectives.index(objective) % 10}",
                marker="os^Dvx"[datasets.index(dataset) % 6],
                label=f"{objective}, {Path(dataset).name}",
            )
        panel.set_title(title, fontsize=11)
        panel.set_xlabel("reconstruction: nats below the best", fontsize=8)
        panel.set_xscale("symlog", linthresh=LINEAR)
        panel.set_xlim(2 * max(LINEAR, below.max()), -1)
        panel.grid(color="#e3e6e8")
        panel.set_axisbelow(True)
        panel.tick_params(labelsize=7)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="lower center", ncol=6, frameon=False, fontsize=8)
    figure.subplots_adjust(left=0.04, right=0.99, top=0.9, bottom=0.14 + 0.06 * -(-len(kinds) // 6) + 0.06, wspace=0.28)
    return figure


def nats_below_the_best(found):
    """(runs,) by how much each reconstruction lies below the best on the same data set."""
    reconstruction = np.array([one.reconstruction for one in found])
    datasets = np.array([one.config["dataset"] for one in found])
    return np.array([reconstruction[datasets == name].max() for name in datasets]) - reconstruction


def _columns(found):
    """Of each score and of the mean of the five: its values (runs,)."""
    scores = [[one.scores[metric.name] for one in found] for metric in OFFICIAL]
    return [*scores, list(np.mean(scores, axis=0))]


def _group(config, keys):
    return json.dumps({key: config.get(key) for key in keys or sorted({*config} - {"seed"})})
