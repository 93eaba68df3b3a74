"""Train a disentangling autoencoder within a time budget and leave its encoder where the grader looks for it.

    python train.py                                             # the defaults of utils/config.py
    python train.py configs/quickstart.yml                      # minutes on a CPU, on the embedded data
    python train.py configs/challenge.yml time_budget=8h        # the paper's entry
    python train.py configs/quickstart.yml seed=1 gamma=20 --fresh
    python train.py configs/challenge.yml --plan                # what that costs here, and what its budget buys
    torchrun --nproc_per_node=2 train.py configs/challenge.yml  # one model on several devices

Leaves in $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME: config.json, log.csv, checkpoints/, report/index.html (one page
with all of it, and two pictures) and representation/pytorch_model.pt, which is there from the first minute on. Called
again it goes on where it stopped.
Exit code: 0 done; 1 done, but something could not be written or learned; 2 bad input; 128 + the signal's number.
"""

import argparse
import contextlib
import os
import sys

from utils.bench.plan import print_plan
from utils.config import read_config
from utils.data import load
from utils.errors import InputError, entry_point
from utils.grader.environment import is_grading, read_environment
from utils.grader.events import WAIT_IN_ALL, Events
from utils.memory import keep_freed_memory
from utils.run.budget import Budget
from utils.run.folder import Run
from utils.run.loop import Loop, NotFinite
from utils.run.signals import Stop
from utils.training.device import resolve_device
from utils.training.distributed import ProcessLost, is_main, join
from utils.training.trainer import Trainer


@entry_point
def main(arguments=None):
    with Events(is_grading(), is_main()) as events:  # first, so that the grader hears of bad arguments as well
        events.execution_started()
        options = parse_arguments(arguments)
        environment = read_environment()
        group = join()
        with contextlib.nullcontext() if options.plan else Stop() as stop:  # a plan has nothing to save
            return run_training(options, environment, events, stop, group)


class Parser(argparse.ArgumentParser):
    """Refuses arguments as all other bad input is refused."""

    def error(self, message):
        raise InputError(f"{message}; expected what python train.py --help lists")


def parse_arguments(arguments):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="*", metavar="[CONFIG.yml] [key=value ...]", help="keys: utils/config.py")
    parser.add_argument("--fresh", action="store_true", help="start over; the run that is there is set aside")
    parser.add_argument("--plan", action="store_true", help="measure speed and memory, say what the budget buys, end")
    options = parser.parse_intermixed_args(arguments)  # flags may stand anywhere
    has_file = bool(options.config) and "=" not in options.config[0]
    options.path, options.overrides = (options.config[0], options.config[1:]) if has_file else (None, options.config)
    return options


def run_training(options, environment, events, stop, group):
    """From arguments to an exported encoder; returns the exit code."""
    config = configure(options, environment)
    budget = Budget(config.time_budget, WAIT_IN_ALL if environment.is_grading else 0)
    device = resolve_device(config.device, group.local_rank)
    group.use(device)
    keep_freed_memory()
    data = group.main_first(lambda: load(config.dataset, environment.data_root))
    if options.plan:
        return plan(config, data, device, budget, group)
    run = Run(environment.run_folder, config, environment.encoder_path, report_writer(data))
    group.run_on_main(lambda: run.open(options.fresh))
    trainer = Trainer(config, data.images, device, group=group)
    seconds_before = run.resume(trainer)
    tell(
        f"training {config.objective} on {data.name} ({len(data.images):,} images), {device}, from step {trainer.step}",
        group,
    )
    try:
        reason = Loop(trainer, run, budget, stop, events, seconds_before).go()
    except (NotFinite, ProcessLost) as error:
        if group.is_main or isinstance(error, ProcessLost):  # which one was lost is not known
            print(f"error: {error}", file=sys.stderr, flush=True)
        events.execution_error(str(error))
        return 1
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise InputError(f"{device}: out of memory; lower batch_size, width or latent_dim") from None
        raise
    finally:
        trainer.close()
    return finish(reason, trainer, run, stop, events)


def plan(config, data, device, budget, group):
    """Print what the configuration costs here; writes nothing."""
    trainer = Trainer(config, data.images, device, group=group)
    try:
        print_plan(trainer, report_writer(data), budget)
    finally:
        trainer.close()
    return 0


def report_writer(data):
    """What a run is given to write its report with: a function of its folder and the trainer."""

    def write_report(run_folder, trainer):
        from utils.report import report_training  # stands on the metrics' packages: a second, once an encoder is out

        report_training(run_folder, trainer, data)

    return write_report


def tell(text, group):
    """Print in the main process alone."""
    if group.is_main:
        print(text, flush=True)


def finish(reason, trainer, run, stop, events):
    """Report the end to the grader and to people; the exit code."""
    tell(f"{reason}: step {trainer.step}; encoder {run.encoder_path}; report and log in {run.folder}", trainer.group)
    for name, problem in run.problems.items():
        print(f"error: {name} could not always be written ({problem})", file=sys.stderr)
    if stop.signal:  # not submitted: the grader takes a submission for a finished one, and silence for a hung run
        events.stopped(f"stopped by {stop.signal.name} at step {trainer.step}")
        return 128 + stop.signal
    if not trainer.group.is_main:  # it has written nothing, and has nothing to tell
        return 0
    if run.exported:
        events.register_progress(1.0)
        events.submit()
    else:
        events.execution_error(f"export: {run.problems['export']}")
    return 1 if run.problems else 0


def configure(options, environment):
    """The configuration; an argument goes before AICROWD_DATASET_NAME, which goes before the file."""
    from_environment = [f"dataset={environment.dataset_name}"] if environment.dataset_name else []
    return read_config(options.path, [*from_environment, *options.overrides])


def leave(code):
    """End the process at once: all is written, and taking the interpreter apart takes seconds on a loaded machine."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # whoever read them may be gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
