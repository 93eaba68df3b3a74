"""Where data sets lie on the disk, and what to say when they do not."""

from __future__ import annotations

from utils.errors import InputError


def find(name, *paths):
    """The first of `paths` that exists; InputError that names them all and how to get the data set `name`."""
    for path in paths:
        if path.exists():
            return path
    looked = " or ".join(str(path) for path in paths)
    raise InputError(
        f"data set {name}: no file {looked}; `python -m utils.data fetch {name}` downloads it, "
        "and DISENTANGLEMENT_LIB_DATA names another folder"
    )
