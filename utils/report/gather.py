"""What a run left, read back for its report."""

import contextlib
import csv
import json
import math
import os
import platform
from importlib import metadata
from typing import NamedTuple, Optional

import numpy as np
import torch

from evaluation.protocol import METRICS, SCORES
from evaluation.results import result_path
from utils import checkpoint, models
from utils.errors import InputError
from utils.plots import View, sample_images, view
from utils.run import read_run_config

PACKAGES = ("torch", "numpy", "scikit-learn", "numba", "matplotlib", "joblib")


class Left(NamedTuple):
    """All that the report shows; None or empty for what the run did not leave."""

    name: str  # of the run's folder
    dataset: str
    num_images: int
    factor_names: tuple
    config: dict  # the run's configuration
    log: dict  # {column of log.csv: (rows,) float}
    results: dict  # {metric: {key: value or array}}
    view: Optional[View]  # pictures
    machine: dict  # {what: text}: versions and hardware


def gather(folder, dataset, seen=None):
    """The Left of the run in `folder`, which was trained or scored on `dataset`; `seen`: see `write_report`."""
    config = _config(folder)
    return Left(
        name=folder.resolve().name,
        dataset=dataset.name,
        num_images=len(dataset.images),
        factor_names=tuple(name.replace("_", " ") for name in dataset.factor_names),
        config=config.as_dict() if config else {},
        log=read_log(folder / "log.csv"),
        results=read_results(folder),
        view=seen or (_view(folder, config, dataset.images) if config else None),
        machine={**versions(), **hardware()},
    )


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


def read_log(path):
    """{column: (rows,) float64} of log.csv; empty if there is none. A value that is no number is NaN."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([_number(row[name]) for row in rows]) for name in (rows[0] if rows else ())}


def read_networks(folder, config):
    """Encoder and decoder of the newest sound checkpoint in `folder`, on the CPU; None if there is none."""
    state = checkpoint.load_latest(folder / "checkpoints")
    if state is None:
        return None
    weights = state["networks"]
    channels = next(iter(weights["encoder"].values())).shape[1]
    size = (channels, config.latent_dim, config.width, config.depth)
    networks = models.Encoder(*size), models.Decoder(*size)
    for name, network in zip(("encoder", "decoder"), networks):
        network.load_state_dict(weights[name])
        network.eval()
    return networks


def versions():
    """{package: version} of what computes, Python first; nothing is imported for it, which takes seconds."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def hardware():
    """{what: text} of the machine that the report is made on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {"system": f"{platform.system()} {platform.machine()}", "processor": f"{_processor()}, {cores} cores"}
    if torch.cuda.is_available():
        found["GPU"] = torch.cuda.get_device_name(0)
    return found


def _read_result(path):
    prefix = "evaluation_results."
    try:
        flat = json.loads(path.read_text(encoding="utf-8"))
        return {key[len(prefix) :]: _plain(value) for key, value in flat.items() if key.startswith(prefix)}
    except (OSError, ValueError, AttributeError):  # cut short, or no object at all
        return {}


def _view(folder, config, images):
    try:
        networks = read_networks(folder, config)
    except (RuntimeError, KeyError, StopIteration):  # a checkpoint of other networks: pictures are not worth a failure
        return None
    if networks is None or next(networks[0].parameters()).shape[1] != images.shape[-1]:
        return None
    return view(*networks, sample_images(images, config.seed, torch.device("cpu")))


def _config(folder):
    try:
        return read_run_config(folder)
    except InputError:
        return None


def _plain(value):
    def numbers(value):
        return [numbers(one) for one in value] if isinstance(value, list) else math.nan if value is None else value

    return np.array(numbers(value)) if isinstance(value, list) else numbers(value)


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or "unknown"
