"""Where data sets lie on the disk, and what to say when they do not."""

from __future__ import annotations

from utils.errors import InputError


def exists(path):
    """Whether `path` exists; InputError that names it if that cannot be told (no permission, a loop of links)."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return True


def find(name, *paths):
    """The first of `paths` that exists; InputError that names them all and how to get the data set `name`."""
    for path in paths:
        if exists(path):
            return path
    looked = " or ".join(str(path) for path in paths)
    raise InputError(
        f"data set {name}: no file {looked}; `python -m utils.data fetch {name}` downloads it, "
        "and DISENTANGLEMENT_LIB_DATA names another folder"
    )
