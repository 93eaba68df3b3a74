"""What a configuration costs on this machine, and how far its time budget goes.

python -m utils.bench plan configs/challenge.yml time_budget=8h     # the same as train.py … --plan
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from utils.bench.flops import step_flops
from utils.bench.timing import seconds_a_call
from utils.durations import clock
from utils.files import REPOSITORY
from utils.memory import peak_memory
from utils.run.folder import Run

SECONDS = 10.0  # of training that is timed


class Plan(NamedTuple):
    """What was measured, and what follows from it."""

    parameters: dict  # {network: number of parameters}
    flops: int  # multiplications and additions a step
    steps_per_second: float
    images_per_second: float
    memory: int  # bytes, with the copy of the images
    copied: int  # bytes of the images that are on the GPU
    saving: float  # seconds for a checkpoint with its export and report
    steps: int  # updates that the budget allows, at most config.steps
    epochs: float  # passes over the images in these steps
    seconds: float  # of the whole run


def measure_plan(trainer, write_report, budget):
    """Train for SECONDS and save once into a temporary folder: a Plan; nothing stays on disk.

    write_report   as utils.run.folder.Run takes it
    budget         utils.run.budget.Budget

    With several processes all train, and the main one alone saves and gets the Plan; the others get None.
    """
    config = trainer.config
    trainer.update()
    trainer.resident.wait()  # training on a GPU lasts far longer than the copying of its images
    a_step = seconds_a_call(trainer.update, trainer.device, SECONDS, all_reduce_max=trainer.group.all_reduce_max)
    if not trainer.group.is_main:
        return None
    with tempfile.TemporaryDirectory() as folder:
        saving = Run(folder, config, Path(folder) / "encoder.pt", write_report).save(trainer, 0.0)
    started = max(0.0, budget.spent - SECONDS - saving)
    budget.hold_back(saving)
    steps = steps_within(config, budget.seconds - budget.reserve - started, a_step, saving)
    images = config.batch_size * (2 if trainer.adversarial else 1)
    return Plan(
        parameters={name: sum(p.numel() for p in net.parameters()) for name, net in trainer.networks.items()},
        flops=step_flops(config, trainer.channels),
        steps_per_second=1 / a_step,
        images_per_second=images / a_step,
        memory=peak_memory(trainer.device),
        copied=0 if trainer.resident.tensor is None else trainer.images.nbytes,
        saving=saving,
        steps=steps,
        epochs=steps * images / (len(trainer.images) - config.held_out),
        seconds=min(budget.seconds, started + steps * a_step + 2 * saving),
    )


def steps_within(config, seconds, a_step, saving):
    """Steps that fit into `seconds`, of which each `checkpoint_every` costs one saving more; at most config.steps."""
    share = config.checkpoint_every / (config.checkpoint_every + saving)
    return max(0, min(config.steps, int((seconds - saving) * share / a_step)))


def plan_text(config, plan):
    """The Plan as people read it."""
    end = "all steps are made" if plan.steps >= config.steps else "the time budget ends the run"
    return "\n".join(
        [
            f"{config.objective}, {config.latent_dim} latents, width {config.width:g}, depth {config.depth}, "
            f"batch {config.batch_size}",
            *(f"  {name:<14}{count:>14,} parameters" for name, count in plan.parameters.items()),
            f"  {plan.flops / 1e9:.2f} GFLOP a step",
            f"  {plan.steps_per_second:.2f} steps/s, {plan.images_per_second:.0f} images/s",
            f"  {plan.memory / 2**20:,.0f} MiB of memory"
            + (f", {plan.copied / 2**20:,.0f} of them for the images" if plan.copied else ""),
            f"  {plan.saving:.1f} s for a checkpoint with its export and report",
            f"in a budget of {clock(config.time_budget)} it completes {plan.steps:,} of {config.steps:,} updates, "
            f"{plan.epochs:.1f} epochs, in {clock(plan.seconds)}: {end}",
        ]
    )


def print_plan(trainer, write_report, budget):
    """Measure and print."""
    began, plan = time.monotonic(), measure_plan(trainer, write_report, budget)
    if plan is not None:
        print(plan_text(trainer.config, plan))
        print(f"measured in {time.monotonic() - began:.0f} s; no run was written")


def main(arguments):
    """The exit code of `train.py ARGUMENTS --plan`, which has all of a run's arguments and environment."""
    return subprocess.call([sys.executable, str(REPOSITORY / "train.py"), *arguments, "--plan"])
