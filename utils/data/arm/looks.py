"""Looks of the embedded scene: the same seven factors, drawn with other colours, light and camera.

A recipe that is tuned on one look fits that look. What differs between looks is how much each factor changes the
picture, and so how many nats of the reconstruction a latent gains by learning it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from utils.data.arm import scene


class Look(NamedTuple):
    """How the scene is drawn. Colours are reflectances, linear RGB in [0, 1]."""

    version: int  # part of the file's name; to be raised with any change of a picture
    object_colors: np.ndarray = scene.OBJECT_COLORS  # (6, 3)
    ring_colors: np.ndarray = scene.RING_COLORS  # (3, 3)
    materials: np.ndarray = scene.MATERIALS  # as scene.MATERIALS
    elevations: tuple = scene.CAMERA_ELEVATIONS  # degrees above the horizon: top, centre, bottom
    glow: float = 1.0  # strength of the light that the ring throws on floor and walls
    shaded: bool = True  # False: every surface has its own colour, without light, shadow or gleam
    haze: float = 0.0  # share of the picture that is an even grey, in [0, 1): what is left of the contrast is 1 - haze


def _with_rows(materials, rows):
    """`materials` with some rows replaced, {row: values}."""
    changed = materials.copy()
    for row, values in rows.items():
        changed[row] = values
    return changed


EMBEDDED = Look(version=2)

# No light from the ring, a camera that moves further, darker floor.
FIRST = Look(
    version=1,
    ring_colors=np.array([[0.30, 0.19, 0.80], [0.08, 0.56, 0.38], [0.86, 0.30, 0.24]]),
    materials=_with_rows(
        scene.MATERIALS,
        {scene.FLOOR: [0.040, 0.048, 0.044, 0.0, 0.0], scene.WALL: [0.020, 0.024, 0.023, 0.0, 0.0]},
    ),
    elevations=(40.0, 26.0, 12.0),
    glow=0.0,
)

# A bright room in flat colours: black, yellow, magenta, teal, orange, violet; brick, sky blue, leaf green.
FLAT = Look(
    version=1,
    object_colors=np.array(
        [
            [0.02, 0.02, 0.02],
            [0.85, 0.75, 0.05],
            [0.70, 0.05, 0.45],
            [0.02, 0.35, 0.35],
            [0.90, 0.30, 0.02],
            [0.20, 0.06, 0.55],
        ]
    ),
    ring_colors=np.array([[0.45, 0.10, 0.05], [0.15, 0.45, 0.90], [0.20, 0.50, 0.08]]),
    materials=_with_rows(
        scene.MATERIALS,
        {
            scene.POST: [0.12, 0.10, 0.10, 0.0, 0.0],
            scene.LINK: [0.30, 0.27, 0.25, 0.0, 0.0],
            scene.FLOOR: [0.70, 0.62, 0.48, 0.0, 0.0],
            scene.WALL: [0.80, 0.82, 0.85, 0.0, 0.0],
            scene.OBJECT: [0.0, 0.0, 0.0, 0.0, 0.0],
        },
    ),
    elevations=(37.0, 26.0, 15.0),
    glow=0.0,
    shaded=False,
)

# Seen through a haze: each factor is worth about a quarter of the nats.
HAZE = Look(version=1, haze=0.5)

LOOKS = {
    "synthetic_arm": EMBEDDED,
    "synthetic_arm_first": FIRST,
    "synthetic_arm_flat": FLAT,
    "synthetic_arm_haze": HAZE,
}
