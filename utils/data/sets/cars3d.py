"""Cars3D (Reed et al. 2015, "Deep Visual Analogy-Making"): one MATLAB file a car, four elevations, 24 azimuths."""

from __future__ import annotations

import numpy as np

from utils.data.dataset import DataSet
from utils.data.storage.convert import converted
from utils.data.storage.places import find, unreadable_as
from utils.errors import InputError

ELEVATIONS, AZIMUTHS, CARS = 4, 24, 183
NAMES = ("elevation", "azimuth", "object_type")
READER = 1  # to be raised with any change of what `load` makes of the files


def load(name, root, cars=CARS):
    """root/cars/*.mat, scaled to 64 x 64 as disentanglement_lib 1.2 does (Lanczos), once (216 MB): a DataSet.

    The cars are numbered by file name; the library takes them as the folder happens to list them, so its numbers
    are other ones on other disks. `cars`: how many files there are, for tests. InputError: a file missing or broken.
    """
    folder = find(name, root / "cars")
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".mat" and not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); expected {cars} .mat files") from None
    if len(files) != cars:
        raise InputError(f"{folder}: {len(files)} .mat files found, expected {cars}")
    sizes = (ELEVATIONS, AZIMUTHS, cars)

    def read_from(first):
        images = np.empty((*sizes, 64, 64, 3), np.uint8)
        for number, path in enumerate(files):
            images[:, :, number] = _read_car(path)
        yield images.reshape(-1, 64, 64, 3)[first:]

    shape = (int(np.prod(sizes)), 64, 64, 3)
    images = converted(folder, files, ("cars3d", READER), lambda: (shape, read_from))
    return DataSet(name, images, sizes, NAMES)


def _read_car(path):
    """One car's views: uint8 (elevations, azimuths, 64, 64, 3)."""
    from PIL import Image
    from scipy.io import loadmat

    with unreadable_as(path, "MATLAB file"):
        views = loadmat(str(path), variable_names=["im"]).get("im")
    if views is None or views.dtype != np.uint8 or views.shape[2:] != (3, AZIMUTHS, ELEVATIONS):
        found = "nothing" if views is None else f"{views.dtype} {views.shape}"
        raise InputError(f"{path}: 'im' holds {found}, expected uint8 (height, width, 3, {AZIMUTHS}, {ELEVATIONS})")
    images = np.empty((ELEVATIONS, AZIMUTHS, 64, 64, 3), np.uint8)
    for elevation, azimuth in np.ndindex(ELEVATIONS, AZIMUTHS):
        view = Image.fromarray(np.ascontiguousarray(views[..., azimuth, elevation]))
        images[elevation, azimuth] = np.asarray(view.resize((64, 64), Image.LANCZOS))
    return images
