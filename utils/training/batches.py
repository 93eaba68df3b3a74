"""Batches for training: which images each step sees, gathered ahead of it by a thread, or from the GPU's memory."""

import contextlib
import queue
import threading

import numpy as np
import torch

from utils.training.device import memory_format

AHEAD = 4  # batches gathered before they are asked for
STEPS = 64  # steps whose positions are brought to the GPU at once


def step_generator(*key):
    """A NumPy generator that depends on the whole numbers `key` alone: no state to save, none to lose."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def held_out_positions(count, held_out):
    """Sorted positions of `held_out` of `count` images, decided by the two numbers alone: (held_out,) int64."""
    return np.sort(step_generator(0, 3).choice(count, held_out, replace=False))


def to_model_input(batch, device):
    """uint8 NHWC array or tensor -> float32 NCHW in [0, 1] on `device`, in its memory format."""
    batch = torch.as_tensor(batch).to(device, non_blocking=True).permute(0, 3, 1, 2)
    return batch.to(torch.float32, memory_format=memory_format(batch.device)).div_(255)


class Batches:
    """An endless source of batches: `next()` gives the images of one step after another.

    images   uint8 (n, 64, 64, channels), an array or a memory map
    key      whole numbers; with the step's number they decide the draw, uniform with replacement
    part     which of the `size` images drawn are given, as positions; None: all
    resident ResidentImages of the same images, from which batches come as soon as it is complete; None: never
    held_out how many images are never drawn: those of `held_out_positions`
    """

    def __init__(self, images, size, key, first_step, device, part=None, resident=None, held_out=0):
        self.images, self.size, self.key, self.device = images, size, tuple(key), device
        self.part = slice(None) if part is None else part
        self.step, self.resident = first_step, resident
        self.kept = None  # positions that may be drawn; None: all
        if held_out:
            self.kept = np.setdiff1d(np.arange(len(images)), held_out_positions(len(images), held_out))
        self.positions = []  # of the images of the next steps, on the GPU
        self.queue = queue.Queue(AHEAD)
        self.closed = threading.Event()
        self.thread = None
        if not self._is_resident():
            self.thread = threading.Thread(target=self._gather_ahead, daemon=True)
            self.thread.start()

    def next(self):
        """float32 (size, channels, 64, 64) of the next step. An error while reading is raised here."""
        batch = self._pick() if self._is_resident() else self.queue.get()
        if isinstance(batch, BaseException):
            raise batch
        self.step += 1
        return to_model_input(batch, self.device)

    def close(self):
        """End the thread."""
        self.closed.set()
        if self.thread is not None:
            self.thread.join()

    def _is_resident(self):
        return self.resident is not None and self.resident.tensor is not None

    def _pick(self):
        """uint8 (size, 64, 64, channels) of the next step from the resident images; nothing waits for the GPU."""
        if not self.closed.is_set():
            self.close()  # nothing needs to be gathered any more
        if not self.positions:
            drawn = np.stack([self._draw(step) for step in range(self.step, self.step + STEPS)])
            drawn = self._pinned(torch.from_numpy(drawn)).to(self.device, non_blocking=True)  # (STEPS, size)
            self.positions = list(reversed(drawn.unbind()))
        return self.resident.tensor[self.positions.pop()]

    def _pinned(self, tensor):
        """In memory from which a GPU reads without a wait."""
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    def _draw(self, step):
        count = len(self.images) if self.kept is None else len(self.kept)
        drawn = step_generator(*self.key, step).integers(count, size=self.size)[self.part]
        return drawn if self.kept is None else self.kept[drawn]

    def _gather_ahead(self):
        step = self.step
        while not self.closed.is_set():
            try:
                batch = self._gather(step)
            except Exception as error:  # goes to the training thread, which names the step
                batch = error
            self._put(batch)
            step += 1

    def _gather(self, step):
        """In uint8: PyTorch would convert it with threads of its own beside those that train."""
        return self._pinned(torch.from_numpy(self.images[self._draw(step)]))

    def _put(self, batch):
        while not self.closed.is_set():
            with contextlib.suppress(queue.Full):
                self.queue.put(batch, timeout=0.1)
                return
