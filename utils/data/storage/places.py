"""Where data sets lie on the disk, what to say when they do not, and where to write what is made of them."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from utils.data.storage.fingerprint import digest_of
from utils.errors import InputError


def exists(path):
    """Whether `path` exists; InputError that names it if that is not known (no permission, a loop of links)."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return True


def absolute(path):
    """`path` (str) from the root; a `..` behind a link leads where the system goes, not back to before the link.

    Links behind the last `..` stay: they name the data set, and what lies beside them belongs to it.
    """
    parts = Path(path).parts
    behind = len(parts) - parts[::-1].index(os.pardir) if os.pardir in parts else 0
    return os.path.abspath(os.path.join(os.path.realpath(os.path.join("", *parts[:behind])), *parts[behind:]))


def stat(path):
    """The os.stat of a file; InputError if there is none, which says so of a link to nothing."""
    try:
        return os.stat(str(path))
    except OSError as error:
        link = f"a link to {os.readlink(str(path))}: " if os.path.islink(str(path)) else ""
        raise InputError(f"{path}: cannot be read ({link}{error.strerror or error})") from error


def require_file(path):
    """InputError if what is at `path` is no file, which would be waited for or read without an end."""
    if os.path.exists(str(path)) and not os.path.isfile(str(path)):
        raise InputError(f"{path}: a pipe, a socket or a device found; expected a file")


@contextlib.contextmanager
def unreadable_as(path, form):
    """Turn what a library says of a damaged file, in whatever way, into an InputError that names file and form."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # parsers of foreign formats raise nearly anything, MemoryError included
        raise InputError(f"{path}: no readable {form} ({error or type(error).__name__})") from error


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


def cache_folder(folder):
    """Where files go that belong beside others in `folder` when it cannot be written. Nothing is made.

    Below $NDC_CACHE, else $XDG_CACHE_HOME/disentanglement-kit, else ~/.cache/disentanglement-kit, in a folder for each
    `folder`.
    """
    root = os.environ.get("NDC_CACHE")
    if not root:
        home = os.path.join(os.sep, os.path.expanduser("~"), ".cache")  # absolute for a user without a home, too
        habit = os.environ.get("XDG_CACHE_HOME", "")
        root = os.path.join(habit if os.path.isabs(habit) else home, "disentanglement-kit")
    whole = os.path.realpath(str(folder))
    return Path(root) / f"{os.path.basename(whole)}-{digest_of(whole)[:8]}"


def writable_folder(folder):
    """`folder` if files can be made in it, else its cache folder, which is then said on stderr. Both may be made.

    InputError: neither can be written, or `folder` is a file.
    """
    problem = _problem(folder)
    if problem is None:
        return folder
    cache = cache_folder(folder)
    another = _problem(cache)
    if another is not None:
        raise InputError(
            f"{folder}: cannot be written ({problem}), nor can {cache} ({another}); NDC_CACHE names another folder"
        )
    text = f"{folder} cannot be written ({problem}): using {cache} (NDC_CACHE names another folder)"
    print(text, file=sys.stderr, flush=True)
    return cache


def _problem(folder):
    """Why no file can be made in `folder`, which is made if it is missing; None: it can."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            return None
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder}: expected a folder, found a file in its place") from None
    except OSError as error:
        return error.strerror or str(error)
