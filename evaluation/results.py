"""The files that the challenge reads, and the table that people read."""

import contextlib
import json
import math
import tempfile
import uuid
from pathlib import Path

import numpy as np

from .cache import digest_file
from .errors import InputError
from .files import write_text
from .metrics.table import FURTHER, METRICS, OFFICIAL

ENCODER_DIGEST = "encoder.sha256"  # among a file's settings: the SHA-256 of the encoder that was scored ...
CODES_DIGEST = "codes.sha256"  # ... or those of the files of codes, in a list
DATASET_NAME = "dataset.name"  # ... and on what
DATASET_FINGERPRINT = "dataset.fingerprint"  # of its contents: other data can have the same name
SEED = "evaluation.random_seed"


def result_path(folder, name):
    """Where the challenge reads the metric `name` in the experiment's `folder` (a Path)."""
    return folder / "metrics" / name / "results" / "aggregate" / "evaluation.json"


def check_output(folder):
    """InputError, before hours of work, if `write_result` could not write into `folder`."""
    try:
        (Path(folder) / "metrics").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=str(Path(folder) / "metrics")).close()
    except OSError as error:
        raise InputError(f"output {folder}: {error.strerror or error}; expected a folder to write in") from None


def write_result(folder, name, result, seconds, settings):
    """Write one metric's result in the challenge's form: a flat object with keys "evaluation_results.…".

    settings   written as "evaluation_config.…", ENCODER_DIGEST among them; numbers that are not finite become null
    """
    values = {**result, "elapsed_time": seconds, "uuid": str(uuid.uuid4())}
    flat = {f"evaluation_results.{key}": _plain(value) for key, value in values.items()}
    flat.update({f"evaluation_config.{key}": value for key, value in settings.items()})
    write_text(result_path(folder, name), json.dumps(flat, indent=2, allow_nan=False) + "\n")


def remove_result(folder, name):
    """Remove the file of one metric's result, if `write_result` left one: it is stale."""
    path = result_path(folder, name)
    settings = _read_flat(path)
    if any(f"evaluation_config.{key}" in settings for key in (ENCODER_DIGEST, CODES_DIGEST)):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def remove_results_of_other_codes(folder, digests):
    """Remove the results of other files of codes than those with `digests`; an encoder's stay."""
    for name in METRICS:
        if _read_flat(result_path(folder, name)).get(f"evaluation_config.{CODES_DIGEST}") not in (None, digests):
            remove_result(folder, name)


def final_scores(results):
    """{metric: score} of the challenge's metrics in {metric: result}."""
    official = [metric.name for metric in OFFICIAL]
    return {name: METRICS[name].score(result) for name, result in results.items() if name in official}


def table(results):
    """The scores as lines for people: the challenge's metrics, and below them, apart, the further ones."""
    parts = []
    for head, group in (("metric", OFFICIAL), ("further metric", FURTHER)):
        names = [name for name in results if METRICS[name] in group]
        width = max(map(len, (head, *names)))
        rows = [f"{head:{width}}  {'score':>7}  defined by"]
        for name in names:
            metric = METRICS[name]
            rows.append(f"{name:{width}}  {metric.score(results[name]):7.4f}  {metric.citation}")
        parts += ["\n".join(rows)] if names else []
    return "\n\n".join(parts)


def _plain(value):
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, (np.integer, np.bool_)) else value


def read_results(folder, dataset_name=None, encoder_digest=None, dataset_fingerprint=None):
    """{metric: {key: value}} as local_evaluation.py wrote them, lists as arrays.

    Numbers that were not finite, null in the files, are NaN. Left out are metrics of another encoder than the one with
    `encoder_digest` (None: the one in `folder`, and any encoder if it holds none), those on another data set than
    `dataset_name` or of another fingerprint than `dataset_fingerprint` (None: any), and those whose file cannot be
    read.
    """
    found = {}
    expected = {
        ENCODER_DIGEST: encoder_digest or own_digest(folder),
        DATASET_NAME: dataset_name,
        DATASET_FINGERPRINT: dataset_fingerprint,
    }
    for name, metric in METRICS.items():
        flat = _read_flat(result_path(folder, name))
        settings = {key: flat.get(f"evaluation_config.{key}") for key in expected}
        if all(value in (None, settings[key]) for key, value in expected.items()):
            prefix = "evaluation_results."
            values = {key[len(prefix) :]: _unplain(value) for key, value in flat.items() if key.startswith(prefix)}
            if metric.key in values:
                found[name] = values
    return found


def own_digest(folder):
    """The digest of the encoder that the run in `folder` (a Path) exported; None: there is none.

    InputError: there is one that cannot be read.
    """
    encoder = folder / "representation" / "pytorch_model.pt"
    try:
        return digest_file(encoder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"encoder {encoder}: cannot be read ({error.strerror or error})") from None


def scored_with(folder, metrics, setting):
    """Values of `setting`, a key of the files' evaluation_config, in the files of `metrics` in `folder`, sorted."""
    found = (_read_flat(result_path(folder, name)).get(f"evaluation_config.{setting}") for name in metrics)
    return sorted({str(value) for value in found})


def _read_flat(path):
    try:
        flat = json.loads(path.read_text(encoding="utf-8"))
        return flat if isinstance(flat, dict) else {}
    except (OSError, ValueError):  # missing, cut short
        return {}


def _unplain(value):
    def numbers(value):
        return [numbers(one) for one in value] if isinstance(value, list) else math.nan if value is None else value

    return np.array(numbers(value)) if isinstance(value, list) else numbers(value)
