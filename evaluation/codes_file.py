"""Codes and factors of labelled points in .npz files, as `--codes` takes them."""

import zipfile

import numpy as np

from .errors import InputError
from .labelled import MOST_VALUES
from .metrics.bins import digitize

WHOLE = ("codes", "factors")
TEST = ("codes_test", "factors_test")
HALVES = ("codes_train", "factors_train", *TEST)


def read_codes(paths, bins=None):
    """The arguments of evaluate_codes in a dictionary, from one .npz file or two, the second one for testing.

    Keys of a file: codes (n, D) and factors (n, F), or both with _train and with _test in one file, of which _train may
    be left out; factor_names (F,) if it likes. Factors may be integers or names of values. Continuous ones, and those
    of more integers than the metrics take, are cut into `bins` bins of equal width.
    InputError names the file, the key, what was found and what is expected.
    """
    if len(paths) > 2:
        raise InputError(f"{paths[2]}: a third file, expected one, or one for training and one for testing")
    files = [_read(path) for path in paths]
    if len(files) == 1 and "codes" not in files[0]:
        arrays = _take(paths[0], files[0], HALVES)
    elif len(files) == 1 and set(TEST) & set(files[0]):
        arrays = _take(paths[0], files[0], (*WHOLE, *TEST))
    else:
        arrays = [array for path, file in zip(paths, files) for array in _take(path, file, WHOLE)]
    factors = arrays[1::2]
    names = _names(files[0], factors[0])
    arrays[1::2] = number_factors(factors, names, bins)
    return {**dict(zip(("codes", "factors", "codes_test", "factors_test"), arrays)), "factor_names": names}


def _take(path, file, keys):
    missing = [key for key in keys if key not in file]
    if missing:
        found = ", ".join(file) or "nothing"
        expected = f"{' and '.join(WHOLE)}, or {', '.join(HALVES)}"
        raise InputError(f"{path}: no array {missing[0]!r}, only {found}; expected {expected}")
    return [file[key] for key in keys]


def number_factors(parts, names, bins=None):
    """Factors (n, F) of the parts of a set, as integers that mean the same in all: a list of int64 (n, F).

    Names of values are numbered in their order. Continuous columns, and those of more than MOST_VALUES integers, are
    cut into `bins` bins of equal width between their extremes. InputError names a factor that is NaN or infinite, and
    one that is continuous if `bins` is None.
    """
    parts = [np.asarray(part) for part in parts]
    for part in parts:
        if part.ndim != 2 or part.shape[1] != parts[0].shape[1]:
            raise InputError(f"factors: {part.dtype} {part.shape}, expected (num_samples, num_factors), alike in all")
    if len(names) != parts[0].shape[1]:
        raise InputError(f"factor_names: {len(names)} names, expected {parts[0].shape[1]}, as there are factors")
    whole = np.concatenate(parts)
    columns = [_number(whole[:, f], name, bins) for f, name in enumerate(names)]
    return np.split(np.stack(columns, axis=1), np.cumsum([len(part) for part in parts])[:-1])


def _number(column, name, bins):
    if column.dtype.kind in "USb":
        return np.unique(column, return_inverse=True)[1].reshape(-1)
    if column.dtype.kind not in "fiu":
        raise InputError(f"{name}: {column.dtype}, expected integers or names of values")
    if not np.isfinite(column).all():
        raise InputError(f"{name}: NaN or infinite for some points, expected a value for each")
    is_whole = (column == np.rint(column)).all()
    if is_whole and (bins is None or len(np.unique(column)) <= MOST_VALUES):
        return column.astype(np.int64)
    if bins is None:
        example = column[column != np.rint(column)][0]
        raise InputError(
            f"{name}: continuous ({example:g}), expected integers or names of values; --bins 20 cuts it into 20 bins"
        )
    return digitize(column.astype(np.float64), bins)


def _names(file, factors):
    if "factor_names" in file:
        return tuple(str(name) for name in np.ravel(file["factor_names"]))
    return tuple(f"factor {f}" for f in range(factors.shape[-1] if factors.ndim else 0))


def _read(path):
    try:
        with open(path, "rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise InputError(f"{path}: one array, expected an .npz file with {' and '.join(WHOLE)}")
            return {key: file[key] for key in file.files}
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not a readable .npz file ({error})") from None
