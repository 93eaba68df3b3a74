"""Codes and factors of labelled points in .npz files, as `--codes` takes them."""

import io

import numpy as np

from ..datasets.labelled import MOST_VALUES
from ..errors import InputError
from ..files import UNREADABLE
from ..values import as_numbers, as_text, as_written, cut, is_missing, number_names, written_twice

WHOLE = ("codes", "factors")
TEST = ("codes_test", "factors_test")
HALVES = ("codes_train", "factors_train", *TEST)
NAMES = "factor_names"


def read_codes(paths, bins=None, contents=None):
    """The arguments of evaluate_codes in a dictionary, from one .npz file or two, the second one for testing.

    Keys of a file: codes (n, D) and factors (n, F), or both with _train and with _test in one file, of which _train may
    be left out; factor_names (F,) if it likes, the same in both files. Other keys are not read. Factors may be integers
    or names of values. Continuous ones, and those of more integers than the metrics take, are cut into `bins` bins of
    equal width. InputError names the file, the key, what was found and what is expected.

    contents   the files' bytes, from `read_file`, for who needs them too; None: they are read here
    """
    if len(paths) > 2:
        raise InputError(f"{paths[2]}: a third file, expected one, or one for training and one for testing")
    contents = contents or [read_file(path) for path in paths]
    files = [_parse(path, content, len(paths) == 1) for path, content in zip(paths, contents)]
    arrays = [array for found, _ in files for array in found]
    factors = arrays[1::2]
    names = _names(paths, [found for _, found in files], factors[0])
    arrays[1::2] = number_factors(factors, names, bins)
    return {**dict(zip((*WHOLE, *TEST), arrays)), NAMES: names}


def read_file(path):
    """The bytes of the file at `path`; InputError if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _parse(path, content, alone):
    """Codes and factors of a file by turns, and its factor_names or None; if it is `alone` it may hold test points."""
    try:
        file = np.load(io.BytesIO(content), allow_pickle=False)
    except (OSError, *UNREADABLE) as error:
        raise InputError(f"{path}: not a readable .npz file ({error})") from None
    if isinstance(file, np.ndarray):
        raise InputError(f"{path}: one array, expected an .npz file with {' and '.join(WHOLE)}")
    arrays = [_array(path, file, key) for key in _keys(path, file.files, alone)]
    return arrays, _array(path, file, NAMES) if NAMES in file.files else None


def _keys(path, found, alone):
    """The arrays to take of those that were `found`."""
    keys = WHOLE
    if alone and "codes" not in found:
        keys = HALVES
    elif alone and set(TEST) & set(found):
        keys = (*WHOLE, *TEST)
    missing = [key for key in keys if key not in found]
    if missing:
        expected = f"{' and '.join(WHOLE)}, or {', '.join(HALVES)}"
        raise InputError(f"{path}: no array {missing[0]!r}, only {', '.join(found) or 'nothing'}; expected {expected}")
    return keys


def _array(path, file, key):
    try:
        return file[key]
    except (OSError, *UNREADABLE) as error:
        raise InputError(f"{path}: array {key!r} cannot be read ({error or type(error).__name__})") from None


def _names(paths, found, factors):
    """The factors' names: those that the files give, `found` (None for a file without), else numbers."""
    given = [
        (path, tuple(as_text(name) for name in np.ravel(names).tolist()))
        for path, names in zip(paths, found)
        if names is not None
    ]
    if len(given) == 2 and given[0][1] != given[1][1]:
        (train, expected), (test, names) = given
        raise InputError(f"{test}: {NAMES} {', '.join(names)}, expected {', '.join(expected)}, as in {train}")
    return given[0][1] if given else tuple(f"factor {f}" for f in range(factors.shape[-1] if factors.ndim else 0))


def number_factors(parts, names, bins=None):
    """Factors (n, F) of the parts of a set, as integers that mean the same in all: a list of int64 (n, F).

    Names of values are numbered in their natural order, blanks around them left out; names that are all numbers are
    those numbers. Continuous columns, and those of more than MOST_VALUES integers, are cut into `bins` bins of equal
    width between their extremes. InputError names a factor that is NaN or infinite, one that is continuous if `bins` is
    None, and one that is numbers in one part and names in another.
    """
    parts = [np.asarray(part) for part in parts]
    for part in parts:
        if part.ndim != 2 or not part.shape[1] or part.shape[1] != parts[0].shape[1]:
            expected = "(num_samples, num_factors), at least one factor and as many in all"
            raise InputError(f"factors: {part.dtype} {part.shape}, expected {expected}")
    if len(names) != parts[0].shape[1]:
        raise InputError(f"factor_names: {len(names)} names, expected {parts[0].shape[1]}, as there are factors")
    columns = [_number(_joined([part[:, f] for part in parts], name), name, bins) for f, name in enumerate(names)]
    return np.split(np.stack(columns, axis=1), np.cumsum([len(part) for part in parts])[:-1])


def _joined(columns, name):
    """A factor's `columns` in the parts as one column, of numbers or of strings."""
    for column in columns:
        if column.dtype.kind not in "USbfiu":
            raise InputError(f"{name}: {column.dtype}, expected integers or names of values")
    if all(column.dtype.kind in "US" for column in columns):
        return _read_texts(np.concatenate([_texts(column) for column in columns]), name)
    columns = [_read_texts(_texts(column), name) if column.dtype.kind in "US" else column for column in columns]
    if any(column.dtype.kind == "U" for column in columns):
        raise InputError(f"{name}: numbers in one part and names in the other, expected one of them in both")
    return np.concatenate(columns)


def _texts(column):
    return np.array([as_written(value) for value in column.tolist()], dtype=str)


def _read_texts(texts, name):
    """The strings `texts` (n,), or their numbers if all are.

    InputError: values that are missing, or whole numbers that are written in two ways.
    """
    missing = sorted(filter(is_missing, set(texts.tolist())))
    if missing:
        raise InputError(f"{name}: {missing[0]!r} for some points, expected a value for each")
    numbers = as_numbers(texts)
    if numbers is None:
        return texts
    twice = written_twice(texts, numbers) if (numbers == np.rint(numbers)).all() else None
    if twice:
        raise InputError(f"{name}: {twice[0]!r} and {twice[1]!r}, which are one number; expected it written alike")
    return numbers


def _number(column, name, bins):
    if column.dtype.kind == "U":
        return number_names(column)
    if not np.isfinite(column).all():
        raise InputError(f"{name}: NaN or infinite for some points, expected a value for each")
    fractions = column[column != np.rint(column)] if column.dtype.kind == "f" else ()
    if not len(fractions) and (bins is None or len(np.unique(column)) <= MOST_VALUES):
        fits = float(np.abs(column).max(initial=0)) < 2.0**63
        return column.astype(np.int64) if fits else np.unique(column, return_inverse=True)[1].reshape(-1)
    if bins is None:
        raise InputError(
            f"{name}: continuous ({fractions[0]:g}), expected integers or names of values; "
            "--bins 20 cuts it into 20 bins"
        )
    return cut(column, bins)
