"""Draws `toys` of docs/unseen_sets.md: a mug, a brick or a duck on a floor, by PyBullet's own renderer.

    pip install pybullet numpy    # 3.2.7 was used, which PyPI has built for Python 3.8
    python docs/sets/toys.py

writes toys.npz and toys.yml into the current folder.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import pybullet as p
import pybullet_data

SIZES = {"background_color": 8, "shape": 3, "object_color": 4, "light": 5, "place": 5, "turn": 12}
BACKGROUNDS = np.random.default_rng(0).uniform(0.1, 0.9, (8, 3))
COLORS = [(0.9, 0.75, 0.1, 1), (0.1, 0.45, 0.8, 1), (0.75, 0.15, 0.2, 1), (0.2, 0.6, 0.25, 1)]
TOYS = ["objects/mug.obj", "lego/lego.obj", "duck.obj"]
LIGHTS = [(1, y, 1.5) for y in (-2, -1, 0, 1, 2)]


def mesh(name):
    """The mesh as a body that measures 0.5 at most, its middle at the origin."""
    lines = (Path(pybullet_data.getDataPath()) / name).read_text().splitlines()
    points = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], float)
    scale = 0.5 / np.ptp(points, 0).max()
    middle = -scale * (points.min(0) + points.max(0)) / 2
    options = {"meshScale": [scale] * 3, "visualFramePosition": middle.tolist()}
    return p.createMultiBody(0, -1, p.createVisualShape(p.GEOM_MESH, fileName=name, **options), [0, 0, -5])


def picture(light, view, lens):
    options = {"lightDirection": light, "shadow": 1, "renderer": p.ER_TINY_RENDERER}
    large = np.reshape(p.getCameraImage(128, 128, view, lens, **options)[2], (64, 2, 64, 2, 4))
    return np.rint(large[..., :3].mean((1, 3))).astype(np.uint8)


def draw():
    """uint8 (28800, 64, 64, 3), the last factor varying fastest."""
    p.connect(p.DIRECT)
    p.setAdditionalSearchPath(pybullet_data.getDataPath())
    toys = [mesh(name) for name in TOYS]
    floor = p.createMultiBody(0, -1, p.createVisualShape(p.GEOM_BOX, halfExtents=[6, 6, 0.01]), [0, 0, -0.3])
    lens = p.computeProjectionMatrixFOV(40, 1, 0.1, 9)
    view = p.computeViewMatrix([1.6, 0, 1.1], [0, 0, 0], [0, 0, 1])
    images = np.empty((*SIZES.values(), 64, 64, 3), np.uint8)
    for shape, place, turn in itertools.product(range(3), range(5), range(12)):
        upright = p.getQuaternionFromEuler([np.pi / 2 * (TOYS[shape] == "duck.obj"), 0, 2 * np.pi * turn / 12])
        p.resetBasePositionAndOrientation(toys[shape], [0, -0.4 + 0.2 * place, 0], upright)
        for color, background in itertools.product(range(4), range(8)):
            p.changeVisualShape(toys[shape], -1, rgbaColor=COLORS[color])
            p.changeVisualShape(floor, -1, rgbaColor=[*BACKGROUNDS[background], 1])
            for light, direction in enumerate(LIGHTS):
                images[background, shape, color, light, place, turn] = picture(direction, view, lens)
        p.resetBasePositionAndOrientation(toys[shape], [0, 0, -5], [0, 0, 0, 1])
    return images.reshape(-1, 64, 64, 3)


if __name__ == "__main__":
    np.savez("toys.npz", images=draw())
    Path("toys.yml").write_text(f"factors: {json.dumps(SIZES)}\n")
