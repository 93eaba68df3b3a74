"""The memory of this process: what it has used at most, and whether freed memory is kept for the next step."""

import contextlib
import ctypes
import resource
import sys

import torch


def keep_freed_memory():
    """Have the C library keep memory that is freed, since the next step asks for the same again.

    Otherwise glibc gives large blocks back to the system, and each step pays for zeroed pages anew: 15 % of a
    step's CPU time at width=1 with PyTorch 2.13. See mallopt(3); a C library without it stays as it is.
    """
    trim_threshold, mmap_threshold, largest = -1, -3, 2**31 - 1
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(mmap_threshold, 2**30)
        library.mallopt(trim_threshold, largest)


def peak_memory(device):
    """The most bytes that this process has held: of the GPU's memory, or of the machine's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts in bytes there, in kilobytes on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def is_out_of_memory(error):
    """Whether an exception says that a GPU or the machine has no memory left."""
    words = ("out of memory", "allocate memory", "not enough memory", "status_alloc_failed")  # CUDA, CPU, cuBLAS, cuDNN
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )
