"""The MPI3D data sets: one uncompressed .npz file each, mapped where it lies."""

from __future__ import annotations

import numpy as np

from utils.data.arm.scene import FACTOR_NAMES
from utils.data.dataset import DataSet
from utils.data.storage.images import npy_images, npz_images
from utils.data.storage.places import find
from utils.errors import InputError

# The first release has 4 object colours and 4 shapes, today's files have 6 of each; the complex set stays at 4.
FACTOR_SIZES = ((4, 4, 2, 3, 3, 40, 40), (6, 6, 2, 3, 3, 40, 40))


def load(name, root):
    """mpi3d_toy, _realistic, _real or _real_complex from root/NAME/NAME.npz: a DataSet.

    The factor sizes follow from the number of images. InputError: file missing or broken, a number that fits none.
    """
    path = find(name, root / name / f"{name}.npz", root / name / f"{name}.npy")
    images = npz_images(path) if path.suffix == ".npz" else npy_images(path)
    return DataSet(name, images, fitting_sizes(path, len(images), name), FACTOR_NAMES)


def fitting_sizes(path, count, name=""):
    """The factor sizes of the file `path` with `count` images. InputError: there are none."""
    fitting = FACTOR_SIZES[:1] if name.endswith("complex") else FACTOR_SIZES
    for sizes in fitting:
        if count == np.prod(sizes):
            return sizes
    expected = " or ".join(f"{np.prod(sizes):,} ({'x'.join(map(str, sizes))})" for sizes in fitting)
    raise InputError(f"{path}: {count:,} images found, expected {expected}")
