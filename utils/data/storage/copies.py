"""Unpacked copies: what their names say, where they lie, and which of them can be used.

A copy is called NAME.unpacked-DIGEST.npy after the file or folder NAME that it was made of. DIGEST stands for
everything that shaped it: the sources' names, sizes and times, and the reader's options. So a copy fits if it has the
name; nothing else is to be compared. It is a .npy file, followed by a digest of the images in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re

from utils.data.storage import npz
from utils.errors import InputError

DIGEST_SIZE = 32  # bytes of the digest at a copy's end, in hexadecimal digits
_NAME = re.compile(r"(?P<source>.+)\.unpacked-[0-9a-f]{16}\.npy", re.DOTALL)


def copy_name(source, digest):
    """The name of the copy of the file or folder `source` whose origins have `digest` (hexadecimal)."""
    return f"{source.name}.unpacked-{digest[:16]}.npy"


def is_copy(name):
    """Whether a file's name is one that the kit gives to its copies, finished or not."""
    return _NAME.fullmatch(_finished(name)) is not None


def usable(path):
    """The images in the copy `path`, mapped; None if there is none or it is not whole."""
    try:
        images = npz.map_npy(path)
    except InputError:
        return None
    return None if written_digest(path) is None else images


def written_digest(path):
    """The digest of all its images that stands at the end of the copy `path`; None if it is not a whole copy."""
    if _NAME.fullmatch(path.name) is None:
        return None
    with contextlib.suppress(InputError, OSError), open(str(path), "rb") as file:
        shape, dtype = npz.read_header(file, path)
        end = file.tell() + npz.count_of(shape) * dtype.itemsize
        size = file.seek(0, os.SEEK_END)
        file.seek(end)
        digest = file.read(DIGEST_SIZE)
        if size == end + DIGEST_SIZE and re.fullmatch(rb"[0-9a-f]{32}", digest):
            return digest.decode()
    return None


def remove_others(path, source):
    """Remove other copies of `source` beside the copy `path`, unfinished ones too unless a process works on them."""
    with contextlib.suppress(OSError):  # a folder that cannot be listed
        for other in os.listdir(str(path.parent)):
            match = _NAME.fullmatch(_finished(other))
            if match is not None and match.group("source") == source.name and _finished(other) != path.name:
                _remove_unless_locked(path.parent / other)


def _remove_unless_locked(path):
    with contextlib.suppress(OSError), open(str(path), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: a process is making it
        path.unlink()


def _finished(name):
    """The name that a copy in the making gets at its end; other names as they are."""
    match = re.fullmatch(r"\.(.+\.npy)-copy\.partial", name, re.DOTALL)
    return match.group(1) if match else name
