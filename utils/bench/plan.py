"""What a configuration costs and what its budget buys on this machine: `python train.py ... --plan`."""

import tempfile
import time
from pathlib import Path

from utils.bench.flops import step_flops
from utils.bench.timing import seconds_a_call
from utils.durations import clock
from utils.memory import peak_memory
from utils.run.folder import Run

SECONDS = 10.0  # of training that is timed


def measure_plan(trainer, write_report, budget):
    """Train a few seconds and close once in a temporary folder: {name: number}; nothing stays on disk.

    Of several processes all train, and the main one alone closes and learns the numbers; the others get None.
    """
    config = trainer.config
    parameters = {name: sum(p.numel() for p in net.parameters()) for name, net in trainer.networks.items()}
    a_step = seconds_a_call(trainer.update, trainer.device, SECONDS, all_reduce_max=trainer.group.all_reduce_max)
    if not trainer.group.is_main:
        return None
    with tempfile.TemporaryDirectory() as folder:
        saving = Run(folder, config, Path(folder) / "encoder.pt", write_report).save(trainer, 0.0)
    started = budget.spent - SECONDS - saving
    budget.hold_back(saving)
    steps = steps_within(config, budget.seconds - budget.reserve - max(0.0, started), a_step, saving)
    images = config.batch_size * (2 if trainer.adversarial else 1)
    return {
        **{f"parameters, {name}": count for name, count in parameters.items()},
        "operations a step": step_flops(config, trainer.channels),
        "steps/s": 1 / a_step,
        "images/s": images / a_step,
        "memory, bytes": peak_memory(trainer.device),
        "saving, seconds": saving,
        "steps": steps,
        "epochs": steps * images / len(trainer.images),
        "seconds": min(budget.seconds, started + steps * a_step + 2 * saving),
    }


def steps_within(config, seconds, a_step, saving):
    """Steps made in `seconds` of which every `checkpoint_every` one saving is lost, at most config.steps."""
    share = config.checkpoint_every / (config.checkpoint_every + saving)
    return max(0, min(config.steps, int((seconds - saving) * share / a_step)))


def plan_text(config, numbers):
    """The plan as people read it."""
    parameters = [
        f"  {name.split(', ')[1]:<14}{count:>14,} parameters"
        for name, count in numbers.items()
        if name.startswith("parameters")
    ]
    ends = "all steps are made" if numbers["steps"] >= config.steps else "the time budget ends it"
    return "\n".join(
        [
            f"{config.objective}, {config.latent_dim} latents, width {config.width}, depth {config.depth}, "
            f"batch {config.batch_size}",
            *parameters,
            f"  {numbers['operations a step'] / 1e9:.2f} billion operations a step",
            f"  {numbers['steps/s']:.2f} steps/s, {numbers['images/s']:.0f} images/s",
            f"  {numbers['memory, bytes'] / 2**20:,.0f} MiB of memory",
            f"  {numbers['saving, seconds']:.1f} s for a checkpoint with its export and report",
            f"a budget of {clock(config.time_budget)} buys {numbers['steps']:,} of {config.steps:,} steps, "
            f"{numbers['epochs']:.1f} epochs, in {clock(numbers['seconds'])}: {ends}",
        ]
    )


def print_plan(trainer, write_report, budget):
    """Measure and print; the time that takes is said at the end."""
    began, numbers = time.monotonic(), measure_plan(trainer, write_report, budget)
    if numbers is None:
        return
    print(plan_text(trainer.config, numbers))
    print(f"measured in {time.monotonic() - began:.0f} s; nothing was written")
