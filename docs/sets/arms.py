"""Draws `kuka` or `panda` of docs/unseen_sets.md: a robot arm in MPI3D's seven factors, by PyBullet's own renderer.

    pip install pybullet numpy    # 3.2.7 was used, which PyPI has built for Python 3.8
    python docs/sets/arms.py kuka

writes kuka.npz and kuka.yml into the current folder.
"""

import argparse
import itertools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pybullet as p
import pybullet_data

SIZES = {"object_color": 4, "object_shape": 3, "object_size": 2, "camera_height": 3, "background_color": 4}
SIZES.update(horizontal_axis=10, vertical_axis=10)


class Scene(NamedTuple):
    """What differs from arm to arm. Lengths in m, angles in radians, colours in [0, 1]."""

    model: str
    joints: tuple  # the angles at the first step of both axes
    ranges: tuple  # by which the first two joints turn, one an axis
    hand: int  # the link that holds the object
    reach: float  # from there to the object's middle
    wall: float  # distance behind the arm
    sizes: tuple  # of the objects
    eye: tuple  # the camera's place, without its height
    heights: tuple
    target: tuple  # what it looks at
    colors: tuple
    backgrounds: tuple


SCENES = {
    "kuka": Scene(
        model="kuka_iiwa/model.urdf",
        joints=(-1.2, -0.25, 0, -0.7, 0, 0.5, 0),
        ranges=(2.4, 1.35),
        hand=6,
        reach=0.16,
        wall=2.2,
        sizes=(0.11, 0.16),
        eye=(2.3, 0),
        heights=(0.5, 0.95, 1.4),
        target=(0, 0, 0.55),
        colors=((0.95, 0.95, 0.95), (0.1, 0.7, 0.2), (0.85, 0.15, 0.1), (0.15, 0.25, 0.85)),
        backgrounds=((0.45, 0.15, 0.5), (0.1, 0.5, 0.5), (0.8, 0.55, 0.3), (0.35, 0.4, 0.3)),
    ),
    "panda": Scene(
        model="franka_panda/panda.urdf",
        joints=(-1.3, -0.6, 0, -1.6, 0, 1.6, 0.8),
        ranges=(2.6, 1.3),
        hand=11,
        reach=0,
        wall=1.4,
        sizes=(0.08, 0.12),
        eye=(1.35, 0.9),
        heights=(0.4, 0.8, 1.2),
        target=(0.1, 0, 0.45),
        colors=((0.95, 0.85, 0.1), (0.1, 0.7, 0.75), (0.85, 0.2, 0.6), (0.1, 0.1, 0.1)),
        backgrounds=((0.7, 0.7, 0.75), (0.2, 0.25, 0.4), (0.4, 0.55, 0.25), (0.6, 0.3, 0.25)),
    ),
}


def body(kind, position=(0, 0, -5), **size):
    return p.createMultiBody(0, -1, p.createVisualShape(kind, **size), position)


def forms(size):
    """A cube, a ball and a bar."""
    yield body(p.GEOM_BOX, halfExtents=[size * 0.85] * 3)
    yield body(p.GEOM_SPHERE, radius=size)
    yield body(p.GEOM_CYLINDER, radius=size * 0.6, length=2.4 * size)


def place_arm(scene, arm, horizontal, vertical):
    """Turn the joints; where the object is held, and how it is turned."""
    angles = list(scene.joints)
    angles[0] += scene.ranges[0] * horizontal / 9
    angles[1] += scene.ranges[1] * vertical / 9
    for joint, angle in enumerate(angles):
        p.resetJointState(arm, joint, angle)
    position, turn = p.getLinkState(arm, scene.hand, computeForwardKinematics=True)[4:6]
    ahead = np.reshape(p.getMatrixFromQuaternion(turn), (3, 3)) @ [0, 0, scene.reach]
    return np.add(position, ahead), turn


def picture(view, lens):
    options = {"lightDirection": [1.5, 1, 2.5], "shadow": 1, "renderer": p.ER_TINY_RENDERER}
    large = np.reshape(p.getCameraImage(128, 128, view, lens, **options)[2], (64, 2, 64, 2, 4))
    return np.rint(large[..., :3].mean((1, 3))).astype(np.uint8)


def draw(scene):
    """uint8 (28800, 64, 64, 3), the last factor varying fastest."""
    p.connect(p.DIRECT)
    p.setAdditionalSearchPath(pybullet_data.getDataPath())
    arm = p.loadURDF(scene.model, useFixedBase=True)
    floor = body(p.GEOM_BOX, (0, 0, -0.02), halfExtents=[3, 3, 0.01])
    wall = body(p.GEOM_BOX, (-scene.wall, 0, 0), halfExtents=[0.01, 4, 3])
    objects = np.transpose([list(forms(size)) for size in scene.sizes])  # (shape, size)
    lens = p.computeProjectionMatrixFOV(50, 1, 0.1, 6)
    views = [p.computeViewMatrix([*scene.eye, height], scene.target, [0, 0, 1]) for height in scene.heights]
    images = np.empty((*SIZES.values(), 64, 64, 3), np.uint8)
    for horizontal, vertical in itertools.product(range(10), range(10)):
        hand = place_arm(scene, arm, horizontal, vertical)
        for shape, size in itertools.product(range(3), range(2)):
            held = int(objects[shape, size])
            p.resetBasePositionAndOrientation(held, *hand)
            for color, background in itertools.product(range(4), range(4)):
                p.changeVisualShape(held, -1, rgbaColor=[*scene.colors[color], 1])
                p.changeVisualShape(wall, -1, rgbaColor=[*scene.backgrounds[background], 1])
                p.changeVisualShape(floor, -1, rgbaColor=[*np.multiply(0.8, scene.backgrounds[background]), 1])
                for height, view in enumerate(views):
                    images[color, shape, size, height, background, horizontal, vertical] = picture(view, lens)
            p.resetBasePositionAndOrientation(held, [0, 0, -5], [0, 0, 0, 1])
    return images.reshape(-1, 64, 64, 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=SCENES)
    name = parser.parse_args().name
    np.savez(f"{name}.npz", images=draw(SCENES[name]))
    Path(f"{name}.yml").write_text(f"factors: {json.dumps(SIZES)}\n")
