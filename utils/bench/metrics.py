"""How fast the metrics are, and how equal to the official stack's: both run back to back on the same machine.

    python -m utils.bench metrics ENCODER.pt DATASET [--metrics dci,mig] [--official PYTHON SCORE.py]
    python -m utils.bench metrics --growth 10,64,512,3072        # the metrics' own cost by number of latents
    python -m utils.bench metrics --encoding ENCODER.pt DATASET  # encoding against the machine's matrix product;
                                                                 # of an encoder of the kit, whose layers it knows

PYTHON is a Python 3.7 with disentanglement-lib 1.2, scikit-learn 0.20.3 and PyTorch 1.8.1, SCORE.py a script that
scores with it (ENCODER.pt IMAGES.npy 4,4,2,3,3,10,10 --metrics dci,mig --json OUT) and writes an object with
scores.METRIC and details.METRIC.seconds to OUT. Ours is a new process of local_evaluation.py without kept codes; its
total counts everything, start-up too, but for the compilation of kernels, which happens once a machine. Official
seconds count the metrics alone. Seed 0 on both sides.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from evaluation.command.scoring import metrics_named
from evaluation.metrics.table import DEFAULT, METRICS
from evaluation.protocol import CHALLENGE
from evaluation.results import result_path
from utils.data import load
from utils.data.registry import resolve
from utils.errors import InputError, Parser
from utils.files import REPOSITORY
from utils.grader.environment import read_environment
from utils.notes import lines_without_notes

SIZES = (4, 4, 2, 3, 3, 40, 40)  # of the factors for --growth: MPI3D's in the challenge
STAGES = 5  # of DCI's 100 for --growth; the seconds are scaled up


def main(arguments):
    options = parse(arguments)
    if options.growth:
        measure_growth(options.growth)
    elif options.encoding:
        measure_encoding(options.encoder, options.dataset)
    else:
        compare(options)


def parse(arguments):
    parser = Parser(prog="python -m utils.bench metrics", description=__doc__)
    parser.add_argument("encoder", nargs="?")
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--metrics", default=DEFAULT, type=metrics_named)
    parser.add_argument("--official", nargs=2, metavar=("PYTHON", "SCORE.py"))
    parser.add_argument("--growth", type=_latents, metavar="N,N,...")
    parser.add_argument("--encoding", action="store_true")
    options = parser.parse_args(arguments)
    if not options.growth and not (options.encoder and options.dataset):
        parser.error("expected ENCODER.pt and DATASET, or --growth")
    if (options.growth or options.encoding) and (options.metrics != DEFAULT or options.official):
        parser.error("--metrics, --official: expected without --growth and --encoding, which have metrics of their own")
    return options


def _latents(text):
    """The numbers of latents in `text`; argparse's error for anything else."""
    numbers = text.split(",")
    if not all(number.isdecimal() and int(number) >= 2 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r}: expected whole numbers of at least 2 with commas, e.g. 10,64")
    return [int(number) for number in numbers]


def compare(options):
    """A row a metric: both scores, their difference and the seconds; then the totals."""
    with tempfile.TemporaryDirectory() as folder:
        score_ours(options, Path(folder) / "compiles")
        ours, seconds = score_ours(options, Path(folder) / "ours")
        official = score_official(options, Path(folder)) if options.official else None
    print("| metric | ours | official | difference | ours, s | official, s |\n|---|---|---|---|---|---|")
    for name in ours:
        score, took = (
            ours[name][f"evaluation_results.{METRICS[name].key}"],
            ours[name]["evaluation_results.elapsed_time"],
        )
        row = [name, f"{score:.6f}", "", "", f"{took:.1f}", ""]
        if official:
            expected, official_took = official["scores"][name], official["details"][name]["seconds"]
            row[2:] = f"{expected:.6f}", f"{score - expected:+.1e}", f"{took:.1f}", f"{official_took:.1f}"
        print("| " + " | ".join(row) + " |")
    total = sum(one["seconds"] for one in official["details"].values()) if official else None
    print(f"| all, encoding and start-up too | | | | {seconds:.1f} | {f'{total:.1f}' if official else ''} |")
    if official:
        print(f"\n{total / seconds:.1f} times as fast")


def score_ours(options, output):
    """({metric: what its JSON file holds}, those that are not defined left out; seconds) of a new process."""
    command = [sys.executable, "local_evaluation.py", "--encoder", str(Path(options.encoder).resolve())]
    dataset = resolve(options.dataset, read_environment().data_root)
    command += ["--dataset", dataset, "--metrics", ",".join(options.metrics), "--output", str(output)]
    began = time.monotonic()
    _run("local_evaluation.py", command, REPOSITORY)
    seconds = time.monotonic() - began
    paths = {name: result_path(output, name) for name in options.metrics}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}, seconds


def score_official(options, folder):
    """What the official script wrote."""
    dataset = load(options.dataset, read_environment().data_root)
    np.save(folder / "images.npy", dataset.images)
    python, script = options.official
    command = [python, "-W", "ignore", script, str(Path(options.encoder).resolve()), "images.npy"]
    command += [",".join(map(str, dataset.factor_sizes)), "--metrics", ",".join(options.metrics), "--json", "out.json"]
    _run(script, command, folder)
    return json.loads((folder / "out.json").read_text())


def _run(name, command, folder):
    """Run a command in `folder`; InputError with its `name` and the last line of what it said if it fails."""
    try:
        done = subprocess.run(command, cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise InputError(f"{command[0]}: {error.strerror}; expected a Python") from None
    if done.returncode:
        said = lines_without_notes(done.stderr) or ["nothing"]
        raise InputError(f"{name}: {said[-1]}")


def measure_growth(numbers):
    """Processor seconds of each metric on random codes, one thread, by number of latents."""
    random_state = np.random.RandomState(0)
    factors = np.stack([random_state.randint(size, size=CHALLENGE.train + CHALLENGE.test) for size in SIZES], axis=1)
    seconds_of(random_state.randn(len(factors), 2).astype(np.float32), factors)  # compiles
    print(f"| latents | DCI ({STAGES} of 100 stages, scaled) | SAP | MIG | IRS |\n|---|---|---|---|---|")
    for number in numbers:
        codes = random_state.randn(len(factors), number).astype(np.float32)
        print(f"| {number} | " + " | ".join(f"{one:.2f}" for one in seconds_of(codes, factors)) + " |", flush=True)


def seconds_of(codes, factors):
    """Processor seconds of (DCI, SAP, MIG, IRS)."""
    from evaluation import irs, mig, sap
    from evaluation.sklearn_0_20.boosting import STAGES as ALL_STAGES
    from evaluation.sklearn_0_20.boosting import boost

    train, test = slice(CHALLENGE.train), slice(CHALLENGE.train, None)
    steps = (
        (lambda: boost(codes[train], factors[train], codes[test], SIZES, stages=STAGES), ALL_STAGES / STAGES),
        (lambda: sap(codes[train], factors[train], codes[test], factors[test]), 1),
        (lambda: mig(codes[train], factors[train]), 1),
        (lambda: irs(codes[train], factors[train]), 1),
    )
    return [times * processor_seconds(step) for step, times in steps]


def measure_encoding(encoder, name):
    """Processor seconds of encoding on one thread, over what the network's operations take in a matrix product."""
    import torch

    from evaluation.datasets.stored import BATCH
    from representation import load as load_encoder
    from utils.bench.flops import encoder_flops
    from utils.memory import keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()
    represent = load_encoder(encoder, device="cpu")
    images = np.asarray(load(name, read_environment().data_root).images[: 32 * BATCH])
    flops = encoder_flops([tuple(weights.shape) for weights in torch.jit.load(encoder).state_dict().values()])
    if not flops:
        raise InputError(f"{encoder}: has no convolution and no fully connected layer; expected an encoder of the kit")
    batches = [images[first : first + BATCH] for first in range(0, len(images), BATCH)]
    seconds = min(processor_seconds(lambda: [represent(batch) for batch in batches]) for _ in range(3)) / len(images)
    matrix = torch.rand(1024, 1024)
    rate = 2 * 1024**3 / min(processor_seconds(lambda: matrix @ matrix) for _ in range(5))
    print(f"{flops / 1e6:.1f} MFLOP an image; matrix product {rate / 1e9:.0f} GFLOP/s a core")
    print(f"{1e6 * seconds:.0f} µs an image, {seconds * rate / flops:.2f} times the matrix product's time")


def processor_seconds(call):
    began = time.process_time()
    call()
    return time.process_time() - began
