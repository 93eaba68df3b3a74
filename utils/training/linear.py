"""A fully connected layer by oneDNN, for processors on which PyTorch's own matrix product is slow.

PyTorch multiplies by Intel's MKL, which keeps its fast kernels for Intel's processors. oneDNN, which PyTorch has for
convolutions, is fast on both. docs/measurements.md has the figures.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional


class OneDnnLinear(nn.Linear):
    """nn.Linear for float32 on a CPU, equal to it but for rounding; autograd takes oneDNN's products as well."""

    def forward(self, values):
        return functional.linear(values.to_mkldnn(), self.weight, self.bias).to_dense()


def linear_for(device, dtype, precision):
    """The class of fully connected layers that is fastest: OneDnnLinear where it can be had and pays, or nn.Linear."""
    possible = device.type == "cpu" and dtype == torch.float32 and precision == "float32"
    return OneDnnLinear if possible and torch.backends.mkldnn.is_available() and mkl_is_slow() else nn.Linear


def mkl_is_slow(cpuinfo="/proc/cpuinfo"):
    """Whether PyTorch has MKL on a processor of AMD. False where /proc/cpuinfo does not name the processor's maker."""
    try:
        return torch.backends.mkl.is_available() and "AuthenticAMD" in Path(cpuinfo).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
