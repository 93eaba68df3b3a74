"""Train a disentangling autoencoder within a time budget and leave its encoder where the grader looks for it.

    python train.py                                             # the defaults of utils/config.py
    python train.py configs/quickstart.yml                      # minutes on a CPU, on the embedded data
    python train.py configs/challenge.yml time_budget=8h        # the paper's entry
    python train.py configs/quickstart.yml seed=1 gamma=20 --fresh
    python train.py configs/challenge.yml --plan                # what that costs here, and how far its budget goes
    torchrun --nproc_per_node=2 train.py configs/challenge.yml  # one model on several devices

Leaves in $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME: config.json, dataset.json, log.csv, checkpoints/,
report/index.html (one page with all of it, and two pictures) and representation/pytorch_model.pt, which is there from
the first seconds on. Called again it goes on where it stopped.
Exit code: 0 done; 1 an error, or done but something could not be written; 2 bad input; 128 + the signal's number.
"""

import contextlib
import dataclasses
import inspect
import os
import runpy
import sys
import traceback

# By its path, since Python may find another project's `utils`, or none.
if not runpy.run_path(os.path.join(os.path.dirname(os.path.realpath(__file__)), "utils", "startup.py"))["is_ready"](
    is_command=__name__ == "__main__"
):
    sys.exit(2)

from utils.bench.plan import print_plan
from utils.config import FIELDS, read_config
from utils.data import load, refuse_among_pictures, refuse_data_within, resolve
from utils.durations import clock
from utils.errors import InputError, Parser, entry_point
from utils.grader.environment import is_grading, read_environment
from utils.grader.events import WAIT_IN_ALL, Events
from utils.memory import is_out_of_memory, keep_freed_memory
from utils.notes import is_main, note
from utils.run.budget import Budget, process_start
from utils.run.export import require_torchscript
from utils.run.folder import Run
from utils.run.loop import Loop, NotFinite
from utils.run.signals import Stop, Stopped
from utils.run.trained_images import describe_images
from utils.training.device import resolve_device
from utils.training.distributed import ProcessLost, join, run_in_all
from utils.training.objectives import weights_in_words
from utils.training.trainer import Trainer


@entry_point
def main(arguments=None, began=None):
    """Train; the exit code. `began`: from when on the time budget counts, on time.monotonic's clock; None: now."""
    with Events(is_grading(), is_main()) as events:  # first, so that the grader hears of bad arguments as well
        events.execution_started()
        options, environment, config = read_inputs(arguments)
        budget = Budget(config.time_budget, WAIT_IN_ALL if environment.is_grading else 0, began)
        with contextlib.nullcontext() if options.plan else Stop() as stop:  # a plan has nothing to save
            try:
                return run_training(options, environment, config, budget, stop, events)
            except ProcessLost as error:
                return fail(str(error), events)
            except Stopped as stopped:
                print(f"{stopped}; the same command begins again", file=sys.stderr, flush=True)
                events.stopped(str(stopped))
                return 128 + stopped.signal


def read_inputs(arguments):
    """Arguments, environment and the configuration that they give. Of several processes the main one reports errors."""
    try:
        require_torchscript()
        options, environment = parse_arguments(arguments), read_environment()
        return options, environment, configure(options, environment)
    except InputError:
        if is_main():
            raise
        sys.exit(2)


def parse_arguments(arguments):
    parser = Parser(description=__doc__, allow_abbrev=False)
    parser.add_argument("config", nargs="*", metavar="[CONFIG.yml] [key=value ...]", help="keys: utils/config.py")
    parser.add_argument("--fresh", action="store_true", help="start over; the run that is there is set aside")
    parser.add_argument("--plan", action="store_true", help="print speed, memory and how far the budget goes, and end")
    parser.add_argument("--default", metavar="CONFIG.yml", help="the configuration where none is named, as in run.sh")
    options = parser.parse_intermixed_args(arguments)  # flags may stand anywhere
    has_file = bool(options.config) and names_file(options.config[0])
    options.path = options.config[0] if has_file else options.default
    options.overrides = options.config[1:] if has_file else options.config
    return options


def names_file(argument):
    """Whether an argument is a configuration's path, in which = may stand, and no key=value."""
    key, separator, _ = argument.partition("=")
    return not separator or (key not in FIELDS and argument.lower().endswith((".yml", ".yaml")))


def configure(options, environment):
    """The configuration; an argument overrides AICROWD_DATASET_NAME, which overrides the file."""
    from_environment = [f"dataset={environment.dataset_name}"] if environment.dataset_name else []
    config = read_config(options.path, [*from_environment, *options.overrides])
    config = dataclasses.replace(config, dataset=resolve(config.dataset, environment.data_root))
    if not options.plan:
        refuse_among_pictures(environment.run_folder, config.dataset, "run's folder")
        if options.fresh:
            refuse_data_within(environment.run_folder, config.dataset, environment.data_root)
    return config


def run_training(options, environment, config, budget, stop, events):
    """From the data set to an exported encoder, or with --plan to what that costs; the exit code."""
    group = join()
    device = run_in_all(group, lambda: resolve_device(config.device, group.local_rank))
    run_in_all(group, lambda: group.agree_on(device))
    group.use(device)
    keep_freed_memory()
    data = load_data(config, environment, group)
    with memory_advice(device), contextlib.closing(make_trainer(config, data, device, group)) as trainer:
        if options.plan:
            print_plan(trainer, report_writer(data), budget)
            return 0
        with Run(environment.run_folder, config, environment.encoder_path, report_writer(data)) as run:
            run_in_all(group, lambda: group.is_main and run.open(options.fresh, describe_images(data)))
            seconds_before = run_in_all(group, lambda: run.resume(trainer)) or 0.0
            count = f"{len(data.images):,} images"
            where = f"{device} in {trainer.precision}, from step {trainer.step}"
            weights, idle = weights_in_words(config)
            log(f"training {config.objective} ({weights}) on {data.name} ({count}), {where}", group)
            if idle:
                note(f"{config.objective} does not read {idle}")
            if seconds_before and config.decay == "budget" and trainer.step < config.steps:
                note(f"the learning rate rises again, to fall to 0 with {clock(config.time_budget)} more")
            stop.keep()
            reason, code = train(Loop(trainer, run, budget, stop, events, seconds_before), events)
            return max(code, finish(reason, trainer, run, stop, events)) if reason else code


def load_data(config, environment, group):
    """The data set; the main process is done with it before another begins, so that it is unpacked once."""
    run_in_all(group, lambda: group.part(config.batch_size, 1))  # InputError if the processes cannot share a batch
    data = run_in_all(group, lambda: load_enough(config, environment) if group.is_main else None)
    return run_in_all(group, lambda: data or load_enough(config, environment))


def load_enough(config, environment):
    """The data set; InputError if nothing of it is left to train on."""
    data = load(config.dataset, environment.data_root)
    data.require_more_than(config.held_out)
    return data


def make_trainer(config, data, device, group):
    """The Trainer of this process; what it refuses is reported once."""
    return run_in_all(group, lambda: Trainer(config, data.images, device, group=group))


def report_writer(data):
    """What a run is given to write its report with: a function of its folder and the trainer."""

    def write_report(run_folder, trainer):
        from utils.report import report_training  # takes time to import: once an encoder is out

        report_training(run_folder, trainer, data)

    return write_report


def train(loop, events):
    """Run the loop: why it stopped, None after an error that leaves nothing to submit, and the exit code so far.

    What was learned before an error is saved.
    """
    try:
        return loop.go(), 0
    except NotFinite as error:
        if loop.run.exported_step:  # a trained encoder is exported: the grader gets it
            log(f"error: {error}", loop.group, sys.stderr)
            return "numbers not finite", 1
        fail(str(error), events, loop.group.is_main)
    except ProcessLost as error:  # said at once: the launcher may kill this process any moment
        fail(str(error), events)
    except Exception as error:
        saved = loop.rescue()
        if isinstance(error, InputError):
            raise
        if is_out_of_memory(error):
            raise InputError(
                f"{loop.trainer.device}: out of memory at step {loop.trainer.step}; {saved}; a lower batch_size, width "
                "or latent_dim is another run, begun with --fresh"
            ) from None
        traceback.print_exc()
        fail(f"step {loop.trainer.step}: {type(error).__name__}: {error}; {saved}", events)
    return None, 1


def fail(message, events, is_printed=True):
    """Report the error that ends the run to people and to the grader; the exit code."""
    if is_printed:
        print(f"error: {message}", file=sys.stderr, flush=True)
    events.execution_error(message)
    return 1


@contextlib.contextmanager
def memory_advice(device):
    """Make running out of memory an InputError, where no loop does."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise InputError(f"{device}: out of memory; lower batch_size, width or latent_dim") from None
        raise


def log(text, group, stream=None):
    """Print in the main process alone, on stdout unless another stream is named."""
    if group.is_main:
        print(text, file=stream, flush=True)


def finish(reason, trainer, run, stop, events):
    """Report the end to the grader and to people; the exit code."""
    completed = f"completed {trainer.step:,} of {trainer.config.steps:,} updates"
    encoder = f"encoder {run.encoder_path}" if run.encoder_path.exists() else "no encoder"
    log(f"{reason}: {completed}; {encoder}; report and log in {run.folder}", trainer.group)
    for name, problem in run.problems.items():
        print(f"error: {name} could not always be written ({problem})", file=sys.stderr)
    if stop.signal:  # not submitted: the grader takes a submission for a finished one, and silence for a hung run
        events.stopped(f"stopped by {stop.signal.name} at step {trainer.step}")
        return 128 + stop.signal
    if not trainer.group.is_main:  # it has written nothing, and has nothing to report
        return 0
    if run.exported:
        events.register_progress(1.0)
        events.submit()
    else:
        events.execution_error(f"export: {run.problems['export']}")
    return 1 if run.problems else 0


def end_process(code):
    """End at once: all is written, and taking the interpreter apart takes seconds on a loaded machine."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # whoever read them may be gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    if inspect.currentframe().f_back is None and not sys.flags.interactive:
        try:
            code = main(began=process_start())
        except SystemExit as end:  # bad input: the threads of several processes may abort an orderly end
            code = end.code or 0
        end_process(code)
    sys.exit(main())  # in a process that goes on: a notebook's %run, a profiler, a debugger
