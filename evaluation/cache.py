"""Codes kept on disk, so that a second evaluation of the same encoder on the same data need not encode again."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from .files import UNREADABLE, atomic_path
from .protocol import ARRAYS

BLOCK = 1 << 20  # bytes of a file, and about as many of an array, that are read at a time


class CodesCache:
    """A folder with the codes of one encoder on one data set; other codes in it are not used, and are replaced.

    folder       made when codes are first saved
    fingerprint  a string that identifies encoder and data: `fingerprint(...)`
    """

    def __init__(self, folder, fingerprint):
        self.folder, self.fingerprint = Path(folder), fingerprint

    def load(self, part, key):
        """{array: codes} saved for `part` (see protocol.ARRAYS) under `key`, or None if there is nothing valid."""
        try:
            with open(self.folder / f"{part}.npz", "rb") as file, np.load(file, allow_pickle=False) as saved:
                if str(saved["fingerprint"]) != self._key(key):
                    return None
                return {name: saved[name] for name in ARRAYS[part]}
        except (OSError, *UNREADABLE):
            return None

    def save(self, part, key, arrays):
        """Save {array: codes} of `part`; `key` stands for all that the draws depend on.

        Raises OSError as the file system gives it.
        """
        with atomic_path(self.folder / f"{part}.npz") as temporary, open(temporary, "wb") as out:
            np.savez(out, fingerprint=np.array(self._key(key)), **arrays)

    def _key(self, key):
        return f"{self.fingerprint} {key}"


def fingerprint(encoder: str, dataset: Any) -> str:
    """A string that changes with the encoder, with the data set's name and factors, if it has any, and with its images.

    encoder   a string that identifies it, and what else its codes depend on: a digest of its file, say, the kind of
              device and the version of the library that compute them

    Images that are a file mapped to be read are identified by its path, inode, size and times in nanoseconds, some of
    which differ as soon as the file is changed or replaced. All pixels of other images are read.
    """
    digest = hashlib.sha256(encoder.encode())
    images = dataset.images
    name, sizes, labels = (getattr(dataset, key, None) for key in ("name", "factor_sizes", "labels"))
    digest.update(repr((name, sizes, images.shape, str(images.dtype))).encode())
    digest.update(_source(images) or _pixels(images))
    digest.update(b"" if labels is None else np.ascontiguousarray(labels).tobytes())
    return digest.hexdigest()


def digest_file(path):
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _source(images):
    """Bytes that identify a memory-mapped file and the array's place in it; None for other arrays."""
    if not isinstance(images, np.memmap) or images.filename is None or images._mmap is None:
        return None
    if images.mode != "r":  # its pixels may be others than the file's
        return None
    path = os.path.realpath(images.filename)
    try:
        file = os.stat(path)
    except OSError:  # removed since it was mapped
        return None
    begin = np.frombuffer(images._mmap, dtype=np.uint8).__array_interface__["data"][0]
    place = images.__array_interface__["data"][0] - begin, images.strides
    return repr((path, file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns, place)).encode()


def _pixels(images):
    digest, count = hashlib.sha256(), max(1, BLOCK // max(1, int(np.prod(images.shape[1:], dtype=object))))
    for first in range(0, len(images), count):
        digest.update(np.ascontiguousarray(images[first : first + count]).tobytes())
    return digest.digest()
