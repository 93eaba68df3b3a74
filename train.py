"""Train a disentangling autoencoder within a time budget and leave its encoder where the grader looks for it.

    python train.py                                             # the defaults of utils/config.py
    python train.py configs/quickstart.yml                      # minutes on a CPU, on the embedded data
    python train.py configs/challenge.yml time_budget=8h        # the paper's entry
    python train.py configs/quickstart.yml seed=1 gamma=20 --fresh

Leaves in $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME: config.json, log.csv, checkpoints/, report/ (pictures) and
representation/pytorch_model.pt, which is there from the first minute on. Called again it goes on where it stopped.
Exit code: 0 done; 1 done, but something could not be written or learned; 2 bad input; 128 + the signal's number.
"""

import argparse
import sys

from utils.aicrowd import read_environment
from utils.budget import Budget
from utils.config import read_config
from utils.data import load
from utils.device import resolve_device
from utils.errors import InputError, entry_point
from utils.events import WAIT_IN_ALL, Events
from utils.loop import Loop, NotFinite
from utils.run import Run
from utils.signals import Stop
from utils.trainer import Trainer


@entry_point
def main(arguments=None):
    options = parse_arguments(arguments)
    environment = read_environment()
    events = Events(environment)
    try:
        events.execution_started()
        with Stop() as stop:
            return run_training(options, environment, events, stop)
    except BaseException as error:
        events.execution_error(f"{type(error).__name__}: {error}")
        raise
    finally:
        events.close()


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="*", metavar="[CONFIG.yml] [key=value ...]", help="keys: utils/config.py")
    parser.add_argument("--fresh", action="store_true", help="start over; the run that is there is set aside")
    options = parser.parse_intermixed_args(arguments)  # flags may stand anywhere
    has_file = bool(options.config) and "=" not in options.config[0]
    options.path, options.overrides = (options.config[0], options.config[1:]) if has_file else (None, options.config)
    return options


def run_training(options, environment, events, stop):
    """From arguments to an exported encoder; returns the exit code."""
    config = configure(options, environment)
    budget = Budget(config.time_budget, WAIT_IN_ALL if environment.is_grading else 0)
    device = resolve_device(config.device)
    data = load(config.dataset, environment.data_root)
    run = Run(environment.run_folder, config, environment.encoder_path)
    run.open(options.fresh)
    trainer = Trainer(config, data.images, device)
    seconds_before = run.resume(trainer)
    print(
        f"training {config.objective} on {data.name} ({len(data.images):,} images), {device}, from step {trainer.step}"
    )
    try:
        reason = Loop(trainer, run, budget, stop, events, seconds_before).go()
    except NotFinite as error:
        print(f"error: {error}", file=sys.stderr)
        events.execution_error(str(error))
        return 1
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise InputError(f"{device}: out of memory; lower batch_size, width or latent_dim") from None
        raise
    finally:
        trainer.close()
    return finish(reason, trainer, run, stop, events)


def finish(reason, trainer, run, stop, events):
    """Report the end to the grader and to people; the exit code."""
    print(f"{reason}: step {trainer.step}; encoder {run.encoder_path}; pictures and log in {run.folder}")
    for name, problem in run.problems.items():
        print(f"error: {name} could not always be written ({problem})", file=sys.stderr)
    if stop.signal:
        return 128 + stop.signal
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


if __name__ == "__main__":
    sys.exit(main())
