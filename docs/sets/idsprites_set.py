"""Draws `idsprites` of docs/unseen_sets.md: four random shapes, by the package idsprites.

    pip install idsprites    # Python 3.10 or newer
    python docs/sets/idsprites_set.py

writes idsprites.npz and idsprites.yml into the current folder.
"""

from pathlib import Path

import numpy as np
from idsprites import InfiniteDSprites


def draw():
    """uint8 (28800, 64, 64, 3), the last factor varying fastest."""
    np.random.seed(0)  # of the four shapes
    pictures = InfiniteDSprites(
        img_size=64,
        shapes=4,
        color_range=["white", "red", "blue", "gold"],
        scale_range=np.linspace(0.5, 1, 5),
        orientation_range=np.arange(10) * 2 * np.pi / 10,
        position_x_range=np.linspace(0, 1, 6),
        position_y_range=np.linspace(0, 1, 6),
    )
    return np.stack([np.rint(picture.transpose(1, 2, 0) * 255).astype(np.uint8) for picture, _ in pictures])


if __name__ == "__main__":
    np.savez("idsprites.npz", images=draw())
    Path("idsprites.yml").write_text("factors: {shape: 4, color: 4, scale: 5, orientation: 10, x: 6, y: 6}\n")
