"""One run on several processes: what they exchange, and the same calls where there is only one.

    torchrun --nproc_per_node=4 train.py configs/challenge.yml

Every process holds the whole model and `batch_size` / processes of each batch. A step is that of one process with the
whole batch: posteriors and logits are gathered, so that objectives which couple a batch see all of it, and gradients
are added up. Only the main process reads the clock, writes files and prints.
"""

import datetime
import importlib.util
import os
import sys

import numpy as np
import torch
from torch import distributed

from utils.errors import InputError, one_line
from utils.memory import is_out_of_memory
from utils.training.device import gpu_identity

PATIENCE = datetime.timedelta(minutes=30)  # without a word from another process: one may be unpacking the data set


class ProcessLost(RuntimeError):
    """Another process of this run has ended or hangs."""


class SingleProcess:
    """The one process of an ordinary run. ProcessGroup has the same methods."""

    rank, local_rank, size = 0, 0, 1

    @property
    def is_main(self):
        return self.rank == 0

    def agree_on(self, device):
        """InputError if other processes compute on another kind of device, or on the same GPU."""

    def use(self, device):
        """Prepare for tensors on `device`: a GPU becomes the current one, which PyTorch's optimizers ask."""
        if device.type == "cuda":
            torch.cuda.set_device(torch.cuda.current_device() if device.index is None else device.index)

    def part(self, batch_size, halves):
        """Which images of a batch are this process's, of each of its `halves` of `batch_size`; None: all."""

    def rows(self, tensor):
        """This process's rows of a tensor that every process holds whole."""
        return tensor

    def all_gather(self, *tensors):
        """Whole-batch tensors of each process's rows; gradients flow to this process's own."""
        return tensors

    def all_reduce_sum(self, tensors):
        """Sums over the processes of a list of tensors."""
        return tensors

    def all_reduce_max(self, values):
        """The largest over the processes of each of some numbers."""
        return values

    def run_on_main(self, make):
        """What `make()` returns in the main process; its InputError is raised in all."""
        return make()


class ProcessGroup(SingleProcess):
    """The processes that torchrun started; see SingleProcess for the methods."""

    def __init__(self, rank, local_rank, size):
        self.rank, self.local_rank, self.size = rank, local_rank, size
        self.tensors = None  # torch.distributed's default group
        self._call(distributed.init_process_group, "gloo", timeout=PATIENCE)

    def agree_on(self, device):
        if all(self.all_reduce_max([device.type == "cuda", device.type != "cuda"])):
            raise InputError(
                f"device: process {self.rank} computes on {device}, and others on another kind of device; expected a "
                "GPU for each process, or device=cpu"
            )
        if device.type == "cuda":
            gpus = [None] * self.size
            self._call(distributed.all_gather_object, gpus, gpu_identity(device) or self.rank)
            if len(set(gpus)) < self.size:
                raise InputError(
                    f"device: {self.size} processes on {len(set(gpus))} GPUs; expected a GPU for each process, or "
                    "device=cpu"
                )

    def use(self, device):
        super().use(device)  # NCCL's buffers lie on the current GPU
        if device.type == "cuda":
            if importlib.util.find_spec("torch.distributed.run") is None:
                # Ends a process whose peer is lost, after PATIENCE; torchrun sets it, the launcher before it did not.
                os.environ.setdefault("NCCL_ASYNC_ERROR_HANDLING", "1")
            self.tensors = self._call(distributed.new_group, timeout=PATIENCE, backend="nccl")

    def part(self, batch_size, halves):
        if batch_size % self.size:
            raise InputError(f"batch_size={batch_size}: expected a multiple of the {self.size} processes")
        count = batch_size // self.size
        return np.concatenate([half * batch_size + self.rank * count + np.arange(count) for half in range(halves)])

    def rows(self, tensor):
        count = len(tensor) // self.size
        return tensor[self.rank * count : (self.rank + 1) * count]

    def all_gather(self, *tensors):
        widths = [tensor.shape[1] for tensor in tensors]
        own = torch.cat(tensors, dim=1)
        parts = [torch.empty_like(own) for _ in range(self.size)]
        self._call(distributed.all_gather, parts, own.detach(), group=self.tensors)
        parts[self.rank] = own
        return torch.cat(parts).split(widths, dim=1)

    def all_reduce_sum(self, tensors):
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self._call(distributed.all_reduce, flat, group=self.tensors)
        pieces = flat.split([tensor.numel() for tensor in tensors])
        return [piece.view_as(tensor) for piece, tensor in zip(pieces, tensors)]

    def all_reduce_max(self, values):
        agreed = torch.tensor(values, dtype=torch.float64)
        self._call(distributed.all_reduce, agreed, distributed.ReduceOp.MAX)
        return agreed.tolist()

    def run_on_main(self, make):
        made = [None, None]  # and the error
        if self.is_main:
            try:
                made[0] = make()
            except InputError as error:
                made[1] = error
        self._call(distributed.broadcast_object_list, made)
        if made[1]:
            raise made[1]
        return made[0]

    def _call(self, function, *arguments, **options):
        try:
            return function(*arguments, **options)
        except RuntimeError as error:
            if is_out_of_memory(error):  # NCCL's buffers are made at the first step
                raise
            raise ProcessLost(
                f"process {self.rank} of {self.size}: another process of this run has ended or hangs "
                f"({one_line(error)}); the same command goes on from the last checkpoint"
            ) from None


def join():
    """The ProcessGroup that torchrun's variables describe, or SingleProcess; InputError names the one that is wrong."""
    size = _variable("WORLD_SIZE", 1)
    if size == 1:
        return SingleProcess()
    if size < 1:
        raise InputError(f"WORLD_SIZE: found {size}, expected at least 1")
    rank = _variable("RANK")
    if not 0 <= rank < size:
        raise InputError(f"RANK: found {rank}, expected 0 to WORLD_SIZE - 1, which is {size - 1}")
    if not os.environ.get("MASTER_ADDR"):
        raise InputError("MASTER_ADDR: found nothing, expected the main process's machine as torchrun sets it")
    _variable("MASTER_PORT")
    return ProcessGroup(rank, _variable("LOCAL_RANK", 0), size)


def _variable(name, default=None):
    value = os.environ.get(name, default)
    try:
        return int(value)
    except (TypeError, ValueError):
        found = "nothing" if value is None else repr(value)
        raise InputError(f"{name}: found {found}, expected a whole number as torchrun sets it") from None


def run_in_all(group, make):
    """What `make()` returns here. An InputError in any process ends all of them; the first that has one raises it."""
    made = error = None
    try:
        made = make()
    except InputError as reason:
        error = reason
    first = group.size - group.all_reduce_max([group.size - group.rank if error else 0])[0]
    if first == group.size:
        return made
    if first == group.rank:
        raise error
    sys.exit(2)  # the first one prints the error
