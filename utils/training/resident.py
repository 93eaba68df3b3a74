"""The data set in the GPU's memory, copied there piece by piece while training goes on from the file.

Copying begins after the first step, when what a step takes of the GPU's memory is taken.
"""

import contextlib
import threading

import numpy as np
import torch

from utils.memory import is_out_of_memory

SPARE = 4 * 2**30  # bytes of the GPU's memory that are left for the report's pictures and for other programs
PIECE = 4096  # images copied at a time


class ResidentImages:
    """`tensor` is None until all of `images` is on `device`; it stays None where that does not fit.

    images  uint8 (n, 64, 64, channels)
    say     prints a line: when copying begins, ends or fails
    """

    def __init__(self, images, device, say=print):
        self.images, self.device, self.say = images, device, say
        self.tensor, self.thread = None, None
        self.closed, self.decided = threading.Event(), False

    def start_if_it_fits(self):
        """Start copying on a GPU with room, the first time that this is called: after a step."""
        if not self.decided and self.device.type == "cuda":
            self.decided = True
            if self.images.nbytes + SPARE <= free_memory(self.device):
                self.start()

    def start(self):
        self.say(
            f"copying the data set to {self.device} ({self.images.nbytes / 1e9:.1f} GB); training goes on meanwhile"
        )
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()

    def wait(self):
        """Until a copy that is under way is complete or has failed."""
        if self.thread is not None:
            self.thread.join()

    def close(self):
        """End a copy that is under way; what is complete stays."""
        self.closed.set()
        self.wait()

    def _copy(self):
        try:
            with _side_stream(self.device) as wait:
                tensor = torch.empty(self.images.shape, dtype=torch.uint8, device=self.device)
                for start in range(0, len(self.images), PIECE):
                    if self.closed.is_set():
                        return
                    piece = np.array(self.images[start : start + PIECE])  # a copy: PyTorch warns of a read-only map
                    tensor[start : start + PIECE].copy_(torch.from_numpy(piece))
                wait()
        except (RuntimeError, OSError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
            reason = "out of memory" if isinstance(error, RuntimeError) else error
            self.say(f"the data set is not copied to {self.device} ({reason}); training reads it from the file")
            return
        self.tensor = tensor
        self.say(f"the data set is on {self.device}")


def free_memory(device):
    """Bytes of the GPU's memory that are free; what PyTorch keeps for the next step does not count."""
    if hasattr(torch.cuda, "mem_get_info"):
        return torch.cuda.mem_get_info(device)[0]
    return torch.cuda.get_device_properties(device).total_memory - torch.cuda.memory_reserved(device)


@contextlib.contextmanager
def _side_stream(device):
    """Work on the device beside the training's; gives a function that waits for it."""
    if device.type != "cuda":
        yield lambda: None
        return
    with torch.cuda.device(device), torch.cuda.stream(torch.cuda.Stream(device)):
        yield lambda: torch.cuda.current_stream().synchronize()
