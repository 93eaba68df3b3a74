"""White shapes on black in dSprites' five factors, drawn when first used.

The factors are those of dSprites (Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset) with
fewer values; the drawing is the kit's own, with soft edges.
"""

from __future__ import annotations

import numpy as np

from utils.data.sets.rendered import load_rendered
from utils.data.storage.partial import partial_file, require_room

VERSION = 1  # to be raised with any change of a picture
SHAPES = ("square", "ellipse", "heart")
FACTOR_NAMES = ("shape", "scale", "orientation", "position_x", "position_y")
SIZES = (3, 4, 8, 12, 12)  # 13,824 images
SIDE = 64
RAYS = 4  # a pixel is the mean of RAYS² points
SCALES = (6.5, 13.0)  # pixels from a shape's middle to where it reaches, smallest and largest
MARGIN = 15.0  # pixels between the picture's edge and the outermost middles


def load(name, root, render=True):
    """The images, uint8 (13824, 64, 64, 1), as a DataSet; drawn to a file under root/NAME/ if it is missing.

    render: False refuses to draw. InputError as `load_rendered`.
    """
    return load_rendered(name, root, f"{name}-v{VERSION}.npz", SIZES, FACTOR_NAMES, _draw, render)


def picture(shape, scale, orientation, x, y):
    """One picture: uint8 (64, 64, 1) of the factors' values, each from 0 up to its size."""
    reach = np.linspace(*SCALES, SIZES[1])[scale]
    angle = 2 * np.pi * orientation / SIZES[2]
    across, down = (np.linspace(MARGIN, SIDE - MARGIN, size)[at] for size, at in zip(SIZES[3:], (x, y)))
    points = (np.arange(SIDE * RAYS) + 0.5) / RAYS
    u, v = (points[None, :] - across) / reach, (points[:, None] - down) / reach
    turned = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
    inside = _inside(SHAPES[shape], *turned)
    shares = inside.reshape(SIDE, RAYS, SIDE, RAYS).mean(axis=(1, 3))
    return np.round(255 * shares).astype(np.uint8)[..., None]


def _inside(shape, u, v):
    """Whether each point (u, v) lies in the upright `shape`, which reaches about 1 from its middle."""
    if shape == "square":
        return np.maximum(np.abs(u), np.abs(v)) < 0.75
    if shape == "ellipse":
        return u**2 + (v / 0.5) ** 2 < 1
    u, v = 1.25 * u, -1.25 * v  # the heart's curve (u² + v² - 1)³ = u² v³ reaches further
    return (u**2 + v**2 - 1) ** 3 < u**2 * v**3


def _draw(path):
    shape = (int(np.prod(SIZES)), SIDE, SIDE, 1)
    with partial_file(path, f"v{VERSION}") as file:
        if file is None:
            return
        require_room(path, int(np.prod(shape)))
        images = np.stack([picture(*factors) for factors in np.ndindex(*SIZES)])
        file.truncate(0)
        np.savez(file, images=images)
