"""Score what train.py left with the five official metrics.

    python local_evaluation.py                                      # the experiment's encoder, all five
    python local_evaluation.py --encoder FILE.pt --dataset NAME     # any TorchScript encoder
    python local_evaluation.py --metrics dci,mig --jobs 4

It reads representation/pytorch_model.pt in $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME, writes the challenge's files
metrics/NAME/results/aggregate/evaluation.json and the page report/index.html there, and prints a table of the scores
and, last, the line `Final Scores :  {...}` of the official script. A second call reuses the codes of the first.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

if "OMP_WAIT_POLICY" not in os.environ:  # before PyTorch is loaded; train.py says why
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

try:
    from utils.errors import InputError, entry_point
except ImportError as reason:  # another project's `utils` comes first
    found = getattr(sys.modules.get("utils"), "__file__", None) or "none"
    sys.exit(f"error: utils: found {found} instead of the kit's; rename it or take it off PYTHONPATH ({reason})")

from evaluation import METRICS, evaluate
from evaluation.cache import CodesCache, fingerprint
from evaluation.progress import Console
from evaluation.results import final_scores, table, write_result
from utils.grader.environment import read_environment

DEFAULT_DATASET = "synthetic_arm"
LARGEST_SEED = 2**32 - 1  # that numpy.random.RandomState takes


@entry_point
def main(arguments=None):
    options = parse(arguments)
    environment = read_environment()
    encoder = Path(options.encoder or environment.encoder_path)
    folder = Path(options.output or (environment.run_folder if options.encoder is None else _folder_of(encoder)))
    represent, dataset = open_inputs(encoder, options.dataset or dataset_name(environment), environment.data_root)
    print(f"scoring {encoder} on {dataset.name}", flush=True)
    settings = {"encoder": str(encoder), "dataset.name": dataset.name, "evaluation.random_seed": options.seed}
    report = Console(on_score=lambda name, result, seconds: write_result(folder, name, result, seconds, settings))
    cache = CodesCache(folder / "metrics" / "codes", fingerprint(encoder, dataset))
    try:
        results = evaluate(
            represent, dataset, options.metrics, options.seed, options.jobs, as_uint8=True, cache=cache, report=report
        )
    except OSError as error:
        raise InputError(f"output {folder}: {error.strerror or error}") from None
    page = make_report(folder, dataset)
    print(f"\n{table(results)}\n\nfiles: {folder / 'metrics'}; report: {page}")
    print("Final Scores : ", final_scores(results))


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="TorchScript file; default: the experiment's")
    parser.add_argument(
        "--dataset", help="name of a data set; default: $AICROWD_DATASET_NAME, or what it was trained on"
    )
    parser.add_argument("--metrics", type=_metrics, default=METRICS, help=f"some of {','.join(METRICS)}")
    parser.add_argument("--seed", type=_seed, default=0, help="of the metrics' draws; the challenge's is 0")
    parser.add_argument("--jobs", type=_positive, default=available_cores(), help="threads; default: all cores")
    parser.add_argument("--output", help="folder for metrics/; default: the experiment's, or the one of --encoder")
    return parser.parse_args(arguments)


def open_inputs(encoder, name, data_root):
    """The representation function and the data set; InputError if either is missing or broken."""
    from representation import load as load_encoder  # PyTorch takes seconds to import: not for --help
    from utils.data import load as load_data
    from utils.memory import keep_freed_memory

    keep_freed_memory()
    return load_encoder(encoder), load_data(name, data_root)


def make_report(folder, dataset):
    """Write the page that explains the run in `folder`; its path, or why there is none."""
    from utils.report import write_report  # stands on PyTorch too

    try:
        return write_report(folder, dataset)
    except Exception as error:  # the scores are worth more than their page
        return f"not written ({type(error).__name__}: {error})"


def dataset_name(environment):
    """$AICROWD_DATASET_NAME, else the data set that the experiment's config.json names, else the embedded one."""
    if environment.dataset_name:
        return environment.dataset_name
    try:
        return json.loads((environment.run_folder / "config.json").read_text(encoding="utf-8"))["dataset"]
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_DATASET


def available_cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folder_of(encoder):
    return encoder.parent.parent if encoder.parent.name == "representation" else encoder.parent


def _metrics(text):
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or set(names) - set(METRICS):
        raise argparse.ArgumentTypeError(f"{text!r}: expected some of {','.join(METRICS)}")
    return tuple(dict.fromkeys(names))


def _seed(text):
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 to {LARGEST_SEED}")
    return int(text)


def _positive(text):
    if not re.fullmatch("[0-9]+", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
