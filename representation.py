"""The mean-latent function that the grader calls: images in, one code a latent out.

    from representation import representation_function
    codes = representation_function(images)        # (N, 64, 64, C) -> float32 (N, latents)

It reads the encoder that train.py exported to $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME/representation, and
reads it again when that file or these variables have changed. For another file or device:
`load("pytorch_model.pt", device="cpu")` returns such a function.
"""

import functools
import hashlib
import io
import os
import warnings

import numpy as np
import torch

from utils import torchscript
from utils.errors import InputError, first_line
from utils.grader.environment import read_environment
from utils.training.device import automatic_device, full_float32, resolve_device

BATCH = {"cpu": 32, "cuda": 512}  # images that go through the encoder at once; on a CPU so few that caches hold them


def representation_function(images):
    """Mean latents of `images`: float32 (N, latents).

    images   array (N, 64, 64, C), any N >= 1; floats of any size in [0, 1], or uint8, which is divided by 255
    Raises InputError (a ValueError) that names what came for any other dtype, shape or range.
    """
    environment = read_environment()
    path = environment.encoder_path
    return _current(str(path), _identity(path), environment.cuda)(images)


def load(path=None, device=None):
    """A representation function like the one above: a Representation.

    path     a TorchScript file, float32 (N, C, 64, 64) in [0, 1] -> (N, latents); None: the one of this experiment
    device   e.g. "cpu" or "cuda:0"; None: a GPU where there is one that computes, unless AICROWD_CUDA says no
    Raises InputError that names the file if it is missing or not a TorchScript module, and the device if it cannot
    compute.
    """
    environment = read_environment()
    path = environment.encoder_path if path is None else path
    if device is None:
        device = torch.device("cpu") if environment.cuda is False else automatic_device()
    else:
        device = resolve_device(str(device))
    return Representation(str(path), device)


class Representation:
    """The representation function of one encoder.

    path      the file that it was loaded from, which may have been replaced since
    device    the torch.device that it computes on
    digest    SHA-256 of the bytes that it was loaded from, in hexadecimal
    identity  a string for all that codes depend on besides the images: the digest, the kind of device and PyTorch
    """

    def __init__(self, path, device):
        content = _read(path)
        self.path, self.device, self.digest = path, device, hashlib.sha256(content).hexdigest()
        self.identity = f"{self.digest} {device.type} {torch.__version__}"
        self._module = _load_module(content, path, device)

    def __call__(self, images):
        images, batch = _checked(images), BATCH.get(self.device.type, BATCH["cuda"])
        parts = (images[first : first + batch] for first in range(0, len(images), batch))
        return np.concatenate([_encode(self._module, self.path, self.device, part) for part in parts])


@functools.lru_cache(maxsize=1)
def _current(path, identity, cuda):
    """The function for the encoder at `path`; `identity` and `cuda` are what else it depends on."""
    return load(path)


def _identity(path):
    """What changes when the file at `path` is changed or replaced; None: there is no such file."""
    try:
        file = os.stat(str(path))
    except OSError:
        return None
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"encoder {path}: cannot be read ({reason}); train.py exports one, or name another") from None


def _load_module(content, path, device):
    """The TorchScript module of a file's `content`; PyTorch itself takes no path that is not UTF-8."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the grader loads
            module = torch.jit.load(io.BytesIO(content), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise InputError(f"encoder {path}: not a TorchScript module ({first_line(error)})") from None
    if not hasattr(module, "forward"):  # only methods of other names were exported
        raise InputError(f"encoder {path}: a TorchScript module without forward, expected images -> codes")
    return module


def _checked(images):
    try:
        images = np.asarray(images)
    except (RuntimeError, TypeError, ValueError) as error:  # a tensor with gradients or in bfloat16, ragged lists
        raise InputError(f"images: found {type(images).__name__}, expected an array ({error})") from None
    if images.ndim != 4 or images.shape[1:3] != (64, 64) or images.size == 0:
        raise InputError(f"images: found shape {images.shape}; expected (N, 64, 64, channels), both at least 1")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise InputError(f"images: found dtype {images.dtype}; expected floats in [0, 1] or uint8")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # NaN fails too
        raise InputError(f"images: found values from {low} to {high}; expected floats in [0, 1], or uint8 up to 255")
    return images


def _encode(module, path, device, images):
    with torch.no_grad(), full_float32():
        try:
            codes = _run(module, device, images)
        except torchscript.FAILURES as error:
            shape = (len(images), images.shape[3], *images.shape[1:3])
            raise InputError(f"encoder {path}: fails on images {shape} ({torchscript.reason(error)})") from None
    if not isinstance(codes, torch.Tensor) or codes.dim() != 2 or len(codes) != len(images):
        shape = tuple(codes.shape) if isinstance(codes, torch.Tensor) else type(codes).__name__
        raise InputError(f"encoder {path}: returned {shape}; expected codes ({len(images)}, latents)")
    if codes.is_complex() or codes.is_quantized or codes.layout != torch.strided:
        raise InputError(f"encoder {path}: returned {codes.dtype}, {codes.layout}; expected dense real numbers")
    return codes.detach().float().cpu().numpy().copy()  # the module may use its memory for the next batch


def _run(module, device, images):
    """The codes; of a module that takes views, which fail with the channels last, of images in plain order."""
    batch = _as_batch(images, device)
    try:
        return module(batch)
    except torchscript.FAILURES:
        if batch.is_contiguous():
            raise
        return module(_as_batch(images, device).contiguous())  # anew: the module may have changed the first in place


def _as_batch(images, device):
    """`images` as a module takes them, float32 (N, C, 64, 64) in [0, 1]: a copy, which it may change."""
    dtype = np.uint8 if images.dtype == np.uint8 else np.float32  # PyTorch has not all of NumPy's floats
    batch = torch.from_numpy(np.array(images, dtype, order="C")).to(device).permute(0, 3, 1, 2)
    if device.type != "cpu":  # a CPU is faster with the channels last in memory
        batch = batch.contiguous()
    return batch.float().div_(255) if batch.dtype == torch.uint8 else batch
