"""What a run left, read back for its report."""

import contextlib
import platform
from importlib import metadata
from typing import NamedTuple, Optional

import torch

from evaluation.cores import available_cores
from evaluation.results import own_digest, read_results
from utils.errors import InputError
from utils.report.pictures import View, make_view, sample_images
from utils.run.folder import read_networks, read_run_config
from utils.run.log import read_log

PACKAGES = ("torch", "numpy", "scipy", "numba", "matplotlib", "joblib")


class Contents(NamedTuple):
    """All that the report shows; None or empty for what the run did not leave."""

    subject: str  # the run's folder, or the encoder that is not the run's
    dataset: str
    num_images: int
    factor_names: tuple
    config: dict  # the run's configuration
    log: dict  # {column of log.csv: (rows,) float}
    results: dict  # {metric: {key: value or array}}
    view: Optional[View]  # pictures
    machine: dict  # {what: text}: versions and hardware


def gather(folder, dataset, view=None, encoder_digest=None):
    """The Contents of the run in `folder`, trained or scored on `dataset`; the rest: see `write_report`."""
    is_own = encoder_digest in (None, own_digest(folder))  # else nothing of the run belongs to its scores
    config = _config(folder) if is_own else None
    return Contents(
        subject=f"run “{folder.resolve().name}”" if is_own else f"encoder {encoder_digest[:12]}… (SHA-256)",
        dataset=dataset.name,
        num_images=len(dataset.images),
        factor_names=tuple(name.replace("_", " ") for name in dataset.factor_names),
        config=config.as_dict() if config else {},
        log=read_log(folder / "log.csv") if is_own else {},
        results=read_results(folder, dataset.name, encoder_digest, dataset.fingerprint),
        view=view or (_view(folder, config, dataset.images) if config else None),
        machine={**versions(), **hardware()},
    )


def versions():
    """{package: version} of what computes, Python first; nothing is imported for it, which takes seconds."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def hardware():
    """{what: text} of the machine that the report is made on."""
    processor = f"{_processor()}, {available_cores()} cores"
    found = {"system": f"{platform.system()} {platform.machine()}", "processor": processor}
    with contextlib.suppress(Exception):  # a GPU that does not answer is none that computed
        if torch.cuda.is_available():
            found["GPU"] = torch.cuda.get_device_name()
    return found


def _view(folder, config, images):
    try:
        networks = read_networks(folder, config)
    except (RuntimeError, KeyError, StopIteration, InputError):  # damaged, or of other networks: no pictures then
        return None
    if networks is None or next(networks[0].parameters()).shape[1] != images.shape[-1]:
        return None
    return make_view(*networks, sample_images(images, config.seed, torch.device("cpu")))


def _config(folder):
    try:
        return read_run_config(folder)
    except InputError:
        return None


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or "unknown"
