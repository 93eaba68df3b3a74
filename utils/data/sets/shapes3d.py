"""3D Shapes (Burgess & Kim 2018, https://github.com/google-deepmind/3d-shapes): its HDF5 file or the library's .npz."""

from __future__ import annotations

from utils.data.dataset import DataSet
from utils.data.storage.images import h5_images, npz_images
from utils.data.storage.places import find

SIZES = (10, 10, 10, 8, 4, 15)
NAMES = ("floor_color", "wall_color", "object_color", "object_size", "object_type", "azimuth")
NPZ = "look-at-object-room_floor-hueXwall-hueXobj-hueXobj-sizeXobj-shapeXview-azi.npz"


def load(name, root, sizes=SIZES):
    """root/3dshapes/3dshapes.h5 or the library's .npz file: a DataSet, mapped or unpacked once (5.9 GB).

    `sizes`: those of a file cut down for tests. InputError: file missing or broken, another number of images.
    """
    path = find(name, root / "3dshapes" / "3dshapes.h5", root / "3dshapes" / NPZ)
    return DataSet(name, (h5_images if path.suffix == ".h5" else npz_images)(path), sizes, NAMES)
