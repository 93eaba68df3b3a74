"""The lock on a run's folder: one process trains in it, and the lock ends with that process, however it ends."""

import contextlib
import fcntl
import os
import socket
import time

from utils.errors import InputError

NAME = ".lock"  # of the file in the folder; it stays there, and alone means nothing


def lock(folder):
    """Lock `folder`, which exists, for this process: an open file, to be closed to unlock.

    InputError names the process that holds the lock. OSError: the file cannot be made. A file system that has no
    locks gives none, and no error.
    """
    file = open(str(folder / NAME), "a+", encoding="utf-8", errors="replace")  # noqa: SIM115 (it is the lock)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise InputError(
            f"run's folder {folder}: {holder} trains in it; wait until it ends, or set AICROWD_EVALUATION_NAME to "
            "another name"
        ) from None
    except OSError:
        return file
    with contextlib.suppress(OSError):  # a full disk: the lock holds, without a name
        text = f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')},"
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), text.encode("utf-8", "replace"))
    return file
