"""What the tests of train.py ask of a run and its folder."""

import csv
import dataclasses
import time

import torch

from utils.config import Config
from utils.run import checkpoint
from utils.run.folder import Run

QUICK = ("dataset=tiny.npy", "batch_size=4", "latent_dim=3", "learning_rate=1e-3", "device=cpu")
IMAGES = {"name": "tiny", "images": 40, "height": 64, "width": 64, "channels": 3, "fingerprint": "1234"}


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def rows(folder):
    """The rows of the run's log, {column: text} each."""
    with (folder / "log.csv").open(newline="") as log:
        return list(csv.DictReader(log))


def encoder(folder):
    return folder / "representation" / "pytorch_model.pt"


def codes(folder):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    return torch.jit.load(str(encoder(folder)))(images)


def final_weights(folder):
    return checkpoint.load_latest(folder / "checkpoints")["networks"]


def assert_equal_weights(one, other):
    for name in one:
        assert all(torch.equal(one[name][key], other[name][key]) for key in one[name])


def opened(folder, fresh=False, write_report=None, images=IMAGES, **settings):
    """A run that has been opened and unlocked again."""
    config = dataclasses.replace(Config(), **settings)
    with Run(folder, config, folder / "representation" / "pytorch_model.pt", write_report) as run:
        run.open(fresh, images)
    return run
