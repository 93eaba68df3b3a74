"""Big files that take long to make: one process makes one, a stopped one goes on, the name stands for a whole file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from utils.errors import InputError


@contextlib.contextmanager
def partial_file(path, tag):
    """Yield an open file (read and write) beside `path`, which takes that name at the end of the with block.

    The file starts empty, or as an earlier process of the same `tag` left it (a word for what goes into it, so
    that other contents are not mixed in). Other processes wait. Yields None if `path` exists, be it that another
    process has just made it. On an error the unfinished file stays for the next try.
    InputError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    partial = path.parent / f".{path.name}-{tag}.partial"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            yield None
            return
        with open(str(partial), "r+b", opener=_open_or_make) as file:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists():
                with contextlib.suppress(FileNotFoundError):
                    partial.unlink()
                yield None
                return
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(str(partial), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _open_or_make(path, flags):
    return os.open(path, flags | os.O_CREAT, 0o666)


def require_room(path, needed):
    """InputError unless the disk of `path` has `needed` bytes free."""
    free = shutil.disk_usage(str(Path(path).parent)).free
    if free < needed:
        raise InputError(f"{path}: {free / 1e9:.2f} GB free on the disk, expected at least {needed / 1e9:.2f} GB")
