"""Batches of images out of a file that is larger than memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import weakref

import numpy as np

from utils.errors import InputError

NO_WAIT = getattr(os, "RWF_NOWAIT", None)  # preadv(2) fails where it would wait for the disk; Linux alone has it
LARGE = 1 << 30  # bytes: below, a file is soon in memory as a whole, and then the plain map is the faster way


class MappedImages(np.memmap):
    """A memory map whose images, taken by an array of positions, are read from the file with one call each.

    Through the map alone a batch costs a page fault every 4 KB, each of which reads far ahead into images that were
    not asked for: that takes some forty times as long where the file is not in memory. Here images are read at once as
    far as they are in memory; from the first that is not, the disk is asked for all the rest together. Reading also
    notices that the file was cut under the run, where touching the map would end the process (SIGBUS).

    They are pickled as the file's path, size and time of last change, and opened anew elsewhere (joblib's processes).
    """

    _descriptor = None  # of the open file, if it is large
    _state = None  # size and time of the file; views have neither: their first byte stands elsewhere in the file

    def __reduce__(self):
        if self._state is None:
            return np.asarray(self).__reduce__()
        return _opened, (str(self.filename), self.dtype, self.offset, self.shape, self._state)

    def __getitem__(self, index):
        by_position = isinstance(index, np.ndarray) and index.ndim == 1 and index.dtype.kind in "iu"
        if not by_position or self._descriptor is None or not len(index):
            return np.asarray(super().__getitem__(index))
        positions = index.astype(np.int64)
        positions[positions < 0] += len(self)
        if positions.min() < 0 or positions.max() >= len(self):
            return super().__getitem__(index)  # which says what is wrong
        return self._read(positions.tolist())

    def _read(self, positions):
        images = np.empty((len(positions), *self.shape[1:]), self.dtype)
        size, handle = images[0].nbytes, self._descriptor
        places = [self.offset + position * size for position in positions]
        at_once = read_without_waiting(handle, images, places)
        for place in places[at_once:]:  # all wanted at once: the disk need not wait for the one before
            os.posix_fadvise(handle, place, size, os.POSIX_FADV_WILLNEED)
        for image, place in zip(images[at_once:], places[at_once:]):
            if os.preadv(handle, [image], place) != size:
                raise InputError(f"{self.filename}: ends early; it was changed after it was opened")
        return images


def read_without_waiting(handle, arrays, places):
    """Fill `arrays` from `places` of the open file `handle` up to the first that is not in memory; how many those are.

    One that is not may be filled in part. 0 where the system has no such call.
    """
    if NO_WAIT is None:
        return 0
    count, size = 0, arrays[0].nbytes
    with contextlib.suppress(OSError):  # not in memory, or no answer; waiting for it says whether anything is wrong
        for array, place in zip(arrays, places):
            if os.preadv(handle, [array], place, NO_WAIT) != size:
                break
            count += 1
    return count


def batched(images, large=LARGE):
    """`images` as MappedImages if they are a memory-mapped file's whole array; else as they are.

    A file of at least `large` bytes is read by calls, a smaller one through the map.
    """
    if not isinstance(images, np.memmap) or not images.filename or not hasattr(os, "posix_fadvise"):
        return images
    mapped = images.view(MappedImages)
    mapped._state = _file_state(images.filename)
    if images.nbytes >= large:
        mapped._descriptor = os.open(str(images.filename), os.O_RDONLY)
        weakref.finalize(mapped, os.close, mapped._descriptor)
    return mapped


def _opened(path, dtype, offset, shape, state):
    """MappedImages in another process. InputError: the file is not there, or is another one than it was."""
    try:
        found = _file_state(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if found != state:
        raise InputError(f"{path}: was changed after it was opened")
    return batched(np.memmap(path, dtype, "r", offset, shape))


def _file_state(path):
    state = os.stat(str(path))
    return (state.st_size, state.st_mtime_ns)


def drop_from_memory(images):
    """Have the system forget what it has read of the file behind `images`; whether that could be asked for."""
    path = getattr(images, "filename", None)
    if not path or not hasattr(os, "posix_fadvise"):
        return False
    if hasattr(mmap, "MADV_DONTNEED"):
        images._mmap.madvise(mmap.MADV_DONTNEED)  # pages that are mapped would stay
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
    return True
