"""What the commands that score share: their options, and scoring a file of codes."""

import argparse
from pathlib import Path

from .codes_file import read_codes
from .cores import available_cores
from .errors import InputError
from .evaluate import check_seed, evaluate_codes
from .metrics.table import DEFAULT, METRICS, find_metrics
from .progress import Console
from .results import check_output, final_scores, table, write_result


def add_options(parser):
    """Add --metrics, --seed, --jobs and --bins to an argparse parser."""
    parser.add_argument(
        "--metrics", type=_metrics, default=DEFAULT, help=f"some of {','.join(METRICS)}; default: the first five"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="of the metrics' draws; the challenge's is 0")
    parser.add_argument("--jobs", type=_positive, default=available_cores(), help="threads; default: all cores")
    parser.add_argument("--bins", type=_positive, help="with codes: cut continuous factors into as many bins")


def score_file(options):
    """Score the .npz files `options.codes` and print the scores; with `options.output`, write them there too."""
    files = [str(path) for path in options.codes]
    settings = {"codes": files, "evaluation.random_seed": options.seed, "evaluation.bins": options.bins}

    def save(name, result, seconds):
        if options.output:
            write_result(Path(options.output), name, result, seconds, settings)

    given = read_codes(files, options.bins)
    if options.output:
        check_output(options.output)
    try:
        results = evaluate_codes(
            **given, metrics=options.metrics, seed=options.seed, jobs=options.jobs, report=Console(on_score=save)
        )
    except OSError as error:
        raise InputError(f"output {options.output}: {error.strerror or error}") from None
    print_scores(results)


def print_scores(results, files=None):
    """The table of scores and, last, the line of the challenge's script; `files` is a line between them."""
    print(f"\n{table(results)}\n" + (f"\n{files}" if files else ""))
    print("Final Scores : ", final_scores(results))


def _metrics(text):
    try:
        return tuple(metric.name for metric in find_metrics(name.strip() for name in text.split(",") if name.strip()))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of at least 1")
    return int(text)


def _seed(text):
    try:
        seed = int(text)
        check_seed(seed)
        return seed
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
