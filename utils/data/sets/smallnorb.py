"""smallNORB (LeCun et al. 2004, https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/): toys, of which instances are hidden.

Training and test set together hold every combination of category, instance, elevation, azimuth and lighting.
"""

from __future__ import annotations

import numpy as np

from utils.data.dataset import DataSet
from utils.data.storage.convert import converted
from utils.data.storage.places import find
from utils.errors import InputError

SIZES = (5, 10, 9, 18, 6)
NAMES = ("category", "instance", "elevation", "azimuth", "lighting")
CHUNKS = ("5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing")
READER = 1  # to be raised with any change of what `load` makes of the files
_TYPES = {0x1E3D4C55: np.uint8, 0x1E3D4C54: np.int32}  # the format's magic numbers for bytes and integers


def load(name, root, sizes=SIZES):
    """The left pictures in root/small_norb/*.mat, scaled to 64 x 64 (Lanczos), once (199 MB): a DataSet.

    Scaled as disentanglement_lib 1.2 does, but cut to 0..255, which its pictures leave a little. The instance is
    drawn for each picture. `sizes`: those of files cut down for tests. InputError: a file missing or broken.
    """
    folder = root / "small_norb"
    paths = {
        (chunk, kind): find(name, folder / f"smallnorb-{chunk}-{kind}.mat")
        for chunk in CHUNKS
        for kind in ("dat", "cat", "info")
    }
    pictures = [_read_matrix(paths[chunk, "dat"]) for chunk in CHUNKS]
    for chunk, array in zip(CHUNKS, pictures):
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[1] != 2:
            raise InputError(f"{paths[chunk, 'dat']}: {array.dtype} {array.shape} found, expected bytes (n, 2, 96, 96)")
    order = _order(paths, [len(array) for array in pictures], sizes)
    starts = np.cumsum([0] + [len(array) for array in pictures])

    def read_from(first):
        for place in order[first:]:
            chunk = int(np.searchsorted(starts, place, side="right")) - 1
            yield _scaled(pictures[chunk][place - starts[chunk], 0])

    options = ("smallnorb", READER, sizes)
    images = converted(folder, paths.values(), options, lambda: ((len(order), 64, 64, 1), read_from))
    return DataSet(name, images, sizes, NAMES, hidden=(1,))


def _order(paths, counts, sizes):
    """Places of the pictures, training set first, in the order of their factors."""
    features = []
    for chunk, count in zip(CHUNKS, counts):
        category, info = _read_matrix(paths[chunk, "cat"]), _read_matrix(paths[chunk, "info"])
        if category.shape != (count,) or info.shape != (count, 4):
            raise InputError(
                f"{paths[chunk, 'info']}: {info.shape} and {category.shape} categories found, "
                f"expected {(count, 4)} and {(count,)}"
            )
        features.append(np.column_stack([category, info]).astype(np.int64))
    features = np.concatenate(features)
    features[:, 3] //= 2  # azimuths are stored as 0, 2, 4, ...
    inside = ((features >= 0) & (features < np.array(sizes))).all()
    positions = np.ravel_multi_index(features.T, sizes) if inside else np.zeros(1, np.int64)
    if not inside or not np.array_equal(np.sort(positions), np.arange(np.prod(sizes))):
        raise InputError(f"{paths[CHUNKS[0], 'info'].parent}: not every combination of {sizes} is there exactly once")
    return np.argsort(positions)


def _scaled(picture):
    from PIL import Image

    scaled = Image.fromarray(np.asarray(picture, np.int32)).resize((64, 64), Image.LANCZOS)
    return np.clip(np.asarray(scaled), 0, 255).astype(np.uint8).reshape(1, 64, 64, 1)


def _read_matrix(path):
    """An array in NORB's binary form, mapped: magic number, number of axes, sizes (three at least), data."""
    size = path.stat().st_size
    head = np.fromfile(str(path), "<i4", count=10)
    axes = int(head[1]) if len(head) >= 5 else 0
    if axes not in range(1, 9) or int(head[0]) not in _TYPES or len(head) < 2 + max(3, axes):
        raise InputError(f"{path}: no matrix in NORB's form; unpacked files are expected, not .gz")
    shape, dtype = tuple(int(n) for n in head[2 : 2 + axes]), np.dtype(_TYPES[int(head[0])])
    offset = 8 + 4 * max(3, axes)
    if min(shape) < 1 or offset + int(np.prod(shape, dtype=object)) * dtype.itemsize > size:
        raise InputError(f"{path}: {size} bytes found, too few for the {dtype} {shape} that it announces")
    return np.memmap(str(path), dtype, "r", offset, shape)
