"""Codes kept on disk, so that a second evaluation of the same encoder on the same data need not encode again."""

import hashlib
import zipfile

import numpy as np

from .codes import Encoded
from .files import atomic_path

SAMPLED_IMAGES = 64  # whose pixels stand for the data set's
PARTS = {"points": ("points",), "votes": ("variances", "local_variances")}  # what is asked for together, and kept so


class CodesCache:
    """A folder with the codes of one encoder on one data set; other codes in it are not used, and are replaced.

    folder       made when codes are first kept
    fingerprint  text that names encoder and data: `fingerprint(...)`
    """

    def __init__(self, folder, fingerprint):
        self.folder, self.fingerprint = folder, fingerprint

    def load(self, part, seed):
        """What was kept of `part` ("points" or "votes") for `seed`: an Encoded, or None if there is nothing valid."""
        try:
            with open(self.folder / f"{part}.npz", "rb") as file, np.load(file, allow_pickle=False) as kept:
                if str(kept["fingerprint"]) != f"{self.fingerprint} {seed}":
                    return None
                return Encoded(**{name: kept[name] for name in PARTS[part]})
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, encoded, seed):
        """Keep what `encoded` has."""
        for part, names in PARTS.items():
            arrays = {name: getattr(encoded, name) for name in names}
            if all(array is not None for array in arrays.values()):
                with atomic_path(self.folder / f"{part}.npz") as temporary, open(temporary, "wb") as out:
                    np.savez(out, fingerprint=np.array(f"{self.fingerprint} {seed}"), **arrays)


def fingerprint(encoder_path, dataset):
    """A text that changes with the encoder's file or with the data set (name, factors, sampled pixels)."""
    digest = hashlib.sha256()
    with open(encoder_path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    images = dataset.images
    digest.update(repr((dataset.name, dataset.factor_sizes, images.shape, str(images.dtype))).encode())
    chosen = np.unique(np.linspace(0, len(images) - 1, SAMPLED_IMAGES).astype(np.int64))
    digest.update(np.ascontiguousarray(images[chosen]).tobytes())
    return digest.hexdigest()
