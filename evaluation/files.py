"""Writing files so that a reader sees the old one or the new one, never half of one; what damaged ones raise."""

import contextlib
import errno
import os
import re
import struct
import tempfile
import tokenize
import zipfile
import zlib
from pathlib import Path

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
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.{TEMPORARY}-", suffix=path.suffix, dir=str(path.parent))
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        with contextlib.suppress(PermissionError):  # of a file system without permissions, as on a USB stick
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's files are private, which a grader under another user is not
        os.replace(name, str(path))
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path, text):
    """Write `text` (UTF-8) to `path` atomically; bytes of a file's name that are not UTF-8 become escapes."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


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


def _flush(path):
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of a file system that has no such thing
            raise
    finally:
        os.close(handle)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
