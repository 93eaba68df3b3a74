"""Ray tracing of the embedded scene: kernels on plain arrays, whose meaning `scene.py` gives.

A pose is traced once into layers in linear light: what no colour factor touches, and how strongly the object's
and the ring's reflectances count. Light adds up, so each pair of colours is then a weighted sum of the layers.
"""

import math

import numpy as np

from evaluation.compiled import njit

LAYERS = 5  # neutral red, green and blue; weight of the object's colour; weight of the ring's colour
FLOOR, WALL, OBJECT, RING = 2, 3, 4, 5  # scene's numbers of materials: a kernel's constants stand in its own file
_AWAY = 1e-6  # a ray that starts on a surface starts this far off it


@njit(error_model="numpy")
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(error_model="numpy")
def _along(origin, direction, t):
    return (
        origin[0] + t * direction[0],
        origin[1] + t * direction[1],
        origin[2] + t * direction[2],
    )


@njit(error_model="numpy")
def _unit(a):
    length = math.sqrt(_dot(a, a))
    return (a[0] / length, a[1] / length, a[2] / length)


@njit(error_model="numpy")
def _hit_round(origin, direction, rounds, k):
    """Distance along the ray (unit direction) to the solid `rounds[k]`, inf if it misses."""
    w = (origin[0] - rounds[k, 0], origin[1] - rounds[k, 1], origin[2] - rounds[k, 2])
    axis = (rounds[k, 3], rounds[k, 4], rounds[k, 5])
    height, radius, top_radius = rounds[k, 6], rounds[k, 7], rounds[k, 8]
    half = 0.5 * height  # first a bounding sphere, which most rays miss
    centre = (w[0] - half * axis[0], w[1] - half * axis[1], w[2] - half * axis[2])
    along = _dot(centre, direction)
    widest = max(radius, top_radius)
    if _dot(centre, centre) - along * along > half * half + widest * widest:
        return math.inf
    if height == 0.0:
        root = along * along - _dot(w, w) + radius * radius
        t = -along - math.sqrt(root) if root >= 0.0 else math.inf
        return t if t > _AWAY else math.inf
    return _hit_frustum(w, direction, axis, height, radius, (top_radius - radius) / height)


@njit(error_model="numpy")
def _hit_frustum(w, direction, axis, height, radius, slope):
    """The same for a frustum with its foot at the origin, seen from `w`: its side, then its two caps."""
    wa, da = _dot(w, axis), _dot(direction, axis)
    wide = 1.0 + slope * slope
    a = 1.0 - wide * da * da
    b = _dot(w, direction) - wide * wa * da - slope * radius * da
    c = _dot(w, w) - wide * wa * wa - 2.0 * slope * radius * wa - radius * radius
    nearest = math.inf
    root = b * b - a * c
    if root >= 0.0 and a != 0.0:
        root = math.sqrt(root)
        for sign in (-1.0, 1.0):
            t = (-b + sign * root) / a
            s = wa + t * da
            if _AWAY < t < nearest and 0.0 <= s <= height:
                nearest = t
    for s in (0.0, height):
        t = (s - wa) / da
        if _AWAY < t < nearest:
            p = _along(w, direction, t)
            if _dot(p, p) - s * s <= (radius + slope * s) ** 2:
                nearest = t
    return nearest


@njit(error_model="numpy")
def _round_normal(p, rounds, k):
    """Outward unit normal at the point `p` of the surface of `rounds[k]`."""
    w = (p[0] - rounds[k, 0], p[1] - rounds[k, 1], p[2] - rounds[k, 2])
    if rounds[k, 6] == 0.0:
        return _unit(w)
    axis = (rounds[k, 3], rounds[k, 4], rounds[k, 5])
    s = _dot(w, axis)
    if s < 1e-7:
        return (-axis[0], -axis[1], -axis[2])
    if s > rounds[k, 6] - 1e-7:
        return axis
    side = _unit(_along(w, axis, -s))
    return _unit(_along(side, axis, (rounds[k, 7] - rounds[k, 8]) / rounds[k, 6]))


@njit(error_model="numpy")
def _hit_planes(origin, direction, planes):
    """Distance to a convex solid with flat faces (m, 4) and the face hit; inf if the ray misses or starts inside."""
    enter, leave, face = -math.inf, math.inf, -1
    for k in range(len(planes)):
        normal = (planes[k, 0], planes[k, 1], planes[k, 2])
        gap, speed = planes[k, 3] - _dot(normal, origin), _dot(normal, direction)
        if speed < 0.0:
            if gap / speed > enter:
                enter, face = gap / speed, k
        elif speed > 0.0:
            leave = min(leave, gap / speed)
        elif gap < 0.0:
            return math.inf, -1
    if face >= 0 and _AWAY < enter < leave:
        return enter, face
    return math.inf, -1


@njit(error_model="numpy")
def _hit_ring(origin, direction, room):
    """Distance to the inner side of the ring's far half, inf if the ray misses."""
    foot, flare, height = room[2], room[3], room[4]
    wide = 1.0 + flare * flare
    a = 1.0 - wide * direction[2] * direction[2]
    b = _dot(origin, direction) - (wide * origin[2] + flare * foot) * direction[2]
    c = _dot(origin, origin) - wide * origin[2] * origin[2] - 2.0 * flare * foot * origin[2] - foot * foot
    root = b * b - a * c
    if root < 0.0:
        return math.inf
    t = (-b + math.sqrt(root)) / a
    p = _along(origin, direction, t)
    if t > 0.0 and 0.0 <= p[2] <= height and p[1] > 0.0:
        return t
    return math.inf


@njit(error_model="numpy")
def _hit_room(origin, direction, room):
    """Distance, normal and material of the room where the ray leaves it: floor, wall or ring."""
    t, normal, material = math.inf, (0.0, 0.0, 1.0), FLOOR
    if direction[2] < 0.0:
        t = -origin[2] / direction[2]
    back = (room[0] - origin[1]) / direction[1]
    if 0.0 < back < t:
        t, normal, material = back, (0.0, -1.0, 0.0), WALL
    sign = 1.0 if direction[0] > 0.0 else -1.0
    side = (sign * room[1] - origin[0]) / direction[0]
    if 0.0 < side < t:
        t, normal, material = side, (-sign, 0.0, 0.0), WALL
    ring = _hit_ring(origin, direction, room)
    if ring < t:
        p = _along(origin, direction, ring)
        inward = _unit((-p[0], -p[1], 0.0))
        t, normal, material = ring, _unit((inward[0], inward[1], room[3])), RING
    return t, normal, material


@njit(error_model="numpy")
def _hit(origin, direction, rounds, owners, planes, room):
    """Distance, normal and material of what the ray hits first."""
    t, normal, material = _hit_room(origin, direction, room)
    nearest = -1
    for k in range(len(rounds)):
        other = _hit_round(origin, direction, rounds, k)
        if other < t:
            t, nearest = other, k
    flat, face = _hit_planes(origin, direction, planes)
    if flat < t:
        return flat, (planes[face, 0], planes[face, 1], planes[face, 2]), OBJECT
    if nearest >= 0:
        return t, _round_normal(_along(origin, direction, t), rounds, nearest), owners[nearest]
    return t, normal, material


@njit(error_model="numpy")
def _lit(p, to_light, distance, rounds, planes):
    """Whether nothing stands between the point `p` and the lamp."""
    for k in range(len(rounds)):
        if _hit_round(p, to_light, rounds, k) < distance:
            return False
    return not _hit_planes(p, to_light, planes)[0] < distance


@njit(error_model="numpy")
def _shade(p, normal, view, light, shine, rounds, planes):
    """Diffuse light at `p`, and the lamp's gleam of exponent `shine` (0: none) towards the eye."""
    to_light = (light[0] - p[0], light[1] - p[1], light[2] - p[2])
    distance = math.sqrt(_dot(to_light, to_light))
    to_light = _unit(to_light)
    sky = 0.16 * (1.0 + normal[2])
    fill = 0.30 * max(0.0, 0.80 * normal[0] - 0.55 * normal[1] + 0.24 * normal[2])
    facing = _dot(normal, to_light)
    start = _along(p, normal, 1e-4)
    if facing <= 0.0 or not _lit(start, to_light, distance, rounds, planes):
        return sky + fill, 0.0
    lamp = 40.0 / (distance * distance)
    if shine == 0.0:
        return sky + fill + lamp * facing, 0.0
    half = _unit((to_light[0] - view[0], to_light[1] - view[1], to_light[2] - view[2]))
    return sky + fill + lamp * facing, lamp * max(0.0, _dot(normal, half)) ** shine


@njit(error_model="numpy")
def _glow(p, room):
    """Light of the ring's colour that the ring throws on `p`: a shining strip's, which falls with the distance."""
    radius, height = room[2] + 0.5 * room[3] * room[4], 0.5 * room[4]
    if p[1] > 0.0:
        gap, along = math.sqrt(p[0] * p[0] + p[1] * p[1]) - radius, 0.0
    else:  # beside the ends of the half that there is
        gap, along = math.fabs(p[0]) - radius, p[1]
    rise = p[2] - height
    return 1.0 / math.sqrt(gap * gap + along * along + rise * rise + 0.1)


@njit(error_model="numpy")
def trace(eye, rounds, owners, planes, room, materials, lights, glow, shaded, layers):
    """Fill `layers` float64 (height, width, LAYERS) with the mean of len(lights) rays a pixel.

    eye (4, 3), rounds (n, 9), owners (n,), planes (m, 4), room (5,), materials (6, 5), lights (side², 3)
    glow: strength of the ring's light on what is around; shaded: False for surfaces of one colour each
    """
    height, width = layers.shape[:2]
    side = int(math.sqrt(len(lights)) + 0.5)
    origin = (eye[0, 0], eye[0, 1], eye[0, 2])
    right, up = (eye[1, 0], eye[1, 1], eye[1, 2]), (eye[2, 0], eye[2, 1], eye[2, 2])
    forward = (eye[3, 0], eye[3, 1], eye[3, 2])
    layers[:] = 0.0
    for pixel in range(height * width):
        row, column = pixel // width, pixel % width
        target = layers[row, column]
        for ray in range(side * side):
            u = 2.0 * (column + (ray % side + 0.5) / side) / width - 1.0
            v = 1.0 - 2.0 * (row + (ray // side + 0.5) / side) / height
            direction = _unit(_along(_along(forward, right, u), up, v))
            t, normal, owner = _hit(origin, direction, rounds, owners, planes, room)
            p = _along(origin, direction, t)
            diffuse, gleam = 1.0, 0.0
            if shaded:
                lamp = (lights[ray, 0], lights[ray, 1], lights[ray, 2])
                diffuse, gleam = _shade(p, normal, direction, lamp, materials[owner, 4], rounds, planes)
            for channel in range(3):
                target[channel] += materials[owner, channel] * diffuse + materials[owner, 3] * gleam
            if owner == OBJECT:
                target[3] += diffuse
            elif owner == RING:
                target[4] += diffuse
            else:  # these materials are nearly grey: green stands for all three channels
                target[4] += glow * materials[owner, 1] * _glow(p, room)
    layers /= side * side


@njit(error_model="numpy")
def paint(layers, object_colors, ring_colors, curve, images):
    """Write every pair of colours of one pose into `images` uint8 (objects, rings, height, width, 3).

    layers (height, width, LAYERS); colours linear (n, 3); curve uint8: screen values of linear light in [0, 1]
    """
    height, width = layers.shape[:2]
    top = len(curve) - 1
    for i in range(len(object_colors)):
        for j in range(len(ring_colors)):
            for row in range(height):
                for column in range(width):
                    pixel = layers[row, column]
                    for channel in range(3):
                        light = pixel[channel]
                        light += pixel[3] * object_colors[i, channel] + pixel[4] * ring_colors[j, channel]
                        images[i, j, row, column, channel] = curve[int(min(light, 1.0) * top + 0.5)]


def screen_curve():
    """sRGB's transfer curve (IEC 61966-2-1) for 8,192 values of linear light from 0 to 1: uint8 (8192,)."""
    light = np.linspace(0.0, 1.0, 8192)
    screen = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * screen).astype(np.uint8)
