"""Checkpoints: atomic, with a checksum of their own, two kept, so that one good state survives anything.

A file is the line 'disentanglement-checkpoint-1 SHA256\\n' and then what torch.save wrote.
"""

import errno
import hashlib
import inspect
import io
import pickle
import re
import sys
from pathlib import Path

import torch

from utils.errors import InputError, first_line
from utils.files import atomic_path

MAGIC = b"disentanglement-checkpoint-1 "
KEPT = 2
FULL = (errno.ENOSPC, errno.EDQUOT)
SET_ASIDE = "move that run away, or let train.py --fresh do it"  # advice that a study's run can follow, too


def save(folder, state):
    """Write `state` (tensors and plain values, with the key 'step') into `folder`.

    Of the older ones it keeps the newest. It removes those of later steps, which were damaged or from which the run
    went back. Where the disk has no room for a third, it removes all but the newest undamaged one first.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getbuffer()
    path = Path(folder) / f"step_{state['step']:010d}.ckpt"
    try:
        _write(path, payload)
    except OSError as error:
        if error.errno not in FULL or not _keep_one(folder):
            raise
        _write(path, payload)
    found = _newest_first(folder)
    for other in found[: found.index(path)] + found[found.index(path) + KEPT :]:
        other.unlink()


def _write(path, payload):
    with atomic_path(path) as temporary, temporary.open("wb") as out:
        out.write(MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n")
        out.write(payload)


def _keep_one(folder):
    """Remove all checkpoints but the newest undamaged one; whether there was another to remove."""
    found = _newest_first(folder)
    kept = next((path for path in found if _is_undamaged(path)), None)
    others = [path for path in found if path != kept] if kept else []
    for path in others:
        path.unlink()
    return bool(others)


def _is_undamaged(path):
    try:
        load(path)
    except (ValueError, OSError):
        return False
    return True


def load_latest(folder):
    """The newest state in `folder` whose checksum holds, or None if it holds no checkpoint.

    Each damaged file that has one before it is named on stderr. InputError if there are checkpoints and none loads.
    """
    found = _newest_first(folder)
    for path in found:
        try:
            return load(path)
        except (ValueError, OSError) as error:
            if path == found[-1]:
                raise InputError(f"{error}; expected an undamaged checkpoint, and there is none; {SET_ASIDE}") from None
            print(f"warning: {error}; the one before it is used", file=sys.stderr, flush=True)
    return None


def is_there(folder):
    """Whether `folder` holds a checkpoint, damaged or not."""
    return bool(_newest_first(folder))


def newest_step(folder):
    """The step of the newest checkpoint in `folder`, damaged or not; 0 if there is none."""
    return max((int(path.stem[len("step_") :]) for path in _newest_first(folder)), default=0)


def load(path):
    """The state in the file `path`, on the CPU; ValueError if it is not a checkpoint, or not as it was written."""
    header, _, payload = Path(path).read_bytes().partition(b"\n")
    if not header.startswith(MAGIC):
        raise ValueError(f"{path}: not a checkpoint of this kit (its first line is missing or damaged)")
    if hashlib.sha256(payload).hexdigest().encode() != header[len(MAGIC) :]:
        raise ValueError(f"{path}: damaged (its checksum does not hold)")
    safe = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
    try:
        return torch.load(io.BytesIO(payload), map_location="cpu", **safe)
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: not a checkpoint that this version of PyTorch loads ({first_line(error)})") from None


def _newest_first(folder):
    """The kit's own files in `folder`; whatever else lies there is the user's."""
    found = [path for path in Path(folder).glob("step_*.ckpt") if re.fullmatch(r"step_[0-9]{10,}\.ckpt", path.name)]
    return sorted((path for path in found if path.is_file()), reverse=True)
