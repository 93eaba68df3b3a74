"""The YAML file beside one's own images: `factors.yml` in a folder of pictures, `NAME.yml` beside NAME.npz.

    factors:         # a full grid: names and numbers of values, the last factor varying fastest ...
      shape: 3
      position: 32
    factors: [shape, position]   # ... or the names of the columns of an array of labels
    key: images      # the array of images in an .npz or .h5 file
    labels: labels   # the array of labels there
    bins:            # a factor with fractions or too many values is cut into so many ranges of equal width
      position: 8
    bits: 12         # used bits of pictures of 16 bits; by default what the largest value needs

`.yaml` and capital letters will do as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from evaluation.datasets.labelled import MOST_VALUES
from utils.data.storage.places import exists, stat
from utils.errors import InputError
from utils.yaml_files import read_yaml

KEYS = ("factors", "key", "labels", "bins", "bits")
SUFFIXES = (".yml", ".yaml", ".YML", ".YAML")


class Notes(NamedTuple):
    """What the file says."""

    path: Path | None = None  # None: there is none
    grid: dict = {}  # noqa: RUF012 - {factor: number of values}, never changed
    names: tuple = ()  # of the columns of labels
    key: str = "images"
    labels: str | None = None
    bins: dict = {}  # noqa: RUF012 - {factor: number of ranges}
    bits: int | None = None


def read_notes(path):
    """The Notes on the images at `path`, a folder or a file. InputError: not as above, or two such files."""
    stem = path / "factors" if path.is_dir() else path.with_suffix("")
    found = {}
    for suffix in SUFFIXES:
        candidate = stem.parent / (stem.name + suffix)
        if exists(candidate) or candidate.is_symlink():
            state = stat(candidate)
            found.setdefault((state.st_dev, state.st_ino), candidate)  # once where capitals do not count
    if len(found) > 1:
        raise InputError(f"{' and '.join(str(other) for other in found.values())}: two files of notes; expected one")
    return _parsed(*found.values(), path) if found else Notes()


def _refuse_idle_keys(path, values, images):
    """InputError for a key that says nothing about a folder, a file of this kind, or a grid."""
    is_grid = isinstance(values.get("factors"), dict)
    for key, kind, is_idle in (
        ("key", "a folder of pictures", images.is_dir()),
        ("labels", f"a folder of pictures, whose labels are in {images / 'labels.csv'}", images.is_dir()),
        ("bits", "a file of images", not images.is_dir()),
        ("key", "an .npy file, which holds one array", images.suffix.lower() == ".npy"),
        ("labels", "a full grid of factors", is_grid),
        ("bins", "a full grid of factors", is_grid),
    ):
        if is_idle and key in values:
            raise InputError(f"{path}: key {key} found; it means nothing for {kind}")


def _parsed(path, images):
    values = read_yaml(path)
    unknown = [str(key) for key in values if key not in KEYS]
    if unknown or not values:
        raise InputError(f"{path}: key {', '.join(unknown) or 'none'} found; expected some of {', '.join(KEYS)}")
    _refuse_idle_keys(path, values, images)
    factors = values.get("factors", {})
    names = factors if isinstance(factors, list) else ()
    if "factors" in values and (not factors or not isinstance(factors, (dict, list))):
        raise InputError(
            f"{path}: factors: expected a line `name: number of values` for each factor, or a list of names"
        )
    if any(not isinstance(name, str) or not name for name in names) or len(set(names)) != len(names):
        raise InputError(f"{path}: factors: {names} found; expected names, each once")
    return Notes(
        path=path,
        grid=_counts(path, "factors", factors, 1) if isinstance(factors, dict) else {},
        names=tuple(names),
        key=_text(path, values, "key") or "images",
        labels=_text(path, values, "labels"),
        bins=_counts(path, "bins", values.get("bins", {}), 2, MOST_VALUES),
        bits=_bits(path, values),
    )


def _counts(path, key, values, least, most=None):
    if not isinstance(values, dict):
        raise InputError(f"{path}: {key}: expected a line `name: number` for each factor")
    for name, size in values.items():
        if not isinstance(name, str) or type(size) is not int or size < least or (most and size > most):
            expected = f"from {least} to {most}" if most else f"of at least {least}"
            raise InputError(f"{path}: {key}: {name!r} has {size!r}, expected a whole number {expected}")
    return values


def _text(path, values, key):
    value = values.get(key)
    if key in values and (not isinstance(value, str) or not value):
        raise InputError(f"{path}: {key}: {value!r} found; expected a string")
    return value


def _bits(path, values):
    bits = values.get("bits")
    if "bits" in values and (type(bits) is not int or not 8 <= bits <= 16):
        raise InputError(f"{path}: bits: {bits!r} found; expected a whole number from 8 to 16")
    return bits
