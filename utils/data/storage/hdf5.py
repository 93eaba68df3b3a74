"""HDF5 files, opened, and whether all values of a data set are there: HDF5 itself gives zeros for those that are not.

A data set's values may lie in other HDF5 files, which it is put together from (a virtual data set), or in raw ones.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from utils.data.storage.places import exists, stat, unreadable_as
from utils.errors import InputError


@contextlib.contextmanager
def opened_h5(path):
    """The HDF5 file `path`, open for reading; what goes wrong with it comes out as an InputError that names it."""
    import h5py  # only those who have such files wait for the import

    with unreadable_as(path, "HDF5 file"), h5py.File(str(path), "r") as file:
        yield file


def source_files(path, data):
    """The files that hold a data set's values: `path`, and those that it links to or is put together from.

    InputError for a file or a data set that is missing.
    """
    path, others = Path(path), []
    for place, part in _parts(data):
        raw = [_beside(place, name) for name, _, _ in part.external or ()]
        for other in (place, *raw):
            stat(other)
            if not path.samefile(other) and other not in others:
                others.append(other)
    return [path, *others]


def check_written(data):
    """InputError unless all values of a data set are there, wherever they lie."""
    for place, part in _parts(data):
        if part.is_virtual:
            _check_mapped(place, part)
        elif part.external:
            _check_raw(place, part)
        elif part.chunks:
            found = part.id.get_num_chunks()
            count = int(np.prod([-(-size // chunk) for size, chunk in zip(part.shape, part.chunks)], dtype=object))
            if found < count:
                _refuse(place, part, f"has {found:,} of {count:,} chunks")
        elif not part.id.get_storage_size():
            _refuse(place, part, "was never written to")


def _refuse(place, part, found):
    raise InputError(f"{place}: data set {part.name} {found}; expected all its values, as HDF5 gives zeros for others")


def _parts(data, seen=None):
    """(file, data set) of a data set and, while they are open, of all that it is put together from."""
    seen, place = set() if seen is None else seen, Path(data.file.filename)
    seen.add((place, data.name))
    yield place, data
    for source in data.virtual_sources() if data.is_virtual else ():
        with _opened_source(data, source) as other:
            if (Path(other.file.filename), other.name) not in seen:
                yield from _parts(other, seen)


@contextlib.contextmanager
def _opened_source(data, source):
    """The data set from which a part of a virtual one comes."""
    place = Path(data.file.filename)
    other = place if source.file_name == "." else _beside(place, source.file_name)
    stat(other)
    with opened_h5(other) as file:
        found = file.get(source.dset_name)
        if not hasattr(found, "dtype"):
            raise InputError(f"{other}: no data set {source.dset_name!r} found; {place} is put together from it")
        yield found


def _beside(place, name):
    """Where the file `name` lies: names are relative to the file that has them, or to the working folder."""
    beside = place.parent / name
    return beside if exists(beside) else Path(name)


def _check_mapped(place, part):
    """InputError unless there is a source for each value, and the sources are as large as is expected of them."""
    if None in part.maxshape:  # it grows with its sources
        return
    mapped = 0
    for source in part.virtual_sources():
        count = source.vspace.get_select_npoints()
        with _opened_source(part, source) as other:
            if not _holds(other.shape, source.src_space, count):
                raise InputError(
                    f"{other.file.filename}: data set {other.name} of {other.shape} found; {place} expects a larger one"
                )
        mapped += count
    if mapped < part.size:
        _refuse(place, part, f"has sources for {mapped:,} of its {part.size:,} values")


def _holds(shape, space, count):
    """Whether a data set of `shape` has the `count` values that are selected by `space`."""
    if not space.shape:  # everything is selected, of whatever shape it is
        return np.prod(shape, dtype=object) >= count
    return all(last < size for last, size in zip(space.get_select_bounds()[1], shape))


def _check_raw(place, part):
    """InputError unless the raw files hold as many bytes as the data set has."""
    left = part.size * part.dtype.itemsize
    for name, start, size in part.external:
        other, size = _beside(place, name), min(size, left)
        if stat(other).st_size < start + size:
            raise InputError(f"{other}: ends before the values of {part.name} in {place} do; it is truncated")
        left -= size
    if left:
        _refuse(place, part, f"lacks {left:,} bytes in its raw files")
