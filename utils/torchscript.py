"""What TorchScript modules raise, which may be anybody's."""

import re

import torch

from utils.errors import LONGEST

FAILURES = (RuntimeError, torch.jit.Error)  # what PyTorch raises, and what a module's own code does


def reason(error):
    """The exception that a module has raised, in one line: TorchScript puts its own traceback before it.

    Of a long one the beginning: PyTorch lists every backend where an operator is not there for one.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    raised = [place for place, line in enumerate(lines) if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return " ".join(lines[raised[-1] :] if raised else lines[-1:])[:LONGEST]
