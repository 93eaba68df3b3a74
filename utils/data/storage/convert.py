"""Images that cannot be mapped where they lie (compressed, too large, in odd forms), unpacked once to a .npy file."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from utils.data.storage import npz
from utils.data.storage.partial import partial_file, require_room
from utils.errors import InputError


def unpacked(path):
    """Where the images of `path` are unpacked to: a name that nobody's own file has."""
    return Path(path).parent / f"{Path(path).name}.unpacked.npy"


def converted(target, sources, shape, read_from):
    """The uint8 images `shape` in the .npy file `target`, mapped; made from the files `sources` if they are newer.

    read_from(n) yields blocks of images, uint8 (k, *shape[1:]), from image n on. A target that is damaged or holds
    another shape is made anew. A stopped conversion goes on at the image it had come to. InputError: no room, no
    permission, what read_from raises, or images of another number or shape than expected.
    """
    sources = [Path(source) for source in sources]
    states = [os.stat(str(source)) for source in sources]
    stamps = [(source.name, state.st_size, state.st_mtime_ns) for source, state in zip(sources, states)]
    if target.exists():
        images = _usable(target, shape, max(state.st_mtime_ns for state in states))
        if images is not None:
            return images
        target.unlink()
    with partial_file(target, f"{zlib.crc32(repr((shape, stamps)).encode()):08x}") as file:
        if file is not None:
            _fill(file, target, shape, read_from)
    return npz.map_npy(target)


def _usable(target, shape, newest):
    """The images in `target`, None if they are older than their sources or other ones."""
    try:
        images = npz.map_npy(target)
    except InputError:
        return None
    whole = images.dtype == np.uint8 and images.shape == tuple(shape)
    return images if whole and target.stat().st_mtime_ns >= newest else None


def _fill(file, target, shape, read_from):
    header, each = npz.array_header(shape), int(np.prod(shape[1:]))
    length = file.seek(0, io.SEEK_END)
    done = max(0, (length - len(header)) // each)
    require_room(target, len(header) + int(np.prod(shape, dtype=object)) - length)
    file.seek(0)
    file.write(header)
    file.seek(len(header) + done * each)
    file.truncate()
    with tqdm(total=shape[0], initial=done, desc=f"unpacking to {target.name}", unit="image", disable=None) as bar:
        for block in read_from(done) if done < shape[0] else ():
            if block.dtype != np.uint8 or block.shape[1:] != tuple(shape[1:]) or done + len(block) > shape[0]:
                raise InputError(f"{target}: images {block.dtype} {block.shape} at {done}, expected uint8 {shape}")
            file.write(np.ascontiguousarray(block))
            done += len(block)
            bar.update(len(block))
    if done != shape[0]:
        raise InputError(f"{target}: {done:,} images found in its sources, expected {shape[0]:,}")
