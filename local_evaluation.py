"""Score what train.py left with the five official metrics.

    python local_evaluation.py                                      # the experiment's encoder, all five
    python local_evaluation.py --encoder FILE.pt --dataset NAME     # any TorchScript encoder
    python local_evaluation.py --metrics dci,mig --jobs 4
    python local_evaluation.py --codes FILE.npz                     # codes and factors of any labelled points

It reads representation/pytorch_model.pt in $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME, writes the challenge's files
metrics/NAME/results/aggregate/evaluation.json and the page report/index.html there, and prints a table of the scores
and, last, the line `Final Scores :  {...}` of the official script. A second call reuses the codes of the first. With
--codes the files are written into --output alone.
"""

import argparse
import os
import runpy
import sys
from pathlib import Path

# By its path, since Python may find another project's `utils`, or none.
if not runpy.run_path(os.path.join(os.path.dirname(os.path.realpath(__file__)), "utils", "startup.py"))["is_ready"](
    is_command=__name__ == "__main__"
):
    sys.exit(2)

from evaluation import evaluate
from evaluation.cache import CodesCache, fingerprint
from evaluation.command.scoring import add_options, console_into, print_scores, score_file
from evaluation.datasets.contract import kind_of
from evaluation.results import DATASET_FINGERPRINT, DATASET_NAME, ENCODER_DIGEST, SEED, check_output
from utils.errors import InputError, Parser, entry_point
from utils.files import user_path
from utils.grader.environment import read_environment
from utils.notes import note

DEFAULT_DATASET = "synthetic_arm"


@entry_point
def main(arguments=None):
    options = parse(arguments)
    if options.codes:
        return score_file(options)
    return score_encoder(options, read_environment())


def score_encoder(options, environment):
    """Score an encoder on a data set; leave the challenge's files and the report. Returns the exit code."""
    encoder = Path(options.encoder or environment.encoder_path)
    run_folder = environment.run_folder if options.encoder is None else _folder_of(encoder)
    folder = Path(options.output or run_folder)
    named = options.dataset or environment.dataset_name
    name = named or trained_dataset(run_folder, environment.data_root) or DEFAULT_DATASET
    represent, dataset = open_inputs(encoder, name, environment.data_root, folder)
    compare_images(run_folder, dataset, bool(named))
    check_output(folder)
    print(f"scoring {encoder} on {dataset.name}", flush=True)
    settings = {
        "encoder": str(encoder),
        ENCODER_DIGEST: represent.digest,
        DATASET_NAME: dataset.name,
        DATASET_FINGERPRINT: dataset.fingerprint,
        SEED: options.seed,
    }
    results = evaluate(
        represent,
        dataset,
        options.metrics,
        options.seed,
        options.jobs,
        as_uint8=True,
        cache=codes_cache(folder, represent.identity, dataset),
        report=console_into(folder, settings),
    )
    page, is_written = make_report(folder, dataset, represent.digest)
    print_scores(results, f"files: {folder / 'metrics'}; report: {page}")
    if is_written:
        return 0
    print(f"error: report {page}", file=sys.stderr, flush=True)
    return 1


def parse(arguments):
    parser = Parser(description=__doc__)
    parser.add_argument("--encoder", type=user_path, help="TorchScript file; default: the experiment's")
    parser.add_argument(
        "--dataset",
        type=data_set_named,
        help="name of a data set; default: $AICROWD_DATASET_NAME, or what the encoder's run was trained on, or "
        f"{DEFAULT_DATASET} where no run is",
    )
    parser.add_argument(
        "--codes",
        nargs="+",
        type=user_path,
        metavar="FILE.npz",
        help="score arrays codes (n, D) and factors (n, F), without an encoder; a second file is for testing",
    )
    parser.add_argument(
        "--output",
        type=user_path,
        help="folder for metrics/; default: the experiment's, or the one of --encoder; with --codes nothing is written",
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.codes and not (options.encoder is options.dataset is None):
        parser.error("--codes: expected without --encoder and --dataset")
    if options.bins and not options.codes:
        parser.error("--bins: expected with --codes, whose factors it cuts")
    return options


def data_set_named(text):
    """A type for argparse: `text`, which a shell's unset variable leaves empty."""
    if not text:
        raise argparse.ArgumentTypeError("'': expected the name of a data set")
    return text


def open_inputs(encoder, name, data_root, folder):
    """The representation function and the data set; InputError if either is missing or broken.

    So it is if `folder`, where results go, lies among the data set's pictures.
    """
    from representation import load as load_encoder  # PyTorch takes seconds to import: not for --help
    from utils.data import load as load_data
    from utils.data import refuse_among_pictures, resolve
    from utils.memory import keep_freed_memory

    refuse_among_pictures(folder, resolve(name, data_root), "output")
    keep_freed_memory()
    return load_encoder(encoder), load_data(name, data_root)


def trained_dataset(run_folder, data_root):
    """The data set that the run in `run_folder` was trained on; None where no run is."""
    from utils.run.trained_images import configured_data  # stands on PyTorch too

    return configured_data(run_folder, data_root)


def compare_images(run_folder, dataset, is_named):
    """InputError if the run was trained on other images than `dataset` has; a note if the user names the data set."""
    from utils.run.trained_images import refuse_other_images

    try:
        refuse_other_images(run_folder, dataset)
    except InputError as error:
        if not is_named:
            raise InputError(f"{error}; --dataset NAME scores on them all the same") from None
        note(error)


def codes_cache(folder, encoder, dataset):
    """Where the codes of `encoder` on `dataset` are kept for another call; None for pictures that are drawn anew.

    encoder   a string that identifies it and what computes it: representation.Representation.identity
    """
    if kind_of(dataset) == "drawn":
        return None
    return CodesCache(folder / "metrics" / "codes", fingerprint(encoder, dataset))


def make_report(folder, dataset, digest):
    """Write the page with the scores of the encoder that has `digest`: (path, True), or (why there is none, False)."""
    from utils.report import write_report  # stands on PyTorch too

    try:
        return write_report(folder, dataset, encoder_digest=digest), True
    except Exception as error:  # the scores are worth more than their page
        return f"not written ({type(error).__name__}: {error})", False


def _folder_of(encoder):
    return encoder.parent.parent if encoder.parent.name == "representation" else encoder.parent


if __name__ == "__main__":
    sys.exit(main())
