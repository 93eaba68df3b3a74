"""Images in the files that data sets come in: mapped where they lie if that can be, else converted once.

Each function returns uint8 (n, 64, 64, channels), memory-mapped and read-only, and raises InputError for a file
that is missing, damaged, or holds something else.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from utils.data import npz
from utils.data.convert import converted
from utils.errors import InputError

_BLOCK = 1 << 20  # bytes read at a time


def npy_images(path):
    """Images in a .npy file."""
    array = npz.map_npy(path)
    check_images(path, array.shape, array.dtype)
    return array.reshape(-1, *array.shape[-3:])


def npz_images(path, key="images"):
    """Images in the array `key` of an .npz file: uint8 (n, 64, 64, channels), memory-mapped.

    A compressed array is first written to a .npy file beside it, once. Leading axes are joined to one.
    InputError: as `map_array`, or another dtype or shape.
    """
    array = npz.map_array(path, key)
    if array is not None:
        check_images(path, array.shape, array.dtype)
        return array.reshape(-1, *array.shape[-3:])
    shape, dtype, read_from = npz.stream_array(path, key)
    check_images(path, shape, dtype)
    array = converted(Path(path).with_suffix(".npy"), [path], shape, read_from)
    return array.reshape(-1, *shape[-3:])


def check_images(path, shape, dtype, channels=(1, 3)):
    """InputError unless shape and dtype are those of pictures of 64 x 64 pixels: uint8 (..., 64, 64, channels)."""
    if dtype != np.uint8 or len(shape) < 4 or tuple(shape[-3:-1]) != (64, 64) or shape[-1] not in channels:
        wanted = " or ".join(map(str, channels))
        raise InputError(f"{path}: {dtype} {tuple(shape)} found, expected uint8 (n, 64, 64, {wanted})")


def h5_images(path, key="images"):
    """Images in the data set `key` of an HDF5 file.

    Stored in one piece they are mapped at their offset; in chunks, they are first written to a .npy file beside it.
    """
    with opened_h5(path) as file:
        data = _h5_member(file, path, key)
        shape, dtype, offset = data.shape, data.dtype, data.id.get_offset()
    check_images(path, shape, dtype)
    if offset is not None:
        if Path(path).stat().st_size < offset + int(np.prod(shape, dtype=object)):
            raise InputError(f"{path}: ends before its images do; it is truncated")
        return np.memmap(str(path), dtype, "r", offset, shape).reshape(-1, *shape[-3:])

    def read_from(first):
        with opened_h5(path) as file:
            data = _h5_member(file, path, key)
            count = max((data.chunks or (1,))[0], _BLOCK // int(np.prod(shape[1:])), 1)
            for place in range(first, shape[0], count):
                yield data[place : place + count]

    return converted(Path(path).with_suffix(".npy"), [path], shape, read_from).reshape(-1, *shape[-3:])


@contextlib.contextmanager
def opened_h5(path):
    """The HDF5 file `path`, open for reading; what goes wrong with it comes out as an InputError that names it."""
    import h5py  # only those who have such files wait for the import

    with unreadable_as(path, "HDF5 file"), h5py.File(str(path), "r") as file:
        yield file


@contextlib.contextmanager
def unreadable_as(path, form):
    """Turn what a library says of a damaged file, in whatever way, into an InputError that names file and form."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # parsers of foreign formats raise nearly anything, MemoryError included
        raise InputError(f"{path}: no readable {form} ({error or type(error).__name__})") from error


def _h5_member(file, path, key):
    if key not in file or not hasattr(file[key], "dtype"):
        raise InputError(f"{path}: no data set {key!r} found, only: {', '.join(map(str, file)) or 'nothing'}")
    return file[key]
