"""The entries that the official ranking compares: read from runs, from files of scores and from the paper's tables."""

import json
import math
from pathlib import Path

from evaluation.metrics.table import METRICS, OFFICIAL
from evaluation.results import read_results
from utils.errors import InputError
from utils.report import paper
from utils.study.checks import require_same_scoring
from utils.study.official_ranking import Entry, official_ranking

NAMES = [metric.name for metric in OFFICIAL]
LABELS = ("entrant", "entry")  # keys of a file of scores beside the metrics
ROUNDING = 1e-6
FORM = f"an object of {', '.join(NAMES)}, and entrant and entry if wanted, or a list of such objects"


def read_entries(arguments):
    """The entries that `arguments` name, each [ENTRANT=]PATH; InputError for one that lacks a score, and for runs that
    were scored on different data.

    PATH is a run's folder that local_evaluation.py scored, or a JSON file, as FORM says. The entrant is ENTRANT, else
    the file's own, else the folder that holds PATH. What is given twice counts once.
    """
    named = [_split(str(argument)) for argument in arguments]
    folders, found = {path.resolve().parent for _, path in named}, []
    for entrant, path in {(entrant, path.resolve()): (entrant, path) for entrant, path in named}.values():
        objects = _read_file(path) if path.is_file() else [_read_run(path)]
        holder = _holder(path, folders)
        found += [_entry(values, path, entrant or values.get("entrant") or holder) for values in objects]
    require_same_scoring(path for _, path in named if not path.is_file())
    return found


def paper_entries():
    """(entries, names of rows left out): the rows of the paper's tables, each an entrant; equal ones once.

    Rows with a score that could not be read are left out.
    """
    found, left_out = {}, []
    for name in ("table1", "table2", "table3"):
        for row, scores in paper.table(name).items():
            label = f"{name} {row}"
            if None in scores.values():
                left_out.append(label)
            else:
                found.setdefault(tuple(scores.values()), Entry(f"paper, {label}", "as reported", scores))
    return list(found.values()), left_out


def official_table(entries):
    """The official ranking of `entries` as text, the best first."""
    placed = official_ranking(entries)
    rows = [["place", "entrant", "entry", "of", "mean rank", *(metric.title for metric in OFFICIAL)]]
    for place, (entry, ranks, mean_rank) in enumerate(placed, 1):
        of = sum(other.entrant == entry.entrant for other in entries)
        cells = [f"{entry.scores[metric]:.4f} ({ranks[metric]})" for metric in NAMES]
        rows.append([str(place), entry.entrant, entry.name, str(of), f"{mean_rank:.2f}", *cells])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def rank_officially(arguments, with_paper):
    """Print the official ranking of the entries that `arguments` name, the paper's rows among them if wanted."""
    entries = read_entries(arguments)
    reported, left_out = paper_entries() if with_paper else ([], [])
    print(official_table([*entries, *reported]))
    if with_paper:
        print(f"\npaper: {paper.source()}; not ranked, since scores are missing: {', '.join(left_out)}")


def _split(argument):
    """(entrant or None, path) of [ENTRANT=]PATH; what exists as it stands is a path."""
    entrant, sign, path = argument.partition("=")
    if not sign or Path(argument).exists():
        return None, Path(argument)
    return entrant, Path(path)


def _holder(path, folders):
    """The folder that holds `path`, by its name where no other of `folders` has that name."""
    folder = path.resolve().parent
    return folder.name if [one.name for one in folders].count(folder.name) == 1 else str(folder)


def _read_run(folder):
    results = read_results(folder)
    return {name: METRICS[name].score(results[name]) for name in NAMES if name in results}


def _read_file(path):
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a file of scores in JSON ({error}); expected {FORM}") from None
    objects = found if isinstance(found, list) else [found]
    if not objects:
        raise InputError(f"{path}: holds no entry; expected {FORM}")
    for values in objects:
        if not isinstance(values, dict):
            raise InputError(f"{path}: {values!r} is not an object; expected {FORM}")
        unknown = sorted(set(values) - {*NAMES, *LABELS})
        if unknown:
            raise InputError(f"{path}: unknown {', '.join(unknown)}; expected {FORM}")
    return objects


def _entry(values, path, entrant):
    missing = [metric for metric in NAMES if metric not in values]
    if missing:
        expected = FORM if path.is_file() else "the folder of a run that local_evaluation.py scored, or a JSON file"
        raise InputError(f"{path}: has no {', '.join(missing)}; expected {expected}")
    for metric in NAMES:
        if type(values[metric]) not in (int, float) or not math.isfinite(values[metric]):
            raise InputError(f"{path}: {metric} is {values[metric]!r}, expected a number")
        least = -1 if metric == "irs" else 0
        if not least - ROUNDING <= values[metric] <= 1 + ROUNDING:
            raise InputError(f"{path}: {metric} is {values[metric]!r}, expected a score from {least} to 1")
    where = path.resolve()
    name = values.get("entry") or (where.stem if path.is_file() else where.name)
    return Entry(str(entrant), str(name), {metric: float(values[metric]) for metric in NAMES})
