"""A data set in the challenge's place: mpi3d_toy's layout and number of images, pictures of the embedded scene."""

import zipfile

import numpy as np

from utils.data import load
from utils.data.storage.partial import require_room
from utils.errors import InputError

NAME = "mpi3d_toy"
REPEAT = 4  # the embedded 10 x 10 positions of the arm become mpi3d_toy's 40 x 40


def place_data(root, known_root):
    """Make root/mpi3d_toy/mpi3d_toy.npz and return where it is from, in words.

    It is the real data set where `known_root` (the user's DISENTANGLEMENT_LIB_DATA) has it; else the embedded one,
    each of whose arm positions stands for 4 x 4. Raises InputError where the disk lacks the room.
    """
    real = known_root / NAME / f"{NAME}.npz"
    if real.exists():
        root.mkdir(parents=True)
        (root / NAME).symlink_to(real.resolve().parent)
        return f"your {real}"
    source = load("synthetic_arm", known_root)
    target = root / NAME / f"{NAME}.npz"
    target.parent.mkdir(parents=True)
    write_repeated(target, source.images, source.factor_sizes, REPEAT)
    return f"the embedded data set, spread over mpi3d_toy's {len(source.images) * REPEAT**2:,} images"


def write_repeated(path, images, sizes, repeat):
    """Write `images` with the last two factors of `sizes` taking `repeat` times as many values, each `repeat` times.

    path     an uncompressed .npz file, key `images`
    images   uint8 (n, height, width, channels), the last factor varying fastest
    """
    shape = (len(images) * repeat**2, *images.shape[1:])
    try:
        require_room(path, 1.1 * np.prod(shape, dtype=np.int64))
    except InputError as error:
        raise InputError(f"{error}; --folder names another place") from None
    blocks = images.reshape(-1, sizes[-2], sizes[-1], *images.shape[1:])
    with zipfile.ZipFile(str(path), "w") as archive, archive.open("images.npy", "w", force_zip64=True) as out:
        header = {"descr": images.dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for block in blocks:
            out.write(np.repeat(np.repeat(block, repeat, axis=0), repeat, axis=1).tobytes())
