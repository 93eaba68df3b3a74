"""The embedded data set: rendered when it is first asked for, read from its file ever after."""

from __future__ import annotations

import sys

import numpy as np

from utils.data.arm.scene import FACTOR_NAMES
from utils.data.dataset import DataSet
from utils.data.storage.images import npz_images
from utils.data.storage.places import cache_folder, exists, writable_folder
from utils.errors import InputError

DEFAULT_SIZES = (4, 4, 2, 3, 3, 10, 10)  # 28,800 images


def load(name, root, factor_sizes=DEFAULT_SIZES, render=True):
    """The images of the grid `factor_sizes` (up to 6, 6, 2, 3, 3, 40, 40) as a DataSet.

    A grid has a file of its own under root/synthetic_arm/; `render`: whether to make it if it is missing.
    InputError: impossible sizes, a damaged file, no room or no permission to write it.
    """
    from utils.data.arm import renderer  # numba takes a second to import, which readers of other sets need not wait

    sizes = renderer.check_sizes(factor_sizes)
    grid = "x".join(str(size) for size in sizes)
    file = f"{name}-v{renderer.VERSION}-{grid}.npz"
    path = next(filter(exists, (root / name / file, cache_folder(root / name) / file)), None)
    if path is None:
        if not render:
            raise InputError(f"not rendered yet; it will be when first used (to {root / name / file})")
        path = writable_folder(root / name) / file
        print(f"rendering {int(np.prod(sizes)):,} images to {path} (once)", file=sys.stderr, flush=True)
        renderer.render(path, sizes)
    try:
        images = npz_images(path)
        return DataSet(name, images, sizes, FACTOR_NAMES)
    except InputError as error:
        raise InputError(f"{error}; delete {path} and it will be rendered again") from error
