"""The grader's side of an encoder, in a process that knows nothing of its training.

    python -m utils.submission.grader_load ENCODER.pt DATA_FOLDER

Loads the file as the grader does, on the CPU and on a GPU if there is one, asks it for codes in the batches that the
metrics ask for, and scores a few of them. Prints one JSON object; exit code 2 and one line on stderr where it fails.
"""

import json
import time
import warnings

import numpy as np
import torch

from evaluation.metrics.mig import mig
from utils import torchscript
from utils.data import load
from utils.errors import InputError, Parser, entry_point, first_line
from utils.submission.stand_in_data import NAME
from utils.training.device import full_float32, why_unusable

BATCH_SIZES = (1, 16, 64, 1000)
POINTS = 2000  # that the quick score is made of
TOLERANCE = 1e-3  # how far a code may move with the size of its batch, relative to the largest code


@entry_point
def main(arguments=None):
    parser = Parser(description=__doc__)
    parser.add_argument("encoder")
    parser.add_argument("data_root")
    options = parser.parse_args(arguments)
    module = load_module(options.encoder, "cpu")
    data = load(NAME, options.data_root)
    state = np.random.RandomState(0)
    factors = data.sample_factors(POINTS, state)
    images = data.observe(factors, state) / 255.0  # float64 (n, 64, 64, C), as the grader has them
    devices = ["cpu"] + ([] if why_unusable("cuda") else ["cuda"])
    seconds = {device: time_batches(options.encoder, images, device) for device in devices}
    codes = encode(module, images, "cpu")
    print(json.dumps({"seconds": seconds, "codes": codes.shape[1], "mig": mig(codes, factors)["discrete_mig"]}))


def load_module(path, device):
    """The encoder on `device`, by the grader's own two calls; InputError where it does not load."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the grader loads
            module = torch.jit.load(str(path))
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: torch.jit.load fails ({first_line(error)})") from None
    return module.cuda() if device == "cuda" else module


def encode(module, images, device):
    """Codes (n, codes) float32 of the images (n, 64, 64, C) in [0, 1], in one batch; InputError where they are none."""
    batch = torch.from_numpy(np.moveaxis(images, 3, 1).astype(np.float32)).to(device)
    with torch.no_grad(), full_float32():  # TF32 would make an image's codes depend on the size of its batch
        try:
            codes = module(batch)
        except torchscript.FAILURES as error:
            raise InputError(f"fails on images {tuple(batch.shape)} ({torchscript.reason(error)})") from None
    if not isinstance(codes, torch.Tensor):
        raise InputError(f"{len(images)} images give a {type(codes).__name__}; expected codes ({len(images)}, codes)")
    codes = codes.cpu().numpy()
    if codes.ndim != 2 or len(codes) != len(images):
        raise InputError(f"{len(images)} images give codes of shape {codes.shape}; expected ({len(images)}, codes)")
    if not np.isfinite(codes).all():
        raise InputError(f"{len(images)} images give codes that are not finite")
    return codes


def time_batches(path, images, device):
    """{batch size: seconds}; InputError where an image's codes depend on the batch it came in."""
    module, seconds, first = load_module(path, device), {}, None
    for size in BATCH_SIZES:
        began = time.monotonic()
        codes = encode(module, images[:size], device)
        seconds[size] = round(time.monotonic() - began, 4)
        first = codes[0] if first is None else first
        if np.abs(codes[0] - first).max() > TOLERANCE * max(1.0, float(np.abs(first).max())):
            raise InputError(f"on {device} an image's codes in a batch of {size} are not those that it has alone")
    return seconds


if __name__ == "__main__":
    main()
