"""Images that cannot be mapped where they lie (compressed, too large, in odd forms), written once as a .npy file."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from utils.data import npz
from utils.data.partial import partial_file, require_room
from utils.errors import InputError


def converted(target, sources, shape, read_from):
    """The uint8 images `shape` of the .npy file `target`, mapped; made from the files `sources` if it is missing.

    read_from(n) yields blocks of images, uint8 (k, *shape[1:]), from image n on. A target older than a source is
    made anew. A stopped conversion goes on at the image it had come to. InputError: no room, no permission, or
    what read_from raises; other numbers or shapes of images than expected.
    """
    target, sources = Path(target), [Path(source) for source in sources]
    stamps = [(str(source.name), os.stat(str(source)).st_size, os.stat(str(source)).st_mtime_ns) for source in sources]
    if target.exists() and target.stat().st_mtime_ns < max(stamp[2] for stamp in stamps):
        target.unlink()
    with partial_file(target, f"{zlib.crc32(repr((shape, stamps)).encode()):08x}") as file:
        if file is not None:
            _fill(file, target, shape, read_from)
    images = npz.map_npy(target)
    if images.dtype != np.uint8 or images.shape != tuple(shape):
        raise InputError(
            f"{target}: {images.dtype} {images.shape} found, expected uint8 {tuple(shape)}; "
            "delete it and it will be made again"
        )
    return images


def _fill(file, target, shape, read_from):
    header, each = npz.array_header(shape), int(np.prod(shape[1:]))
    length = file.seek(0, io.SEEK_END)
    done = max(0, (length - len(header)) // each)
    require_room(target, len(header) + int(np.prod(shape, dtype=object)) - length)
    file.seek(0)
    file.write(header)
    file.seek(len(header) + done * each)
    file.truncate()
    with tqdm(total=shape[0], initial=done, desc=f"converting to {target.name}", unit="image", disable=None) as bar:
        for block in read_from(done) if done < shape[0] else ():
            if block.dtype != np.uint8 or block.shape[1:] != tuple(shape[1:]) or done + len(block) > shape[0]:
                raise InputError(f"{target}: images {block.dtype} {block.shape} at {done}, expected uint8 {shape}")
            file.write(np.ascontiguousarray(block))
            done += len(block)
            bar.update(len(block))
    if done != shape[0]:
        raise InputError(f"{target}: {done:,} images found in its sources, expected {shape[0]:,}")
