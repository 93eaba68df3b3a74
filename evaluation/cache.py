"""Codes kept on disk, so that a second evaluation of the same encoder on the same data need not encode again."""

import hashlib
import zipfile

import numpy as np

from .files import atomic_path
from .protocol import ARRAYS

SAMPLED_IMAGES = 64  # whose pixels stand for the data set's


class CodesCache:
    """A folder with the codes of one encoder on one data set; other codes in it are not used, and are replaced.

    folder       made when codes are first saved
    fingerprint  a string that identifies encoder and data: `fingerprint(...)`
    """

    def __init__(self, folder, fingerprint):
        self.folder, self.fingerprint = folder, fingerprint

    def load(self, part, seed, sizes):
        """{array: codes} saved for `part` (see protocol.ARRAYS), or None if there is nothing valid."""
        try:
            with open(self.folder / f"{part}.npz", "rb") as file, np.load(file, allow_pickle=False) as saved:
                if str(saved["fingerprint"]) != self._key(seed, sizes):
                    return None
                return {name: saved[name] for name in ARRAYS[part]}
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, part, seed, sizes, arrays):
        """Save {array: codes} of `part`."""
        with atomic_path(self.folder / f"{part}.npz") as temporary, open(temporary, "wb") as out:
            np.savez(out, fingerprint=np.array(self._key(seed, sizes)), **arrays)

    def _key(self, seed, sizes):
        return f"{self.fingerprint} {seed} {tuple(sizes)}"


def fingerprint(encoder_path, dataset):
    """A string that changes with the encoder's file or with the data set (name, factors, sampled pixels)."""
    digest = hashlib.sha256()
    with open(encoder_path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    images = dataset.images
    digest.update(repr((dataset.name, dataset.factor_sizes, images.shape, str(images.dtype))).encode())
    chosen = np.unique(np.linspace(0, len(images) - 1, SAMPLED_IMAGES).astype(np.int64))
    digest.update(np.ascontiguousarray(images[chosen]).tobytes())
    return digest.hexdigest()
