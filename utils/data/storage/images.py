"""Images in the files that data sets come in: mapped where they lie if that can be, else converted once.

Each function returns uint8 (n, 64, 64, channels), memory-mapped and read-only, and raises InputError for a file
that is missing, damaged, or holds something else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from utils.data.storage import npz
from utils.data.storage.convert import converted
from utils.data.storage.hdf5 import check_written, opened_h5, source_files
from utils.errors import InputError

READER = 1  # to be raised with any change of what an array is unpacked to
READER_H5 = 2  # the same of HDF5; 1 took zeros for values that are not there
_BLOCK = 1 << 20  # bytes read at a time


def npy_images(path):
    """Images in a .npy file."""
    array = npz.map_npy(path)
    return array.reshape(image_shape(path, array.shape, array.dtype))


def npz_images(path, key="images"):
    """Images in the array `key` of an .npz file; a compressed one is first unpacked to a .npy file beside it."""
    array = npz.map_array(path, key)
    if array is None:
        shape, dtype, read_from = npz.stream_array(path, key)
        image_shape(path, shape, dtype)
        array = converted(path, [path], ("npz", READER, key), lambda: (shape, read_from))
    return array.reshape(image_shape(path, array.shape, array.dtype))


def image_shape(path, shape, dtype):
    """(n, 64, 64, channels) for an array of pictures, its leading axes joined, an axis for one channel added.

    InputError that names `path` unless it is uint8 (..., 64, 64, 1 or 3) or (n, 64, 64), n not 3 or 4.
    """
    shape = tuple(shape or ())  # None: HDF5's empty data sets
    is_grey = len(shape) == 3 and shape[1:] == (64, 64) and not _may_be_one_image(shape)
    whole = (*shape, 1) if is_grey else shape
    if dtype != np.uint8 or len(whole) < 4 or whole[-3:-1] != (64, 64) or whole[-1] not in (1, 3) or 0 in whole:
        raise InputError(
            f"{path}: {dtype} {shape} found, expected uint8 (n, 64, 64, 3) or (n, 64, 64, 1){_way_there(shape, dtype)}"
        )
    return (int(np.prod(whole[:-3], dtype=object)), *whole[-3:])


def _may_be_one_image(shape):
    """Whether an array may be one image in colour, its channels first, as well as 3 or 4 grey ones."""
    return len(shape) == 3 and shape[0] in (3, 4) and shape[1:] == (64, 64)


def _way_there(shape, dtype):
    """What converts an array of another common form, in words."""
    hints = ["numpy.rint(255 * images).astype('uint8') if the values lie in [0, 1]"] if dtype.kind == "f" else []
    if len(shape) == 4 and shape[1] in (1, 3) and shape[2:] == (64, 64):
        hints.append("images.transpose(0, 2, 3, 1), since channels come last")
    if _may_be_one_image(shape):
        one = "images[:3].transpose(1, 2, 0)[numpy.newaxis] if it is one in colour"
        hints.append(f"images[..., numpy.newaxis] if they are {shape[0]} grey ones, {one}")
    return "; " + " and ".join(hints) if hints else ""


def h5_images(path, key="images"):
    """Images in the data set `key` of an HDF5 file.

    Stored in one piece in the file they are mapped at their offset; in chunks or in other files, which it may refer
    to, they are first unpacked to a .npy file beside it.
    """
    with opened_h5(path) as file:
        data = _h5_member(file, path, key)
        shape, dtype = data.shape, data.dtype
        whole, sources = image_shape(path, shape, dtype), source_files(path, data)
        offset = data.id.get_offset() if len(sources) == 1 else None
    if offset is not None:
        if Path(path).stat().st_size < offset + int(np.prod(shape, dtype=object)):
            raise InputError(f"{path}: ends before its images do; it is truncated")
        return np.memmap(str(path), dtype, "r", offset, whole)

    def describe():
        with opened_h5(path) as file:
            check_written(_h5_member(file, path, key))
        return shape, read_from

    def read_from(first):
        with opened_h5(path) as file:
            data = _h5_member(file, path, key)
            count = max((data.chunks or (1,))[0], _BLOCK // int(np.prod(shape[1:])), 1)
            for place in range(first, shape[0], count):
                yield data[place : place + count]

    return converted(path, sources, ("h5", READER_H5, key), describe).reshape(whole)


def _h5_member(file, path, key):
    if key not in file:
        raise npz.MissingArray(f"{path}: no data set {key!r} found, only: {', '.join(map(str, file)) or 'nothing'}")
    if not hasattr(file[key], "dtype"):
        raise npz.MissingArray(f"{path}: {key!r} is a group, expected a data set of images")
    return file[key]
