"""Renders the embedded scene's images of any grid of factors into one file of MPI3D's .npz form.

All cores trace, the calling thread writes. What a picture shows depends on its factors alone, so the file is the
same to the byte for any number of workers, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import collections
import itertools
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from evaluation.cores import available_cores
from utils.data.arm import raytrace, scene
from utils.data.arm.looks import EMBEDDED
from utils.data.storage import npz
from utils.data.storage.partial import partial_file, require_room
from utils.errors import InputError

RAYS = 4  # a pixel is the mean of RAYS² rays
SIDE = 64
_PIXELS = SIDE * SIDE * 3
_SYNC_EVERY = 64  # blocks; what a killed run can lose


def check_sizes(sizes):
    """The seven factor sizes as a tuple of int; InputError unless each is from 1 to scene.FULL_SIZES."""
    names, limits = scene.FACTOR_NAMES, scene.FULL_SIZES
    sizes = tuple(int(size) for size in sizes)
    if len(sizes) != len(limits):
        raise InputError(f"factor sizes {sizes}: {len(sizes)} found, expected {len(limits)} ({', '.join(names)})")
    for name, size, limit in zip(names, sizes, limits):
        if not 1 <= size <= limit:
            raise InputError(f"factor sizes {sizes}: {name} is {size}, expected 1 to {limit}")
    return sizes


def render(path, sizes, workers=None, look=EMBEDDED):
    """Write the images of the grid `sizes` to `path` (.npz, key `images`, uint8 (n, 64, 64, 3)), if it is not there.

    look: a Look (see looks.py), how the scene is drawn
    workers: threads, by default one for each core this process may use. InputError: too little room on the disk.
    """
    path, sizes = Path(path), check_sizes(sizes)
    shape = (int(np.prod(sizes)), SIDE, SIDE, 3)
    with partial_file(path, f"v{look.version}-" + "x".join(str(size) for size in sizes)) as file:
        if file is None:
            return
        _lay_out(file, path, sizes, shape)
        start = len(npz.head("images", shape))
        todo = [block for block, done in enumerate(_read_marks(file, sizes, shape)) if not done]
        fresh = []
        try:
            for block, images in _traced(todo, sizes, workers or available_cores(), look):
                for first, run in _runs(block, sizes, images):
                    file.seek(start + first * _PIXELS)
                    file.write(run)
                fresh.append(block)
                if len(fresh) == _SYNC_EVERY:
                    _mark(file, shape, fresh)
                    fresh = []
        except BaseException:  # Ctrl-C too
            _mark(file, shape, fresh)
            raise
        _seal(file, shape)


def pose_images(sizes, pose, look=EMBEDDED):
    """All colours of one pose: uint8 (object colours, ring colours, 64, 64, 3).

    pose: places of shape, size, camera, horizontal and vertical axis in the grid `sizes`
    """
    shape, size, camera, horizontal, vertical = pose
    swing = scene.axis_angles(scene.SWING, sizes[5])[horizontal]
    lift = scene.axis_angles(scene.LIFT, sizes[6])[vertical]
    scale = scene.middle_out(scene.OBJECT_SCALES, sizes[2])[size]
    eye = scene.camera(scene.middle_out(look.elevations, sizes[3])[camera])
    layers = np.zeros((SIDE, SIDE, raytrace.LAYERS))
    raytrace.trace(
        eye,
        *scene.solids(scene.SHAPES[shape], scale, swing, lift),
        scene.ROOM,
        look.materials,
        scene.lights(RAYS),
        look.glow,
        look.shaded,
        layers,
    )
    images = np.empty((sizes[0], sizes[4], SIDE, SIDE, 3), np.uint8)
    curve = raytrace.screen_curve()
    raytrace.paint(layers, look.object_colors[: sizes[0]], look.ring_colors[: sizes[4]], curve, images)
    return images if look.haze == 0 else _hazy_levels(look.haze)[images]


def _hazy_levels(haze):
    """What each of the 256 levels becomes where the share `haze` of the light is grey: uint8 (256,)."""
    return np.round(128 * haze + (1 - haze) * np.arange(256)).astype(np.uint8)


def _block_images(block, sizes, look):
    """All colours and vertical angles of one block (a shape, size, camera and horizontal angle).

    uint8 (object colours, ring colours, vertical angles, 64, 64, 3)
    """
    place = np.unravel_index(block, _block_grid(sizes))
    poses = [(*(int(p) for p in place), vertical) for vertical in range(sizes[6])]
    return np.stack([pose_images(sizes, pose, look) for pose in poses], axis=2)


def _block_grid(sizes):
    return (sizes[1], sizes[2], sizes[3], sizes[5])


def _runs(block, sizes, images):
    """What of a block is contiguous in the file: pairs of the first image's position and the images."""
    shape, size, camera, horizontal = np.unravel_index(block, _block_grid(sizes))
    for color, ring in itertools.product(range(sizes[0]), range(sizes[4])):
        factors = (color, shape, size, camera, ring, horizontal, 0)
        yield int(np.ravel_multi_index(factors, sizes)), images[color, ring]


def _traced(todo, sizes, workers, look):
    """Pairs of block and images in order, traced by `workers` threads that never run far ahead of the reader."""
    bar = tqdm(todo, desc="rendering", unit="block", disable=None)
    pending = collections.deque()
    with ThreadPoolExecutor(workers) as pool:
        ahead = iter(todo)
        for block in itertools.chain(itertools.islice(ahead, workers + 2)):
            pending.append(pool.submit(_block_images, block, sizes, look))
        for block in bar:
            images = pending.popleft().result()
            for following in itertools.islice(ahead, 1):
                pending.append(pool.submit(_block_images, following, sizes, look))
            yield block, images


def _lay_out(file, path, sizes, shape):
    """Give a new file its length and head; leave one that has them as it is.

    Layout: as the finished file up to the end of the images, then a byte for each block, 1 once its images are on
    the disk.
    """
    head = npz.head("images", shape)
    length = len(head) + int(np.prod(shape)) + int(np.prod(_block_grid(sizes)))
    if file.seek(0, os.SEEK_END) == length and file.seek(0) == 0 and file.read(len(head)) == head:
        return
    require_room(path, length)
    file.truncate(0)
    file.seek(0)
    file.write(head)
    file.truncate(length)


def _read_marks(file, sizes, shape):
    file.seek(len(npz.head("images", shape)) + int(np.prod(shape)))
    return file.read(int(np.prod(_block_grid(sizes))))


def _mark(file, shape, blocks):
    """Note that the images of `blocks` are done, after they have reached the disk."""
    file.flush()
    os.fsync(file.fileno())
    for block in blocks:
        file.seek(len(npz.head("images", shape)) + int(np.prod(shape)) + block)
        file.write(b"\1")
    file.flush()


def _seal(file, shape):
    """Turn the marks into the archive's directory: the file is a whole .npz file from here on."""
    start, end = len(npz.head("images", shape)), len(npz.head("images", shape)) + int(np.prod(shape))
    checksum = zlib.crc32(npz.array_header(shape))
    file.seek(start)
    for first in range(start, end, 1 << 24):
        checksum = zlib.crc32(file.read(min(1 << 24, end - first)), checksum)
    file.seek(end)
    file.write(npz.tail("images", shape, checksum))
    file.truncate()
    file.seek(0)
    file.write(npz.head("images", shape, checksum))
