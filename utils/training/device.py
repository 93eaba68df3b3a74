"""The machine a run computes on: its device, and the precision that gains there."""

import contextlib

import torch

from utils.errors import InputError

BFLOAT16_CAPABILITY = 8  # the first compute capability with fast bfloat16 units; a K80 has 3.7


def resolve_device(name, local_rank=0):
    """The torch.device that `name` (auto, cpu, cuda, cuda:1, ...) means here; InputError if there is none.

    local_rank: the number of this process on its machine, which chooses its GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and local_rank:
        name = f"cuda:{local_rank}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device={name!r}: not usable here ({str(error).splitlines()[0]}); expected auto, cpu or cuda"
        ) from None
    return device


def resolve_precision(name, device):
    """`name`, or for auto: bfloat16 on a GPU that has fast units for it, else float32."""
    if name != "auto":
        return name
    gains = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= BFLOAT16_CAPABILITY
    return "bfloat16" if gains else "float32"


def autocast(device, precision):
    """A function that opens the context in which the networks run."""
    if precision == "float32":
        return contextlib.nullcontext
    if not hasattr(torch, "autocast"):
        raise InputError(f"precision={precision!r}: this PyTorch has float32 alone for it; expected float32")
    return lambda: torch.autocast(device.type, dtype=getattr(torch, precision))
