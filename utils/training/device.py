"""What a device decides: whether it can be used, how tensors lie in its memory, and the precision that gains there."""

import contextlib
import sys

import torch
from torch.nn import functional

from utils.errors import InputError, first_line

MODERN = 8  # the first compute capability with TF32 and bfloat16 units, and fast channels-last kernels; a K80 has 3.7


def resolve_device(name, local_rank=0):
    """The torch.device that `name` (auto, cpu, cuda, cuda:1, ...) means here; InputError if it cannot be used.

    local_rank: the number of this process on its machine, which chooses its GPU.
    """
    if name in ("auto", "cuda") and 1 < (count := torch.cuda.device_count()) <= local_rank:
        raise InputError(f"device={name!r}: {local_rank + 1} processes on a machine of {count} GPUs; expected as many")
    if name == "auto":
        return automatic_device(local_rank)
    if local_rank and name.startswith("cuda:"):
        raise InputError(f"device={name!r}: one GPU for several processes; expected cuda, which gives each its own")
    device = _gpu(local_rank) if name == "cuda" else name
    if reason := why_unusable(device):
        raise InputError(f"device={name!r}: not usable here ({reason}); expected auto, cpu or cuda")
    return torch.device(device)


def automatic_device(local_rank=0):
    """The GPU if there is one that computes, else the CPU; one line on stderr says why a GPU is not used."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    reason = why_unusable(_gpu(local_rank))
    if reason:
        text = f"note: the GPU is not usable ({reason}); computing on the CPU"
        print(text, file=sys.stderr, flush=True)  # in each process: each has a GPU of its own
    return torch.device("cpu" if reason else _gpu(local_rank))


def why_unusable(name):
    """None if the device computes, else the reason: a convolution and a product run there and are read back.

    To reserve memory is not enough: that works on a GPU for which this PyTorch has no kernels. A back end of another
    package may be missing (ImportError), and a driver may count other GPUs than PyTorch does (DeferredCudaCallError).
    """
    try:
        images, kernel = torch.ones(2, 3, 8, 8, device=name), torch.ones(4, 3, 3, 3, device=name)
        values = functional.conv2d(images, kernel).flatten(1)  # (2, 144), each 27
        found = (values @ values.t()).tolist()
    except (RuntimeError, AssertionError, ImportError, torch.cuda.DeferredCudaCallError) as error:
        return first_line(error)
    expected = 144 * 27.0**2
    return None if found == [[expected] * 2] * 2 else f"a product is {found[0][0]} instead of {expected}"


def _gpu(local_rank):
    """One process's GPU of those that it sees: a launcher may show each process its own one alone."""
    return f"cuda:{local_rank % max(1, torch.cuda.device_count())}"


def gpu_identity(device):
    """What tells the GPU `device` from all others, on this machine and elsewhere; None where PyTorch does not say."""
    identity = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    return identity and str(identity)


def is_modern(device):
    """Whether `device` is a GPU with TF32 and bfloat16 units."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= MODERN


def memory_format(device):
    """How networks and images lie in memory: channels last on a CPU and a modern GPU, contiguous elsewhere."""
    return torch.channels_last if device.type == "cpu" or is_modern(device) else torch.contiguous_format


def resolve_precision(name, device):
    """`name`, or for auto: tf32 on a modern GPU, else float32. InputError for what the device or PyTorch lacks."""
    if name == "auto":
        return "tf32" if is_modern(device) else "float32"
    if name == "tf32" and not is_modern(device):
        raise InputError(f"precision='tf32': {device} has no units for it; expected auto or float32")
    if name == "bfloat16" and device.type == "cuda" and not is_modern(device):
        raise InputError(f"precision='bfloat16': {device} has no units for it; expected auto or float32")
    if name == "bfloat16" and not hasattr(torch, "autocast"):
        raise InputError("precision='bfloat16': PyTorch before 1.10 does not have it; expected auto or float32")
    return name


def use_precision(precision, device):
    """Have `device` compute in `precision`, and the same bits each time: flags of the whole process, GPUs alone."""
    if device.type == "cuda":
        cudnn, tf32 = torch.backends.cudnn, precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = cudnn.allow_tf32 = tf32  # PyTorch's default is True for cuDNN
        if hasattr(cudnn, "conv") and not tf32:  # since 2.9 it would still follow torch.backends.fp32_precision
            cudnn.conv.fp32_precision = cudnn.rnn.fp32_precision = "ieee"
        cudnn.deterministic = True
        cudnn.benchmark = False  # it would choose other kernels after a resume


def autocast(device, precision):
    """A function that opens the context in which the networks' hidden layers run."""
    if precision != "bfloat16":
        return contextlib.nullcontext
    return lambda: torch.autocast(device.type, dtype=torch.bfloat16)


@contextlib.contextmanager
def full_float32():
    """Within it a GPU's convolutions and products are float32, not TF32, with which codes differ by some 3e-4."""
    switches, name, off = _tf32_switches()
    before = [getattr(switch, name) for switch in switches]
    try:
        for switch in switches:
            setattr(switch, name, off)
        yield
    finally:
        for switch, value in zip(switches, before):
            setattr(switch, name, value)


def _tf32_switches():
    """What holds PyTorch's settings of TF32, their name there, and the value that switches it off.

    PyTorch has two names since 2.9, and refuses to read the older one where the user has set the newer one.
    """
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    try:
        _ = cudnn.allow_tf32, matmul.allow_tf32
        return (cudnn, matmul), "allow_tf32", False
    except RuntimeError:
        return (cudnn.conv, matmul), "fp32_precision", "ieee"
