"""Images that cannot be mapped where they lie (compressed, too large, in odd forms), unpacked once to a .npy file."""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import io
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from utils.data.storage import npz
from utils.data.storage.copies import copy_name, remove_others, usable
from utils.data.storage.fingerprint import digest_of
from utils.data.storage.partial import partial_file, require_room
from utils.data.storage.places import cache_folder, exists, stat, writable_folder
from utils.errors import InputError

_BLOCK = 1 << 24  # bytes
_allowed = contextvars.ContextVar("allowed", default=True)  # whether `converted` may make a copy


@contextlib.contextmanager
def without_unpacking():
    """In this context `converted` uses the copies that are there, and raises InputError instead of making one."""
    before = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(before)


def converted(source, sources, options, describe):
    """The images of `source`, uint8 (n, height, width, channels), in an unpacked copy, mapped.

    source    file or folder: the copy is named after it, and lies beside it or in the cache (see places.py)
    sources   the files that the images are made of
    options   a tuple of what else shapes them: the reader's name, its version, the array's key, ...
    describe  called if there is no copy yet: (shape, read_from). read_from(n) yields blocks of images, uint8
              (k, *shape[1:]), from image n on

    A copy is used if it was made of files of the same names, sizes and times (of last change, and of the last change
    of name or owner) with the same options. Otherwise a new one is made, and copies of `source` that are out of date
    are removed. A stopped conversion goes on at the image it had come to. InputError: no room, no folder that can be
    written, what read_from raises, or other images than described.
    """
    source, sources = Path(source), list(sources)
    origins = _origins(source, sources)
    name = copy_name(source, digest_of(options, origins))
    for folder in (source.parent, cache_folder(source.parent)):
        images = usable(folder / name)
        if images is not None:
            return images
    if not _allowed.get():
        raise InputError(f"{source}: not unpacked yet; its images will be when they are first used")
    target = writable_folder(source.parent) / name
    if exists(target) and usable(target) is None:  # damaged
        _remove(target)
    shape, read_from = describe()
    with partial_file(target, "copy") as file:
        if file is not None:
            _fill(file, target, shape, read_from)
            if _origins(source, sources) != origins:
                file.truncate(0)
                raise InputError(f"{source}: was changed while its images were unpacked; try again")
    remove_others(target, source)
    return npz.map_npy(target)


def _remove(path):
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"{path}: is damaged, and cannot be removed ({error.strerror or error})") from error


def _origins(source, sources):
    """Name, size and times of each file: a tuple of tuples. InputError names a file that is not there."""
    base = os.path.join(str(source if source.is_dir() else source.parent), "")
    return tuple(_origin(str(path), base) for path in sources)


def _origin(path, base):
    name = path[len(base) :] if path.startswith(base) else path
    state = stat(path)
    return (name, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _fill(file, target, shape, read_from):
    """Bring `file` to the whole copy: header, images, digest of the images."""
    header, each = npz.array_header(shape), int(np.prod(shape[1:]))
    length = file.seek(0, io.SEEK_END)
    done = min(shape[0], max(0, (length - len(header)) // each))
    require_room(target, len(header) + npz.count_of(shape) - length)
    file.seek(0)
    file.write(header)
    total = _digest_of_rest(file, done * each)
    with tqdm(total=shape[0], initial=done, desc=f"unpacking to {target.name}", unit="image", disable=None) as bar:
        for block in read_from(done) if done < shape[0] else ():
            if block.dtype != np.uint8 or block.shape[1:] != tuple(shape[1:]) or done + len(block) > shape[0]:
                raise InputError(f"{target}: images {block.dtype} {block.shape} at {done}, expected uint8 {shape}")
            block = np.ascontiguousarray(block)
            total.update(block)
            file.write(block)
            done += len(block)
            bar.update(len(block))
    if done != shape[0]:
        raise InputError(f"{target}: {done:,} images found in its sources, expected {shape[0]:,}")
    file.write(total.hexdigest().encode())


def _digest_of_rest(file, count):
    """The digest of the `count` bytes that follow in `file`, which is cut after them."""
    total = hashlib.blake2b(digest_size=16)
    end = file.tell() + count
    while (place := file.tell()) < end:
        total.update(file.read(min(_BLOCK, end - place)))
    file.truncate(end)
    file.seek(end)
    return total
