"""One's own images: a folder of pictures, or an .npz, .npy or .h5 file of uint8 (n, 64, 64, 1 or 3).

Images alone can be trained on. To be scored they need factors: as a full grid that a YAML file describes
(own_notes.py), or as a label for each image (own_labels.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from utils.data.dataset import DataSet
from utils.data.labelled import LabelledSet
from utils.data.sets import own_folder, own_labels
from utils.data.sets.own_notes import read_notes
from utils.data.storage.images import h5_images, npy_images, npz_images
from utils.data.storage.npz import MissingArray
from utils.data.storage.places import absolute, require_file
from utils.errors import InputError
from utils.notes import note

_KINDS = {".npz": npz_images, ".npy": npy_images, ".h5": h5_images, ".hdf5": h5_images}


def load(path):
    """The images at `path`: a DataSet, or a LabelledSet if each has labels. InputError names what is wrong.

    Labels in an .npz or .h5 file that cannot be used do not keep one from training: that is said on stderr, and
    scoring is refused.
    """
    path = Path(absolute(str(path)))  # "." has neither a name nor a folder to unpack to
    notes = read_notes(path)
    if path.is_dir():
        files = own_folder.find_pictures(path)
        labels, problem = own_labels.read_table(path, notes, files), None
        images = own_folder.load_images(path, files, notes.bits)
        if notes.grid:
            own_folder.note_order(path, files)
    else:
        images = _file_images(path, notes.key)
        labels, problem = _array_labels(path, notes, len(images))
    _note_odd_images(path, images)
    name = path.name if path.is_dir() else path.stem
    if labels is not None:
        return LabelledSet(name, images, labels.values, labels.names)
    _check_grid(path, notes, len(images))
    return DataSet(name, images, notes.grid.values(), tuple(notes.grid), problem=problem)


def _file_images(path, key):
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise InputError(f"{path}: expected a folder of pictures or a file that ends in .npz, .npy or .h5")
    require_file(path)
    try:
        return npy_images(path) if kind == ".npy" else _KINDS[kind](path, key)
    except MissingArray as error:
        raise InputError(f"{error}; `key: NAME` in {path.stem}.yml beside it names the array") from None


def _array_labels(path, notes, count):
    """(Labels or None, why there are none or None)."""
    if notes.grid:
        for name in own_labels.found_arrays(path):
            note(f"{notes.path}: describes a full grid, so the array {name!r} in {path} is not read")
        return None, None
    try:
        return own_labels.read_arrays(path, notes, count), None
    except InputError as error:
        if notes.labels or notes.bins or notes.names:  # asked for
            raise
        note(f"{error}. Training needs no labels; scoring will be refused.")
        return None, str(error)


def _check_grid(path, notes, count):
    sizes = list(notes.grid.values())
    if sizes and count != np.prod(sizes, dtype=object):
        raise InputError(
            f"{notes.path}: factors of {' x '.join(map(str, sizes))} values, but {path} holds {count:,} images"
        )


def _note_odd_images(path, images):
    """Values of 0 and 1 are nearly black where 255 is white, and from equal images nothing can be learned."""
    some = images[:: max(1, len(images) // 64)]
    if len(some) > 1 and (some == some[:1]).all():
        note(f"{path}: the {len(some)} of {len(images):,} images that were looked at are all the same")
    if some.max() == 1:
        note(f"{path}: no image that was looked at has a value above 1, and 255 is white: multiply masks by 255")
