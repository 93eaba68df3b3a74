"""The files that the challenge reads, and the table that people read."""

import json
import math
import uuid

import numpy as np

from .files import write_text
from .protocol import METRICS, SCORES

RANGES = {  # what a row of the table says beside the score
    "dci": "Eastwood & Williams 2018: disentanglement",
    "factor_vae_metric": "Kim & Mnih 2018: evaluation accuracy",
    "sap_score": "Kumar et al. 2018",
    "mig": "Chen et al. 2018",
    "irs": "Suter et al. 2019",
}


def result_path(folder, name):
    """Where the challenge looks for the metric `name` in the experiment's `folder` (a Path)."""
    return folder / "metrics" / name / "results" / "aggregate" / "evaluation.json"


def write_result(folder, name, result, seconds, settings):
    """Write one metric's result in the challenge's form: a flat object with keys "evaluation_results.…".

    settings   written as "evaluation_config.…"; numbers that are not finite become null
    """
    values = {**result, "elapsed_time": seconds, "uuid": str(uuid.uuid4())}
    flat = {f"evaluation_results.{key}": _plain(value) for key, value in values.items()}
    flat.update({f"evaluation_config.{key}": value for key, value in settings.items()})
    write_text(result_path(folder, name), json.dumps(flat, indent=2, allow_nan=False) + "\n")


def final_scores(results):
    """{metric: score} of {metric: result}."""
    return {name: float(result[SCORES[name]]) for name, result in results.items()}


def table(results):
    """The scores as lines for people."""
    width = max(len(name) for name in results)
    rows = [f"{'metric':{width}}  {'score':>7}  what it is"]
    rows += [f"{name:{width}}  {score:7.4f}  {RANGES[name]}" for name, score in final_scores(results).items()]
    return "\n".join(rows)


def _plain(value):
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, (np.integer, np.bool_)) else value


def read_results(folder):
    """{metric: {key: value}} as local_evaluation.py wrote them, lists as arrays.

    Numbers that were not finite, null in the files, are NaN. Metrics of an older encoder are left out, and those whose
    file cannot be read.
    """
    encoder = folder / "representation" / "pytorch_model.pt"
    newer_than = encoder.stat().st_mtime if encoder.exists() else 0.0
    found = {}
    for name in METRICS:
        path = result_path(folder, name)
        if path.exists() and path.stat().st_mtime >= newer_than:
            values = _read_result(path)
            if SCORES[name] in values:
                found[name] = values
    return found


def _read_result(path):
    prefix = "evaluation_results."
    try:
        flat = json.loads(path.read_text(encoding="utf-8"))
        return {key[len(prefix) :]: _unplain(value) for key, value in flat.items() if key.startswith(prefix)}
    except (OSError, ValueError, AttributeError):  # cut short, or no object at all
        return {}


def _unplain(value):
    def numbers(value):
        return [numbers(one) for one in value] if isinstance(value, list) else math.nan if value is None else value

    return np.array(numbers(value)) if isinstance(value, list) else numbers(value)
