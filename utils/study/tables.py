"""A study's table.md, table.csv, plot.png and curves.png; the paper's numbers stand in rows of their own."""

import csv
import io
import textwrap
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from evaluation.metrics.table import OFFICIAL
from utils.drawing import as_plain_text, new_figure
from utils.files import atomic_path, write_text
from utils.report import paper
from utils.study.curves import draw_curves, read_logs
from utils.study.stages import MEASURED, read_result

OURS, THEIRS = "#10568c", "#a06a12"
MEAN, RECONSTRUCTION = "mean", "reconstruction"  # of a result's numbers, beside its scores
COLUMNS = (  # of the tables: name, title, decimals
    *((metric.name, metric.title, 4) for metric in OFFICIAL),
    (MEAN, "mean of five", 4),
    (RECONSTRUCTION, "reconstruction (nats)", 1),
)
NOTES = (
    "Bold rows: measured, mean ± standard deviation over seeds. Reconstruction: an image's log-likelihood, on those "
    "left out of training (`held_out`), or on some of those trained on where none are; the higher the better."
)


def write_tables(folder, study, failures):
    """Write the files into `folder`, from the results and logs that are there; returns the text of table.md.

    failures   {run's name: reason}
    """
    found = collect(folder, study)
    reported = paper_rows(study)
    text = markdown(study, found, reported, failures)
    write_text(Path(folder) / "table.md", text)
    write_text(Path(folder) / "table.csv", as_csv(found, reported))
    for name, figure in {
        "plot.png": plot(study, found, reported),
        "curves.png": draw_curves(study, read_logs(folder, study)),
    }.items():
        if figure is not None:
            with atomic_path(Path(folder) / name) as temporary:
                figure.savefig(str(temporary), format="png")
    return text


def collect(folder, study):
    """{row: {seed: {column: number}}} of what is done, in the order of the rows."""
    found = {row: {} for row in study.rows}
    for _, stages in study.runs:
        for stage in stages:
            result = read_result(folder, stage)
            if result is not None:
                scores = result["scores"]
                measured = {name: result[name] for name in MEASURED}
                found[stage.row][stage.config.seed] = {**scores, MEAN: float(np.mean([*scores.values()])), **measured}
    return found


def paper_rows(study):
    """{row: {metric: score or None}} of the paper's table, ours first, by our row's name where we have that row."""
    table = paper.table(study.paper) if study.paper else None
    if table is None:
        return {}
    ours = {row: table.get(study.paper_rows.get(row, row)) for row in study.rows}
    taken = {study.paper_rows.get(row, row) for row in study.rows}
    others = {row: scores for row, scores in table.items() if row not in taken}
    return {**{row: scores for row, scores in ours.items() if scores is not None}, **others}


def mean_and_spread(numbers, column):
    """Mean and standard deviation (n - 1) over seeds of {seed: {column: number}}; NaN where there are too few."""
    values = [one[column] for one in numbers.values()]
    mean = float(np.mean(values)) if values else float("nan")
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def markdown(study, found, reported, failures):
    """table.md's text."""
    lines = [f"# {study.title}", "", "| | seeds | " + " | ".join(title for _, title, _ in COLUMNS) + " |"]
    lines.append("|---|---|" + "---|" * len(COLUMNS))
    for row in [*study.rows, *(row for row in reported if row not in study.rows)]:
        title = row.replace("|", "\\|")
        if row in found:
            cells = [_ours(found[row], name, decimals) for name, _, decimals in COLUMNS]
            lines.append(f"| **{title}** | {len(found[row])} | " + " | ".join(cells) + " |")
        if row in reported:
            cells = [_theirs(reported[row].get(name)) for name, _, _ in COLUMNS]
            lines.append(f"| *{title}, the paper* | | " + " | ".join(cells) + " |")
    lines += ["", NOTES]
    if reported:
        lines.append(f"Rows in italics: {paper.source()}.")
    lines += [f"\nFailed: {name}: {reason}" for name, reason in failures.items()]
    return "\n".join(lines) + "\n"


def as_csv(found, reported):
    """table.csv's text: a line a run, and a line a row of the paper."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [*(metric.name for metric in OFFICIAL), MEAN, *MEASURED]
    writer.writerow(["row", "source", "seed", *names])
    for row, by_seed in found.items():
        for seed, numbers in sorted(by_seed.items()):
            writer.writerow([row, "measured", seed, *(numbers[name] for name in names)])
    for row, scores in reported.items():
        writer.writerow([row, "paper", "", *(scores.get(name) for name in names)])
    return out.getvalue()


def plot(study, found, reported):
    """A figure with one panel a metric: ours as dots and bars, the paper's as hollow diamonds."""
    rows = [*study.rows, *(row for row in reported if row not in study.rows)]
    figure = new_figure(figsize=(13, 1.7 + 0.42 * len(rows)), dpi=110)
    panels = figure.subplots(1, len(OFFICIAL), sharey=True)
    for panel, metric in zip(panels, OFFICIAL):
        _panel(panel, rows, found, reported, metric.name)
        panel.set_title(metric.title, fontsize=11)
    panels[0].set_yticks(range(len(rows)), map(as_plain_text, rows))
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=2, frameon=False, fontsize=10)
    figure.suptitle(textwrap.fill(as_plain_text(study.title), 120), fontsize=12)
    left = min(0.4, 0.02 + 0.0055 * max(map(len, rows)))  # of the figure's width: what a letter of a row's name takes
    figure.subplots_adjust(left=left, right=0.985, top=1 - 0.85 / figure.get_figheight(), wspace=0.12)
    figure.subplots_adjust(bottom=0.75 / figure.get_figheight())
    return figure


def _panel(panel, rows, found, reported, metric):
    means = _dots(panel, rows, found, metric)
    theirs = [(place + 0.18, reported[row][metric]) for place, row in enumerate(rows) if row in reported]
    theirs = [(score, place) for place, score in theirs if score is not None]
    if theirs:
        label = "reported by the paper, on MPI3D"
        panel.plot(*zip(*theirs), "D", color=THEIRS, fillstyle="none", label=label)
    if not any(score < 0 for score in (*means, *(score for score, _ in theirs))):  # IRS can be below
        panel.set_xlim(left=0)
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.grid(axis="x", color="#e3e6e8")
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=9)


def _dots(panel, rows, found, metric):
    """Ours, with bars of one standard deviation; their means."""
    measured = [
        (place - 0.12, *mean_and_spread(found[row], metric)) for place, row in enumerate(rows) if found.get(row)
    ]
    places, means, spreads = zip(*measured) if measured else ((), (), ())
    bars, label = np.nan_to_num(spreads), "measured: mean ± standard deviation"
    panel.errorbar(means, places, xerr=bars, fmt="o", color=OURS, capsize=3, label=label)
    return means


def _ours(numbers, column, decimals):
    mean, spread = mean_and_spread(numbers, column)
    if np.isnan(mean):
        return "not a number" if numbers else "–"
    return f"{mean:,.{decimals}f}" + ("" if np.isnan(spread) else f" ± {spread:,.{decimals}f}")


def _theirs(score):
    return "–" if score is None else f"*{score:.4f}*"
