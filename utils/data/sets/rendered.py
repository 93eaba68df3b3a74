"""Data sets that the kit draws itself: made when first used, read from their files ever after."""

from __future__ import annotations

import sys

import numpy as np

from utils.data.dataset import DataSet
from utils.data.storage.images import npz_images
from utils.data.storage.places import cache_folder, exists, writable_folder
from utils.errors import InputError


def load_rendered(name, root, file, sizes, factor_names, draw, render=True):
    """The DataSet `name` of the .npz file `file` under root/NAME/ or its cache; `draw(path)` makes it if it is missing.

    sizes, factor_names: of the factors. render: False refuses to make the file.
    InputError: not rendered yet, a damaged file, no room or no permission to write it.
    """
    path = next(filter(exists, (root / name / file, cache_folder(root / name) / file)), None)
    if path is None:
        if not render:
            raise InputError(f"not rendered yet; it will be when first used (to {root / name / file})")
        path = writable_folder(root / name) / file
        print(f"rendering {int(np.prod(sizes)):,} images to {path} (once)", file=sys.stderr, flush=True)
        draw(path)
    try:
        return DataSet(name, npz_images(path), sizes, factor_names)
    except InputError as error:
        raise InputError(f"{error}; delete {path} and it will be rendered again") from error
