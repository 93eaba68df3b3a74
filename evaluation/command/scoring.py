"""What the commands that score share: their options, and scoring a file of codes."""

import argparse
import contextlib
import hashlib
import re
from pathlib import Path

import numpy as np

from ..cores import available_cores
from ..datasets.labelled import MOST_VALUES
from ..errors import InputError
from ..evaluate import evaluate_codes
from ..metrics.table import DEFAULT, METRICS, find_metrics
from ..options import MOST_JOBS, check_seed
from ..progress import Console
from ..results import (
    CODES_DIGEST,
    DATASET_FINGERPRINT,
    SEED,
    check_output,
    final_scores,
    remove_result,
    remove_results_of_other_codes,
    table,
    write_result,
)
from .codes_file import read_codes, read_file


def add_options(parser):
    """Add --metrics, --seed, --jobs and --bins to an argparse parser."""
    parser.add_argument(
        "--metrics", type=metrics_named, default=DEFAULT, help=f"some of {','.join(METRICS)}; default: the first five"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="of the metrics' draws; the challenge's is 0")
    parser.add_argument("--jobs", type=_whole(MOST_JOBS), default=available_cores(), help="threads; default: all cores")
    parser.add_argument("--bins", type=_whole(MOST_VALUES), help="with codes: cut continuous factors into as many bins")


def score_file(options):
    """Score the .npz files `options.codes` and print the scores; with `options.output`, write them there too."""
    files = [str(path) for path in options.codes]
    contents = [read_file(path) for path in files]
    digests, report = [hashlib.sha256(content).hexdigest() for content in contents], Console()
    if len(digests) == 2 and len(set(digests)) == 1:
        report.warn(f"{files[1]}: has the points of {files[0]}, so they are tested on what they were trained on")
    given = read_codes(files, options.bins, contents)
    del contents  # the arrays are copies
    if options.output:
        check_output(options.output)
        settings = {
            "codes": files,
            CODES_DIGEST: digests,
            DATASET_FINGERPRINT: _fingerprint(given),
            SEED: options.seed,
            "evaluation.bins": options.bins,
        }
        report = console_into(Path(options.output), settings)
    results = evaluate_codes(**given, metrics=options.metrics, seed=options.seed, jobs=options.jobs, report=report)
    print_scores(results)


def _fingerprint(given):
    """Of the factors, which tells whether two files of codes are of the same points."""
    factors = [given[key] for key in ("factors", "factors_test") if key in given]
    parts = [f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes() for array in factors]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def console_into(folder, settings):
    """A Console that keeps each result in `folder` (a Path), with `settings`; InputError where it cannot be written.

    The file of a metric that is not defined is removed if this package wrote it: it is of another call, and would be
    read as of this one. So are, as soon as there is a score of given codes, the files of other codes; those of an
    encoder stay.
    """

    def save(name, result, seconds):
        with _writing(folder):
            if CODES_DIGEST in settings:
                remove_results_of_other_codes(folder, settings[CODES_DIGEST])
            write_result(folder, name, result, seconds, settings)

    def remove(name):
        with _writing(folder):
            remove_result(folder, name)

    return Console(on_score=save, on_not_defined=remove)


@contextlib.contextmanager
def _writing(folder):
    try:
        yield
    except OSError as error:
        raise InputError(f"output {folder}: {error.strerror or error}") from None


def print_scores(results, files=None):
    """The table of scores and, last, the line of the challenge's script; `files` is a line between them."""
    print(f"\n{table(results)}\n" + (f"\n{files}" if files else ""))
    print("Final Scores : ", final_scores(results))


def metrics_named(text):
    try:
        return tuple(metric.name for metric in find_metrics(name.strip() for name in text.split(",") if name.strip()))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _whole(most):
    """A type for argparse: a whole number from 1 to `most`."""

    def parse(text):
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to {most}")
        return int(text)

    return parse


def _seed(text):
    if not re.fullmatch("[0-9]{1,10}", text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 to 2**32 - 1")
    try:
        check_seed(int(text))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return int(text)
