"""Labels of one's own images: `labels.csv` in a folder of pictures, or an array in the .npz or .h5 file.

Values may be whole numbers or names. A factor's values are numbered from 0 in their order (numbers by size, names in
natural order). What is missing (empty, NaN) is refused; fractions are refused unless they are to be cut into bins.
"""

from __future__ import annotations

import collections
import os
import posixpath
from typing import NamedTuple

import numpy as np

from evaluation.values import as_numbers, as_written, composed, cut, is_missing, number_names, written_twice
from utils.data.sets.own_table import TABLE, find_table, parse_table
from utils.data.storage import npz
from utils.data.storage.hdf5 import check_written, opened_h5
from utils.errors import InputError

ARRAYS = ("labels", "factors")  # where labels are looked for unless the notes name an array


class Labels(NamedTuple):
    """Factors of each image."""

    values: np.ndarray  # int64 (n, F), from 0 to the factor's number of values - 1
    names: tuple  # of the factors


def read_table(folder, notes, files):
    """The Labels of the pictures `files` from `folder`/labels.csv, whose lines may be in any order; None: no table.

    InputError, with the line: a picture that is not there, is not in the table or is there twice; a value that is
    missing.
    """
    path = find_table(folder)
    if notes.grid:
        if path:
            raise InputError(f"{notes.path}: describes a full grid, but there is {path} as well; expected one of them")
        return None
    if not path:
        if notes.names or notes.bins:
            raise InputError(f"{notes.path}: names or bins of labels, but there is no {folder / TABLE}")
        return None
    table = parse_table(path)
    order = _places(path, table, _by_name(folder, files))
    columns = [column[order] for column in table.columns]
    where = [f"line {table.lines[place]}" for place in order]
    return _labels(path, _column_names(path, notes, table), columns, notes.bins, where)


def _column_names(path, notes, table):
    """Names of the Table's columns: as the notes say, else as it has them. InputError: the notes exchange them."""
    columns = [composed(name) for name in table.names]
    for column, name in zip(columns, map(composed, notes.names)):
        if name != column and name in columns:
            raise InputError(
                f"{notes.path}: factors: {', '.join(notes.names)} found, but the columns of {path} are "
                f"{', '.join(table.names)}; expected new names, or its own in the same order"
            )
    return notes.names or table.names


def _places(path, table, pictures):
    """At which place of the Table `table` each of `pictures` (names) stands: list of int."""
    if _as_picture(table.head) in pictures:
        raise InputError(f"{path}: the first line names a picture, {table.head}; expected the factors' names above it")
    places = {}
    for place, (line, written) in enumerate(zip(table.lines, table.pictures)):
        name = _as_picture(written)
        if name not in pictures:
            raise InputError(f"{path}, line {line}: no picture {written!r} in {path.parent}")
        if name in places:
            raise InputError(f"{path}, line {line}: {written!r} stands in line {table.lines[places[name]]} already")
        places[name] = place
    left = sorted(set(pictures) - set(places))
    if left:
        raise InputError(f"{path}: {len(left):,} of {len(pictures):,} pictures are not in it, the first is {left[0]}")
    return [places[name] for name in pictures]


def read_arrays(path, notes, count):
    """The Labels of the `count` images in an .npz or .h5 file; None if it holds none."""
    array = _READERS[path.suffix.lower()](path, notes.labels, count)
    if array is None:
        if notes.names or notes.bins or notes.labels:
            raise InputError(f"{notes.path}: names or bins of labels, but {path} has no array {' or '.join(ARRAYS)}")
        return None
    array = array.reshape(count, -1)
    names = notes.names or tuple(f"factor_{number}" for number in range(array.shape[1]))
    where = [f"row {row}" for row in range(count)]
    return _labels(path, names, list(array.T), notes.bins, where)


def found_arrays(path):
    """Names of the arrays in an .npz, .npy or .h5 file that are taken for labels."""
    kind = path.suffix.lower()
    if kind == ".npz":
        return [name for name in ARRAYS if name in npz.keys(path)]
    if kind == ".npy":
        return []
    with opened_h5(path) as file:
        return [name for name in ARRAYS if name in file]


def _as_picture(written):
    """A picture's name in a table as `_by_name` gives it."""
    return composed(posixpath.normpath(written.replace("\\", "/")))


def _by_name(folder, files):
    """{name in `folder`: path} of the pictures `files`; InputError: two that are one name in a table."""
    pictures = {}
    for found in files:
        other = pictures.setdefault(composed(_in_utf8("/".join(found.relative_to(folder).parts))), found)
        if other != found:
            raise InputError(
                f"{folder}: {other.name!a} and {found.name!a} are one name in two forms of Unicode; "
                f"expected names that {TABLE} tells apart"
            )
    return pictures


def _in_utf8(name):
    """A file's name as a table in UTF-8 has it: a locale of another encoding shows its bytes as other signs."""
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError:  # the name itself is not in UTF-8
        return name


def _read_npz(path, key, count):
    keys = [key] if key else found_arrays(path)
    if not _chosen(path, keys):
        return None
    _check_shape(path, npz.array_shape(path, keys[0]), count)
    return npz.read_array(path, keys[0])


def _read_h5(path, key, count):
    keys = [key] if key else found_arrays(path)
    if not _chosen(path, keys):
        return None
    with opened_h5(path) as file:
        if keys[0] not in file or not hasattr(file[keys[0]], "dtype"):
            raise InputError(f"{path}: no data set {keys[0]!r} found")
        _check_shape(path, file[keys[0]].shape, count)
        check_written(file[keys[0]])
        return np.asarray(file[keys[0]][()])


def _check_shape(path, shape, count):
    """Before anything is read: masks are called labels, too, and may be as large as the images."""
    shape = tuple(shape or ())
    if shape != (count,) and (len(shape) < 2 or npz.count_of(shape[:-1]) != count or not shape[-1]):
        raise InputError(f"{path}: labels {shape} found, expected ({count}, number of factors)")


def _chosen(path, keys):
    if len(keys) > 1:
        raise InputError(f"{path}: has both {' and '.join(keys)}; `labels:` in its YAML file names the one to use")
    return keys[0] if keys else None


_READERS = {".npz": _read_npz, ".npy": lambda *_: None, ".h5": _read_h5, ".hdf5": _read_h5}


def _labels(path, names, columns, bins, where):
    """Labels of columns of values; `where`: how each row is called."""
    names, bins = [composed(name) for name in names], {composed(name): count for name, count in bins.items()}
    twice = [name for name, times in collections.Counter(names).items() if times > 1 or not name]
    if twice or len(names) != len(columns):
        raise InputError(f"{path}: factors {', '.join(names)} for {len(columns)} columns; expected names, each once")
    unknown = sorted(set(bins) - set(names))
    if unknown:
        raise InputError(f"{path}: bins for {unknown[0]!r}, which is not among its factors ({', '.join(names)})")
    numbered = [_numbered(path, name, column, bins.get(name), where) for name, column in zip(names, columns)]
    return Labels(np.stack(numbered, axis=1), tuple(names))


def _numbered(path, name, column, bins, where):
    """A column's values as numbers from 0: int64 (n,)."""
    values, what = _typed(path, name, column, bins, where), f"{path}: factor {name!r}"
    fractions = values[values % 1 != 0] if values.dtype.kind == "f" else ()
    if len(fractions) and bins is None:
        raise InputError(
            f"{what} has fractions ({fractions[0]:g}), the metrics need values that recur; "
            f"`bins: {{{name}: N}}` in its YAML file cuts it into N ranges"
        )
    if bins is not None:
        if values.dtype.kind == "U":
            raise InputError(f"{what} has names, which cannot be cut into bins")
        values = _cut(values, bins)
    numbers = number_names(values) if values.dtype.kind == "U" else np.unique(values, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    if 2 * count > len(values):
        raise InputError(
            f"{what} has {count:,} values in {len(values):,} images, expected values that recur; "
            f"leave it out, or cut it into {'ranges' if bins is None else 'fewer ranges'} with `bins: {{{name}: N}}` "
            "in its YAML file"
        )
    return numbers.reshape(-1).astype(np.int64)


def _cut(values, bins):
    """Which of `bins` ranges of equal width, counted from 0, each value is in, the largest value in the last."""
    return cut(values, bins) - 1


def _typed(path, name, column, bins, where):
    """The values as integers, float64 or strings. InputError: missing, of another kind, or a number in two forms."""
    if column.dtype.kind in "OSU":
        texts = np.array([as_written(value) for value in column])
        _refuse_missing(path, name, [is_missing(text) for text in texts.tolist()], where)
        column = as_numbers(texts)
        if column is None:
            return texts
        twice = written_twice(texts, column) if bins is None else None
        if twice:
            raise InputError(
                f"{path}: factor {name!r} has {twice[0]!r} and {twice[1]!r}, which are one number; "
                "expected it written alike everywhere"
            )
    if column.dtype.kind not in "biuf":
        raise InputError(f"{path}: factor {name!r}: {column.dtype} found, expected whole numbers or names")
    if column.dtype.kind == "f":
        _refuse_missing(path, name, ~np.isfinite(column), where)
        return column.astype(np.float64)
    return column if column.dtype == np.uint64 else column.astype(np.int64)


def _refuse_missing(path, name, missing, where):
    if np.any(missing):
        raise InputError(f"{path}, {where[int(np.argmax(missing))]}: factor {name!r} has no value (or NaN or infinity)")
