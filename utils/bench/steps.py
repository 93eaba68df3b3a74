"""How fast a step is here, and how fast it could be.

    python -m utils.bench steps                                       # on images that are made up
    python -m utils.bench steps dataset=mpi3d_real seconds=60         # on a data set, its file read cold and warm

One table, measured in one run: steps and images a second; the share of the bound, which is the rate at which this
machine's fastest matrix product, in the precision that trains, would make the step's necessary flops
(utils/bench/flops.py); the share of a step that feeding it takes, with the file in memory and, where the system lets
it be dropped, from the disk; memory. Where Pythae is installed its FactorVAE trains with the same networks on the same
images in between, for the ratio.
"""

import dataclasses
import importlib.util
import math
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import numpy as np
import torch

from utils.bench.flops import step_flops
from utils.bench.timing import matrix_rate, seconds_a_call
from utils.config import Config, parse_duration, parse_value
from utils.data import load
from utils.data.storage.mapped import drop_from_memory
from utils.errors import InputError, Parser
from utils.files import REPOSITORY
from utils.grader.environment import read_environment
from utils.memory import keep_freed_memory, peak_memory
from utils.training.batches import to_model_input
from utils.training.device import resolve_device
from utils.training.trainer import Trainer

CASES = ({"width": 1, "latent_dim": 10}, {"width": 2, "latent_dim": 512})
ROUNDS = 3  # everything is measured so many times, in turns: a busy moment of the machine touches all alike
COLUMNS = ("steps/s", "images/s", "GFLOP", "bound", "of_bound", "fed_warm", "fed_cold", "MiB", "Pythae", "ratio")
PERCENT = ("of_bound", "fed_warm", "fed_cold")


def main(arguments):
    options = parse_arguments(arguments)
    device = resolve_device(options.device)
    keep_freed_memory()
    images = find_images(options.dataset)
    print(f"PyTorch {torch.__version__}, {device}, {torch.get_num_threads()} threads, {len(images):,} images")
    print(f"{'':<24}" + "".join(f"{name:>10}" for name in COLUMNS), flush=True)
    for case in CASES:
        peer = Peer(case, options.dataset, device) if importlib.util.find_spec("pythae") else None
        config = dataclasses.replace(Config(), precision=options.precision, **case)
        print(row(case, measure(config, images, device, options.seconds, peer)), flush=True)
        if peer:
            peer.close()


def parse_arguments(arguments):
    parser = Parser(prog="python -m utils.bench steps", description=__doc__)
    parser.add_argument("settings", nargs="*", metavar="key=value", help="dataset, device, precision, seconds a row")
    settings = {"dataset": "", "device": "cpu", "precision": "auto", "seconds": "30"}
    for text in parser.parse_args(arguments).settings:
        key, separator, value = text.partition("=")
        if not separator or key not in settings:
            raise InputError(f"argument {text!r}: expected one of {', '.join(f'{name}=...' for name in settings)}")
        settings[key] = value
    settings["seconds"] = parse_duration(settings["seconds"], place=f"seconds={settings['seconds']!r}")
    settings["precision"] = parse_value("precision", settings["precision"], where="argument")
    return SimpleNamespace(**settings)


def find_images(dataset):
    """The data set's images, or 4,096 random ones."""
    if dataset:
        return load(dataset, read_environment().data_root).images
    return np.random.RandomState(0).randint(0, 256, size=(4096, 64, 64, 3), dtype=np.uint8)


def measure(config, images, device, seconds, peer=None):
    """{column: number} of one configuration, from about `seconds` of work.

    The parts take turns. A part's time is the shortest of its turns' medians: what slows a turn is the machine's
    other work.
    """
    trainer, each = Trainer(config, images, device), seconds / (5 * ROUNDS)
    trainer.update()
    trainer.resident.wait()  # a long run has the images on its GPU
    trainer.update()
    memory = peak_memory(device)  # before the products, whose matrices are larger than a step
    fixed = to_model_input(images[np.arange(2 * config.batch_size) % len(images)], device)
    generator = torch.Generator(device).manual_seed(0)
    parts = {
        "product": lambda: 1 / matrix_rate(device, trainer.precision, each),
        "step": lambda: seconds_a_call(trainer.update, device, each),
        "unfed": lambda: seconds_a_call(lambda: trainer.learn(fixed, generator), device, each),
        "cold": lambda: seconds_cold(trainer, images, device, each),
    }
    if peer:
        parts["peer"] = lambda: peer.seconds_a_step(each)
    turns = [{name: part() for name, part in parts.items()} for _ in range(ROUNDS)]
    trainer.close()
    return columns(config, trainer, memory, {name: min(turn[name] for turn in turns) for name in parts})


def seconds_cold(trainer, images, device, seconds):
    """Seconds a step with the file of `images` read from the disk; infinite where that cannot be had.

    That is where the system drops no file from memory, and where the images lie on a GPU.
    """
    trainer.close()  # batches that are gathered already are warm
    if trainer.resident is not None:
        return math.inf
    return seconds_a_call(trainer.update, device, seconds) if drop_from_memory(images) else math.inf


def columns(config, trainer, memory, times):
    """What the table shows of the bytes that steps hold and the seconds that each part took."""
    flops, images, step = step_flops(config, trainer.channels), 2 * config.batch_size, times["step"]
    found = {
        "steps/s": 1 / step,
        "images/s": images / step,
        "GFLOP": flops / 1e9,
        "bound": 1 / (times["product"] * flops),
        "of_bound": 100 * times["product"] * flops / step,
        "fed_warm": 100 * (1 - times["unfed"] / step),
        "MiB": memory / 2**20,
    }
    if math.isfinite(times["cold"]):
        found["fed_cold"] = 100 * (1 - times["unfed"] / times["cold"])
    if "peer" in times:
        found.update({"Pythae": 1 / times["peer"], "ratio": times["peer"] / step})
    return found


def row(case, found):
    """A line of the table; '-' for what was not measured."""
    name = ", ".join(f"{key}={value}" for key, value in case.items())
    cells = (f"{found[column]:.1f}{'%' * (column in PERCENT)}" if column in found else "-" for column in COLUMNS)
    return f"{name:<24}" + "".join(f"{cell:>10}" for cell in cells)


class Peer:
    """Pythae's trainer in a process of its own (utils/bench/pythae_peer.py), waiting to be timed."""

    def __init__(self, case, dataset, device):
        settings = [f"{key}={value}" for key, value in case.items()]
        command = [sys.executable, "-m", "utils.bench.pythae_peer", str(device), dataset, *settings]
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = subprocess.Popen(command, cwd=str(REPOSITORY), universal_newlines=True, **pipes)

    def seconds_a_step(self, seconds):
        print(seconds, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("a step takes "):
                return float(line.split()[-1])
        self.errors.seek(0)
        raise RuntimeError(f"python -m utils.bench.pythae_peer ended without an answer: {self.errors.read()[-2000:]}")

    def close(self):
        self.process.communicate()
        self.errors.close()
