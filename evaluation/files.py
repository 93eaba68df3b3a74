"""Writing files so that a reader sees the old one or the new one, never half of one; what damaged ones raise."""

import argparse
import contextlib
import errno
import os
import re
import secrets
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

from .errors import InputError

TEMPORARY = "disentanglement-kit-partial"  # stands in the name of every half-written file, and in no one else's
UNREADABLE = (  # what NumPy raises, besides OSError, for a damaged, encrypted, pickled or endless array of an .npz file
    SyntaxError,  # Python's parser of the header
    tokenize.TokenError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path beside `path`; on success it is flushed to disk and takes the name `path`.

    The folder is made if it is missing. On any error, Ctrl-C included, the temporary file is removed and
    whatever stood at `path` stays as it was. The temporary name is hidden, holds TEMPORARY and keeps the suffix.
    Raises OSError as the file system gives it (no space, no permission), and if `path` is a device or a folder.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file, so it is not replaced", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _make_temporary(path)
    try:
        yield temporary
        _flush(temporary)
        os.replace(str(temporary), str(path))
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path, text):
    """Write `text` (UTF-8) to `path` atomically; bytes of a file's name that are not UTF-8 become escapes."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def user_path(text):
    """A type for argparse: the Path `text`, its ~ expanded, which a shell does not do in --output=~/scores."""
    if not text:
        raise argparse.ArgumentTypeError("'': expected a path")
    try:
        return in_home(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def in_home(text):
    """The Path `text`, its ~ expanded; InputError: nobody of this name has a home folder."""
    path = os.path.expanduser(text)
    if path.startswith("~"):
        raise InputError(f"{text!r}: no home folder of this user is known; expected ./{text} for a file of this name")
    return Path(path)


def remove_leftovers(folder):
    """Remove the half-written files of killed processes that lie in `folder` itself, and nothing else.

    Nobody may be writing there. What cannot be removed stays.
    """
    ours = re.compile(rf"\..*\.{TEMPORARY}-[a-z0-9_]{{8}}(\..*)?", re.DOTALL)
    with contextlib.suppress(OSError):  # no such folder, or none that can be listed
        for path in Path(folder).iterdir():
            if ours.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.unlink()


def _make_temporary(path):
    """An empty file beside `path` with the permissions that the user's files usually get.

    One of tempfile's is private, and a grader under another user could not read it. It is not opened to others later,
    since the umask can only be read by setting it, for that moment also in a process that another thread starts.
    """
    while True:
        temporary = path.with_name(f".{path.stem}.{TEMPORARY}-{secrets.token_hex(4)}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(str(temporary), os.O_CREAT | os.O_EXCL, 0o666))
            return temporary


def _flush(path):
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of a file system that has no such thing
            raise
    finally:
        os.close(handle)
