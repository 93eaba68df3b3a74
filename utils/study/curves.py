"""The runs of a study beside each other while they learned: curves of what their logs hold."""

import textwrap
from pathlib import Path

from utils.drawing import as_plain_text, new_figure
from utils.report.charts import EARLY
from utils.run.log import read_log

PANELS = {  # columns of log.csv, and what their panel is called
    "reconstruction": "reconstruction loss (nats)",
    "kl": "KL (nats, weighted)",
    "tc": "TC (nats, weighted)",
    "discriminator_accuracy": "discriminator's accuracy",
}

STYLES = ("-", "--", ":", "-.")


def read_logs(folder, study):
    """[(row, log)] of the runs that have one; a run that serves several rows is one curve."""
    found = []
    for name, stages in study.runs:
        log = read_log(Path(folder) / "runs" / name / "log.csv")
        if log:
            found.append((stages[-1].row if len(stages) == 1 else "all rows", log))
    return found


def draw_curves(study, logs):
    """A figure with a panel for each of PANELS that any run logged; a line a run, a colour a row. None without any."""
    panels = [name for name in PANELS if any(name in log for _, log in logs)]
    if not panels:
        return None
    rows = list(dict.fromkeys(row for row, _ in logs))
    columns = min(len(rows), max(1, int(4.2 * len(panels) / (0.6 + 0.08 * max(map(len, rows))))))  # inches a name takes
    legend = 0.25 * -(-len(rows) // columns)  # inches
    height = 4.1 + legend
    figure = new_figure(figsize=(4.2 * len(panels), height), dpi=110)
    for panel, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        _draw_panel(panel, name, rows, logs)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=columns, frameon=False, fontsize=9)
    figure.suptitle(textwrap.fill(as_plain_text(study.title), 120), fontsize=12)
    figure.subplots_adjust(left=0.06, right=0.985, top=1 - 0.85 / height, bottom=(0.6 + legend) / height, wspace=0.28)
    return figure


def _draw_panel(panel, name, rows, logs):
    limits, labelled = [], set()
    for row, log in logs:
        if name not in log:
            continue
        place = rows.index(row)
        kind = {"color": f"C{place % 10}", "linestyle": STYLES[place // 10 % len(STYLES)]}  # matplotlib's ten colours
        label = None if row in labelled else as_plain_text(row)
        labelled.add(row)
        marker = "o" if len(log["step"]) == 1 else ""
        panel.plot(log["step"], log[name], **kind, marker=marker, linewidth=1, alpha=0.8, label=label)
        late = log[name][int(len(log[name]) * EARLY) :]
        limits += [late.min(), late.max()]
    if limits and max(limits) > min(limits):
        margin = 0.04 * (max(limits) - min(limits))
        panel.set_ylim(min(limits) - margin, max(limits) + margin)
    panel.set_title(PANELS[name], fontsize=11)
    panel.set_xlabel("updates", fontsize=9)
    panel.grid(color="#e3e6e8")
    panel.tick_params(labelsize=8)
