"""One's own images: a folder of pictures, or an .npz, .npy or .h5 file of uint8 (n, 64, 64, 1 or 3).

Images alone can be trained on. A YAML file beside them makes them scorable: `factors.yml` in the folder, or
`NAME.yml` beside NAME.npz. It names the factors in order, the last one varying fastest, and their numbers of values:

    factors:
      shape: 3
      position: 32
    key: images      # the array's name in an .npz or .h5 file; this is the default

The pictures of a folder are taken in the order of their names, cut to their middle square and scaled to 64 x 64.
"""

from __future__ import annotations

import numpy as np
import yaml

from utils.data.dataset import DataSet
from utils.data.storage.convert import converted
from utils.data.storage.images import h5_images, npy_images, npz_images, unreadable_as
from utils.data.storage.places import exists
from utils.errors import InputError

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def load(path):
    """The images at `path` as a DataSet, with factors if a YAML file names them. InputError: what is amiss, by name."""
    notes = path / "factors.yml" if path.is_dir() else path.with_suffix(".yml")
    factors, key = _read_notes(notes) if exists(notes) else ({}, "images")
    if path.is_dir():
        images = _folder_images(path)
    elif path.suffix == ".npz":
        images = npz_images(path, key)
    elif path.suffix == ".npy":
        images = npy_images(path)
    elif path.suffix in (".h5", ".hdf5"):
        images = h5_images(path, key)
    else:
        raise InputError(f"{path}: expected a folder of pictures or a file that ends in .npz, .npy or .h5")
    if factors and len(images) != np.prod(list(factors.values()), dtype=object):
        sizes = " x ".join(str(size) for size in factors.values())
        raise InputError(f"{notes}: factors of {sizes} values, but {path} holds {len(images):,} images")
    return DataSet(path.stem, images, factors.values(), tuple(factors))


def _read_notes(path):
    """The factors (name: number of values) and the key that a YAML file gives."""
    try:
        notes = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: no readable YAML file ({error})") from error
    if not isinstance(notes, dict) or not notes or not set(notes) <= {"factors", "key"}:
        raise InputError(f"{path}: expected the key `factors` and, if need be, `key`, and nothing else")
    factors = notes.get("factors", {})
    if not isinstance(factors, dict) or ("factors" in notes and not factors):
        raise InputError(f"{path}: expected a line `name: number of values` under `factors` for each factor")
    for name, size in factors.items():
        if not isinstance(name, str) or type(size) is not int or size < 1:
            raise InputError(f"{path}: factor {name!r} has {size!r} values, expected a whole number of at least 1")
    return factors, str(notes.get("key", "images"))


def _folder_images(folder):
    """The pictures in a folder, unpacked once: uint8 (n, 64, 64, 1) if the first is grey, else (n, 64, 64, 3)."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not files:
        raise InputError(f"{folder}: no pictures found, expected files that end in {', '.join(PICTURES)}")
    channels = 1 if _is_grey(files[0]) else 3

    def read_from(first):
        for path in files[first:]:
            yield _read_picture(path, channels)

    return converted(folder.resolve(), files, ("pictures", 1), lambda: ((len(files), 64, 64, channels), read_from))


def _is_grey(path):
    from PIL import Image

    with unreadable_as(path, "picture"), Image.open(str(path)) as picture:
        return picture.mode in ("1", "L")


def _read_picture(path, channels):
    """One picture: uint8 (1, 64, 64, channels)."""
    from PIL import Image, ImageOps

    if channels == 1 and not _is_grey(path):
        raise InputError(f"{path}: is in colour, but the folder's first picture is grey; expected all alike")
    with unreadable_as(path, "picture"), Image.open(str(path)) as picture:
        whole = picture.convert("L" if channels == 1 else "RGB")
        scaled = ImageOps.fit(whole, (64, 64), Image.LANCZOS)
    return np.asarray(scaled, np.uint8).reshape(1, 64, 64, channels)
