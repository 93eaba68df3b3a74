"""The tables of the report: scores beside the paper's, and the map of factors and latents that explains each score."""

from html import escape
from typing import NamedTuple

import numpy as np

from evaluation.metrics.table import OFFICIAL
from utils.report import paper


class Map(NamedTuple):
    """Numbers (latents, factors) behind a score, and what to read in them."""

    title: str
    values: np.ndarray
    low: float  # of the colours
    high: float
    marked: np.ndarray  # (latents, factors) 1: decides the score, 2: stands second, 0: neither
    reading: str


def scores_table(results, same_data):
    """HTML: our scores and the paper's side by side; `same_data`: whether ours are of MPI3D too."""
    label, reported = paper.entry()
    where = "on MPI3D" if same_data else "on MPI3D, another data set"
    head = f'<tr><th>metric</th><th>this run</th><th class="paper">the paper<small>{escape(label)}</small></th></tr>'
    rows = [_score_row(metric, _score(results, metric), reported[metric.name]) for metric in OFFICIAL]
    note = f"“The paper” is what it reports {where}; it was not measured here."
    return (
        f'<table class="scores"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table><p class="note">{note}</p>'
    )


def maps(results, num_factors):
    """A Map for each metric that was scored, in the paper's order; rows are all latents."""
    makers = {
        "factor_vae_metric": lambda result: _votes(result, num_factors),
        "sap_score": _accuracies,
        "dci": _importances,
        "irs": lambda result: _robustness(result, num_scored_latents(results), num_factors),
        "mig": _information,
    }
    return [make(results[name]) for name, make in makers.items() if name in results]


def num_scored_latents(results):
    """How many latents the scored encoder has; from IRS alone, which names active ones only, at least how many."""
    sizes = [results[name][key].shape[axis] for name, key, axis in _SIZED if name in results]
    if "irs" in results:
        sizes.append(int(results["irs"]["active_dims"].max(initial=-1)) + 1)
    return max(sizes, default=0)


def map_table(one, latents, factor_names):
    """HTML of the Map `one` with the rows `latents`, each cell coloured by its value and marked."""
    head = "".join(f"<th>{escape(name)}</th>" for name in factor_names)
    rows = []
    for latent in latents:
        cells = "".join(_cell(one, latent, factor) for factor in range(one.values.shape[1]))
        rows.append(f"<tr><th>latent {latent}</th>{cells}</tr>")
    return f'<table class="map"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _score_row(metric, ours, theirs):
    found = "–" if ours is None else f"{ours:.4f}"
    share = 0 if ours is None else min(1, max(0, ours))  # IRS may lie below 0
    bar = "" if ours is None else f'<i class="ours" style="width:{100 * share:.1f}%"></i>'
    return (
        f"<tr><th>{metric.title}<small>{metric.meaning}</small></th><td><b>{found}</b>{bar}</td>"
        f'<td class="paper">{theirs:.4f}<i style="width:{100 * theirs:.1f}%"></i></td></tr>'
    )


def _score(results, metric):
    value = results.get(metric.name, {}).get(metric.key)
    return float(value) if value is not None and np.isfinite(value) else None


def _cell(one, latent, factor):
    value = one.values[latent, factor]
    if not np.isfinite(value):
        return "<td>–</td>"
    share = min(1.0, max(0.0, (value - one.low) / (one.high - one.low)))
    red, green, blue = (round(255 + share * (end - 255)) for end in (16, 86, 140))
    name = ("", "first", "second")[one.marked[latent, factor]]
    ink = "#fff" if share > 0.7 else "#222"
    return f'<td class="{name}" style="background:rgb({red},{green},{blue});color:{ink}">{value:.2f}</td>'


def _marked_columns(values):
    """The largest and second largest of each column: what MIG and SAP take the gap of."""
    marked = np.zeros(values.shape, int)
    order = np.argsort(np.where(np.isfinite(values), values, -np.inf), axis=0)
    for factor in np.flatnonzero(np.isfinite(values).any(axis=0)):
        marked[order[-1, factor], factor] = 1
        marked[order[-2, factor], factor] = 2
    return marked


def _marked_rows(values):
    """The largest of each row: the factor that a latent stands for."""
    marked = np.zeros(values.shape, int)
    filled = np.where(np.isfinite(values), values, -np.inf)
    rows = np.flatnonzero((filled.max(axis=1) > 0) if filled.size else [])
    marked[rows, filled.argmax(axis=1)[rows]] = 1
    return marked


def _information(result):
    values = result["mutual_information"]
    reading = (
        "Information (nats) that a latent holds about a factor. MIG is the gap between the two marked latents of a "
        "column, over the factor's entropy, averaged over columns."
    )
    high = max(float(np.nanmax(result["factor_entropies"])), 1e-9)
    return Map("MIG: mutual information", values, 0.0, high, _marked_columns(values), reading)


def _accuracies(result):
    values = result["score_matrix"]
    reading = (
        "Accuracy with which a latent alone predicts a factor. SAP is the gap between the two marked latents of a "
        "column, averaged over columns."
    )
    return Map("SAP: accuracies", values, 0.0, 1.0, _marked_columns(values), reading)


def _importances(result):
    values = result["importance_matrix"]
    reading = (
        "Importance of a latent for predicting a factor; columns sum to 1. DCI is high if each row has one large "
        "entry, which is marked."
    )
    return Map("DCI: importances", values, 0.0, 1.0, _marked_rows(values), reading)


def _robustness(result, num_latents, num_factors):
    values = np.full((num_latents, num_factors), np.nan)
    if len(result["active_dims"]):
        values[result["active_dims"].astype(int)] = result["IRS_matrix"]
    reading = (
        "How little a latent strays as long as a factor keeps its value. IRS is the average of the marked entries, "
        "weighted by how far the latent ever strays."
    )
    return Map("IRS: robustness", values, 0.0, 1.0, _marked_rows(values), reading)


def _votes(result, num_factors):
    votes = result["votes"].T.astype(float)
    values = np.full((votes.shape[0], num_factors), np.nan)
    totals = votes.sum(axis=1)
    values[totals > 0, : votes.shape[1]] = votes[totals > 0] / totals[totals > 0, None]
    reading = (
        "Of the votes that went to a latent, the share in which a factor was the fixed one. The metric takes the "
        "marked factor for the latent's; a row of dashes never varied least."
    )
    return Map("FactorVAE: votes", values, 0.0, 1.0, _marked_rows(values), reading)


_SIZED = (
    ("mig", "mutual_information", 0),
    ("sap_score", "score_matrix", 0),
    ("dci", "importance_matrix", 0),
    ("factor_vae_metric", "votes", 1),
)
