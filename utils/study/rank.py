"""Ranks of runs by the official scores, and the choice among seeds without labels (utils/study/criteria.py)."""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from evaluation.metrics.table import OFFICIAL
from evaluation.results import read_results
from utils.errors import InputError
from utils.run.checkpoint import newest_step
from utils.run.folder import FREE_TO_CHANGE, read_run_config
from utils.run.trained_images import trained_on
from utils.study.checks import require_same_scoring
from utils.study.correlation import gain_of_choice, rank_correlation
from utils.study.criteria import criteria, measure

CANDIDATES = (2, 3, 4, 8)  # numbers of runs for which the gain of choosing among them is printed


class Ranked(NamedTuple):
    """A run with what ranks it."""

    name: str
    folder: Path
    config: object  # utils.config.Config
    scores: dict  # {metric: score}, or {}
    step: int = 0  # updates made


def read_runs(folders):
    """A Ranked for each of `folders`; InputError for one that lacks a score, and for scores on different data.

    Runs that all have no score, since there may be no labels, have `scores` {}.
    """
    found, folders = [], list(dict.fromkeys(Path(folder).resolve() for folder in folders))
    results = {folder: read_results(folder, trained_on(folder)) for folder in folders}
    for folder in folders:
        config = read_run_config(folder)
        missing = [metric.name for metric in OFFICIAL if metric.name not in results[folder] and any(results.values())]
        if config is None or missing:
            what = "config.json" if config is None else f"scores of {', '.join(missing)} for its encoder and data set"
            raise InputError(f"{folder}: has no {what}; expected the folder of a run that local_evaluation.py scored")
        scores = {metric.name: metric.score(results[folder][metric.name]) for metric in OFFICIAL if results[folder]}
        found.append(Ranked(folder.name, folder, config, scores, newest_step(folder / "checkpoints")))
    if any(results.values()):
        require_same_scoring(folders)
    names = [one.name for one in found]
    return [one if names.count(one.name) == 1 else one._replace(name=str(one.folder)) for one in found]


def ranks(scores):
    """Ranks (runs, metrics) of `scores` (runs, metrics), 1 for the highest; ties share their mean rank, NaN is last."""
    scores = np.asarray(scores, float)
    return np.stack([rankdata(-column) for column in np.where(np.isnan(scores), -np.inf, scores).T], axis=1)


def rank_table(runs):
    """The table of ranks as text, best mean rank first; '=' marks a tie."""
    scores = np.array([[run.scores[metric.name] for metric in OFFICIAL] for run in runs])
    by_metric = ranks(scores)
    overall = by_metric.mean(axis=1)
    width = max(len(run.name) for run in runs) + 2
    lines = [f"{'place':>5}  {'run':{width}}{'mean rank':>9}" + "".join(f"{metric.title:>16}" for metric in OFFICIAL)]
    for index in np.lexsort((np.arange(len(runs)), overall)):
        cells = "".join(
            f"{scores[index, m]:.4f} ({_place(by_metric[:, m], index)})".rjust(16) for m in range(len(OFFICIAL))
        )
        lines.append(f"{_place(overall, index):>5}  {runs[index].name:{width}}{overall[index]:>9.2f}{cells}")
    return "\n".join(lines)


def choose_without_labels(runs, data_root):
    """Lines on each criterion, for each group of runs that differ in their seed alone: its choice and agreement.

    Of several runs of one seed the first counts, and the others are named.
    """
    groups, lines = {}, []
    for run in runs:
        same = groups.setdefault(_but_for_the_seed(run), {}).setdefault(run.config.seed, run)
        if same is not run:
            lines.append(f"without labels: {run.name} is left out, it has the seed of {same.name}")
    for group in groups.values():
        if len(group) > 2:
            lines += _group_lines(list(group.values()), data_root)
    return lines or [
        "without labels: no three runs differ in their seed alone (UDR needs three: two agree with each other equally)"
    ]


def _group_lines(group, data_root):
    found = criteria([measure(run.folder, run.config, data_root) for run in group])
    lines = [f"without labels, among {len(group)} runs that differ in their seed alone:"]
    for index, run in enumerate(group):
        values = "  ".join(f"{name} {criterion.values[index]:.4f}" for name, criterion in found.items())
        lines.append(f"  {run.name}: {values}")
    for name, criterion in found.items():
        best = np.flatnonzero(criterion.values == np.max(criterion.values))
        names = ", ".join(group[one].name for one in best)
        lines.append(f"  {name} picks {names}" if len(best) == 1 else f"  {name} holds equal {names}, and picks none")
        if group[0].scores:
            lines += _agreement_lines(name, criterion, group, best)
    return lines


def _agreement_lines(name, criterion, group, best):
    """Where the official scores place the `best` run, their correlations with a Criterion, and what its choice gains.

    In the mean of the five a score that is not a number counts as 0.
    """
    official = np.array([[run.scores[metric.name] for metric in OFFICIAL] for run in group])
    overall = ranks(official).mean(axis=1)
    columns = {"mean rank": -overall, **dict(zip([metric.title for metric in OFFICIAL], official.T))}
    found = ", ".join(f"{title} {rank_correlation(criterion.values, column)}" for title, column in columns.items())
    gains = ", ".join(
        f"{gain_of_choice(criterion.within, np.nan_to_num(official).mean(axis=1), count):+.4f} among {count}"
        for count in CANDIDATES
        if criterion.fewest <= count <= len(criterion.values)
    )
    placed = [f"    the official scores place it {_place(overall, best[0])} of {len(group)}"] if len(best) == 1 else []
    return [
        *placed,
        f"    Spearman correlation of {name} with the official scores, 95 % bootstrap interval: {found}",
        f"    mean of the five scores of its choice, less that of a random run: {gains}",
    ]


def _place(values, index):
    """Place of `values[index]` among `values`, smallest first, with '=' if others share it."""
    tie = "=" if np.sum(values == values[index]) > 1 else ""
    return f"{1 + int(np.sum(values < values[index]))}{tie}"


def _but_for_the_seed(run):
    """What decides a run beside its seed, and how far it came: a time budget ends equal runs at different steps."""
    free = {*FREE_TO_CHANGE, "seed"} - {"steps"} - ({"time_budget"} if run.config.decay == "budget" else set())
    return run.step, *sorted((key, value) for key, value in run.config.as_dict().items() if key not in free)


def rank(folders, data_root):
    """Print the ranks of the runs in `folders` and the choice without labels."""
    runs = read_runs(folders)
    print(rank_table(runs) if runs[0].scores else "no official scores: the runs are compared without labels alone")
    print()
    print("\n".join(choose_without_labels(runs, data_root)))
    sys.stdout.flush()
