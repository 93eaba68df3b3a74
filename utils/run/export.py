"""The mean encoder as the TorchScript file that the grader loads."""

import copy
import io
import os
import warnings

import torch
from torch import nn

from utils.errors import InputError
from utils.files import atomic_path

TOLERANCE = 1e-5  # largest difference between the exported codes and the eager ones, relative to the largest code


def export_encoder(encoder, channels, path):
    """Write `encoder`'s mean to `path` as TorchScript: float32 (N, channels, 64, 64) in [0, 1] -> (N, latents).

    Traced, since PyTorch 1.8.1 loads what 2.13 traced but not what it scripted; on the CPU and with plain strides,
    so that the file loads anywhere. Before it takes its name it is loaded again and compared with the eager module
    on batches of other sizes than the one it was traced with: a file that stands at `path` is always valid.
    Raises RuntimeError if the two differ, OSError if the file cannot be written.
    """
    module = _plain_copy(encoder)
    with warnings.catch_warnings(), atomic_path(path) as temporary:
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the grader loads
        traced = torch.jit.trace(module, _probe(3, channels), check_trace=False)
        buffer = io.BytesIO()
        torch.jit.save(traced, buffer)
        temporary.write_bytes(buffer.getbuffer())  # by Python: at a full disk PyTorch's own writer ends the process
        written = io.BytesIO(temporary.read_bytes())  # PyTorch itself takes no path that is not UTF-8
        _verify(torch.jit.load(written), module, channels)


def require_torchscript():
    """InputError where PyTorch was told to leave TorchScript out: a run would end without an encoder."""
    value = os.environ.get("PYTORCH_JIT", "1")
    if value.startswith("0"):
        raise InputError(f"PYTORCH_JIT={value}: switches TorchScript off, in which the encoder is exported; unset it")


def _plain_copy(encoder):
    module = encoder.mean_encoder()
    on_cpu = {id(p): nn.Parameter(p.detach().to("cpu", copy=True)) for p in module.parameters()}  # none more on a GPU
    module = copy.deepcopy(module, on_cpu).to(dtype=torch.float32, memory_format=torch.contiguous_format)
    return module.requires_grad_(False).eval()


def _verify(loaded, module, channels):
    for count in (1, 2):
        images = _probe(count, channels)
        expected, found = module(images), loaded(images)
        if found.shape != expected.shape or not torch.isfinite(found).all():
            raise RuntimeError(
                f"exported encoder: codes {tuple(found.shape)} are not finite or not {tuple(expected.shape)}"
            )
        difference = (found - expected).abs().max()
        if difference > TOLERANCE * max(1.0, float(expected.abs().max())):
            raise RuntimeError(f"exported encoder: codes differ by {float(difference):.2g} from the eager encoder's")


def _probe(count, channels):
    return torch.rand(count, channels, 64, 64, generator=torch.Generator().manual_seed(count))
