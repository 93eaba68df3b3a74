"""Batches for training: which images each step sees, gathered ahead of it by a thread or kept on the GPU."""

import contextlib
import queue
import threading

import numpy as np
import torch

AHEAD = 4  # batches gathered before they are asked for
GPU_SHARE = 0.5  # of the GPU's free memory that the data set may take


def step_generator(*key):
    """A NumPy generator that depends on the whole numbers `key` alone: no state to save, none to lose."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def to_model_input(batch, device):
    """uint8 NHWC array or tensor -> float32 NCHW in [0, 1] on `device`, channels-last in memory."""
    batch = torch.as_tensor(batch).to(device, non_blocking=True)
    return batch.permute(0, 3, 1, 2).to(torch.float32).div_(255)


class Batches:
    """An endless source of batches: `next()` gives the images of one step after another.

    images   uint8 (n, 64, 64, channels), an array or a memory map
    key      whole numbers; with the step's number they decide the draw, uniform with replacement
    part     which of the `size` images drawn are given, as positions; None: all
    """

    def __init__(self, images, size, key, first_step, device, part=None):
        self.images, self.size, self.key, self.device = images, size, tuple(key), device
        self.part = slice(None) if part is None else part
        self.step = first_step
        self.resident = _on_gpu(images, device)
        self.queue = queue.Queue(AHEAD)
        self.closed = threading.Event()
        self.thread = None
        if self.resident is None:
            self.thread = threading.Thread(target=self._gather_ahead, daemon=True)
            self.thread.start()

    def next(self):
        """float32 (size, channels, 64, 64) of the next step. An error while reading is raised here."""
        if self.resident is not None:
            chosen = torch.from_numpy(self._draw(self.step)).to(self.device)
            self.step += 1
            return to_model_input(self.resident[chosen], self.device)
        batch = self.queue.get()
        if isinstance(batch, BaseException):
            raise batch
        return to_model_input(batch, self.device)

    def close(self):
        """End the thread."""
        self.closed.set()
        if self.thread is not None:
            self.thread.join()

    def _draw(self, step):
        return step_generator(*self.key, step).integers(len(self.images), size=self.size)[self.part]

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
        batch = torch.from_numpy(self.images[self._draw(step)])
        return batch if self.device.type == "cpu" else batch.pin_memory()

    def _put(self, batch):
        while not self.closed.is_set():
            with contextlib.suppress(queue.Full):
                self.queue.put(batch, timeout=0.1)
                return


def _on_gpu(images, device):
    if device.type != "cuda":
        return None
    free = torch.cuda.mem_get_info(device)[0] if hasattr(torch.cuda, "mem_get_info") else 0
    if images.nbytes > GPU_SHARE * free:
        return None
    return torch.from_numpy(np.ascontiguousarray(images)).to(device)
