"""The scene of the embedded data set: a dark room, a coloured ring, an arm on two joints, an object at its end.

It has the seven factors of MPI3D (Gondal et al. 2019, https://arxiv.org/abs/1906.03292) under MPI3D's names and
in its order; scene, numbers and code are the kit's own. One unit is about the length of the forearm, z points
up, the camera looks along y, the post stands at the origin. The arm swings through the half of the room before
the post, so that nothing hides the object; it stays above the floor, its end never comes near the axis of the
swing, and the object stays upright. So every factor changes the picture whatever the others are.

How much a factor changes the picture decides whether a latent finds it. Camera heights whose ring bands overlap vary
along one direction rather than two, which two latents could divide; ring colours of differing brightness, whose light
the ring throws on all around, matter less than half as much as the camera, and more than any other factor.
"""

from __future__ import annotations

import math

import numpy as np

FACTOR_NAMES = (
    "object_color",
    "object_shape",
    "object_size",
    "camera_height",
    "background_color",
    "horizontal_axis",
    "vertical_axis",
)
FULL_SIZES = (6, 6, 2, 3, 3, 40, 40)  # also the largest sizes that a grid can have
SHAPES = ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere")

# Reflectances, linear RGB: white, green, red, blue, brown, olive; purple, sea green, salmon.
OBJECT_COLORS = np.array(
    [
        [0.82, 0.82, 0.80],
        [0.05, 0.50, 0.09],
        [0.68, 0.03, 0.03],
        [0.04, 0.14, 0.72],
        [0.24, 0.10, 0.035],
        [0.32, 0.32, 0.03],
    ]
)
RING_COLORS = np.array([[0.14, 0.10, 0.36], [0.09, 0.42, 0.31], [0.76, 0.49, 0.44]])

OBJECT_SCALES = (0.58, 1.0)
CAMERA_ELEVATIONS = (33.0, 26.0, 19.0)  # degrees above the horizon: top, centre, bottom
CAMERA_DISTANCE = 6.5
CAMERA_TARGET = (0.0, -0.1, 1.1)
CAMERA_HALF_WIDTH = 2.25  # what is in the frame to each side at the target's distance
SWING = (-54.0, 54.0)  # horizontal axis, degrees: left, through the front, to the right
LIFT = (-38.0, 50.0)  # vertical axis, degrees of the forearm above the horizon

POST_HEIGHT = 1.1
UPPER_ARM, UPPER_ARM_LIFT = 0.45, 50.0  # length, degrees above the horizon
FOREARM = 1.15

# Wall behind, walls to the sides; the ring's inner foot radius, its flare (radius per height), its height.
ROOM = np.array([4.6, 4.2, 2.5, 0.9, 0.42])
LIGHT, LIGHT_SIZE = (-2.6, -3.2, 5.2), 0.5

# Materials, one row each: linear RGB without the factors' colours, specular strength, specular exponent (0: matt).
POST, LINK, FLOOR, WALL, OBJECT, RING = range(6)
MATERIALS = np.array(
    [
        [0.10, 0.10, 0.11, 0.25, 30.0],
        [0.42, 0.42, 0.44, 0.40, 40.0],
        [0.160, 0.192, 0.176, 0.00, 0.0],
        [0.006, 0.007, 0.007, 0.00, 0.0],
        [0.0, 0.0, 0.0, 0.22, 24.0],
        [0.0, 0.0, 0.0, 0.00, 0.0],
    ]
)


def axis_angles(limits, count):
    """`count` angles in radians spread evenly over `limits` (degrees), ends included; one alone is the middle."""
    low, high = (math.radians(limit) for limit in limits)
    if count == 1:
        return [(low + high) / 2]
    return [low + (high - low) * step / (count - 1) for step in range(count)]


def middle_out(values, count):
    """`count` of the `values`: all of them, the ends, or the middle one (of two: the second)."""
    if count == len(values):
        return values
    return (values[len(values) // 2],) if count == 1 else (values[0], values[-1])


def camera(elevation):
    """Camera at `elevation` degrees: float64 (4, 3) of its place, and of right, up and forward in the frame.

    A picture's point (u, v) in [-1, 1]², v upwards, is seen along forward + u·right + v·up.
    """
    angle, half_width = math.radians(elevation), CAMERA_HALF_WIDTH / CAMERA_DISTANCE
    forward = np.array([0.0, math.cos(angle), -math.sin(angle)])
    up = np.array([0.0, math.sin(angle), math.cos(angle)])
    place = np.array(CAMERA_TARGET) - CAMERA_DISTANCE * forward
    return np.stack([place, half_width * np.array([1.0, 0.0, 0.0]), half_width * up, forward])


def lights(side):
    """Points of the lamp, one for each of a pixel's side² rays, so that shadows are soft: float64 (side², 3)."""
    steps = ((np.arange(side) + 0.5) / side - 0.5) * LIGHT_SIZE
    # The lamp's points are dealt out in another order than the pixel's, so that neither follows the other.
    order = [(7 * ray) % side**2 if side % 7 else ray for ray in range(side**2)]
    return np.array([[LIGHT[0] + steps[k % side], LIGHT[1] + steps[k // side], LIGHT[2]] for k in order])


def solids(shape, scale, swing, lift):
    """What stands in the room for one pose (angles in radians): (rounds, materials, planes).

    rounds     float64 (n, 9): foot (3), axis (3), height, radius at the foot, radius at the top; height 0: a
               sphere about the foot
    materials  int64 (n,): a round's row in MATERIALS
    planes     float64 (m, 4): the object if it has flat faces, outward normal and offset; otherwise m = 0
    """
    shoulder = np.array([0.0, 0.0, POST_HEIGHT])
    elbow = shoulder + UPPER_ARM * _direction(swing, math.radians(UPPER_ARM_LIFT))
    wrist = elbow + FOREARM * _direction(swing, lift)
    parts = [
        (_round((0.0, 0.0, 0.0), (0.0, 0.0, 0.07), 0.42, 0.36), POST),
        (_round((0.0, 0.0, 0.0), shoulder, 0.15, 0.12), POST),
        (_sphere(shoulder, 0.17), LINK),
        (_round(shoulder, elbow, 0.085, 0.085), LINK),
        (_sphere(elbow, 0.13), LINK),
        (_round(elbow, wrist, 0.07, 0.055), LINK),
    ]
    rounds, planes = _object(shape, scale, wrist, swing)
    parts += [(part, OBJECT) for part in rounds]
    return np.array([part for part, _ in parts]), np.array([material for _, material in parts]), planes


def _object(shape, scale, centre, turn):
    """The object about `centre`, turned by `turn` about its upright axis: (list of rounds, planes (m, 4))."""
    no_planes = np.zeros((0, 4))
    if shape == "sphere":
        return [_sphere(centre, 0.5 * scale)], no_planes
    if shape == "cone":
        return [_upright(centre, 1.1 * scale, 0.52 * scale, 0.0)], no_planes
    if shape == "cylinder":
        return [_upright(centre, 1.1 * scale, 0.36 * scale, 0.36 * scale)], no_planes
    if shape == "cube":
        return [], _prism(4, 0.43 * scale, 0.43 * scale, centre, turn)
    if shape == "hexagonal":
        return [], _prism(6, 0.5 * scale, 0.24 * scale, centre, turn)
    return [], _pyramid(0.52 * scale, 0.8 * scale, centre, turn)


def _prism(sides, apothem, half_height, centre, turn):
    """Planes of an upright prism: `sides` faces at distance `apothem`, then top and bottom."""
    normals = [_direction(turn + 0.35 + 2 * math.pi * side / sides, 0.0) for side in range(sides)]
    planes = [(normal, apothem) for normal in normals]
    planes += [(np.array([0.0, 0.0, sign]), half_height) for sign in (1.0, -1.0)]
    return np.array([[*normal, normal @ centre + distance] for normal, distance in planes])


def _pyramid(half_edge, height, centre, turn):
    """Planes of an upright square pyramid whose middle height is at `centre`."""
    slope = math.atan2(half_edge, height)
    normals = [_direction(turn + 0.35 + math.pi * side / 2, slope) for side in range(4)]
    top = centre + np.array([0.0, 0.0, height / 2])
    planes = [[*normal, normal @ top] for normal in normals]
    return np.array([*planes, [0.0, 0.0, -1.0, height / 2 - centre[2]]])


def _direction(swing, lift):
    """Unit vector `swing` to the right of straight to the front and `lift` above the horizon (radians)."""
    return np.array([math.sin(swing) * math.cos(lift), -math.cos(swing) * math.cos(lift), math.sin(lift)])


def _round(foot, top, foot_radius, top_radius):
    axis = np.subtract(top, foot)
    height = math.sqrt(axis @ axis)
    return [*foot, *(axis / height), height, foot_radius, top_radius]


def _upright(centre, height, foot_radius, top_radius):
    half = np.array([0.0, 0.0, height / 2])
    return _round(centre - half, centre + half, foot_radius, top_radius)


def _sphere(centre, radius):
    return [*centre, 0.0, 0.0, 1.0, 0.0, radius, radius]
