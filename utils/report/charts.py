"""Curves as SVG: small, sharp at any size, and drawn by the browser alone."""

import math
from html import escape

import numpy as np

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 26
MOST_POINTS = 400  # of a curve: more than its pixels would only make the file large
FLAT = 1e-6  # a curve that moves less, relative to its largest value, is drawn as a constant
LARGEST = 1e300  # beyond it an axis would have no length in float64
EARLY = 0.05  # share of the rows whose values may leave the frame: losses start orders of magnitude above the rest


def curve(x, y, label):
    """An SVG of `y` (n,) over the steps `x` (n,); values that are not finite leave gaps. '' if there is none."""
    x, y = _thinned(np.asarray(x, float), np.asarray(y, float))
    if not np.isfinite(y).any():
        return ""
    late = y[int(len(y) * EARLY) :]
    ticks_x, ticks_y = ticks(0.0, float(x.max())), ticks(*_limits(late if np.isfinite(late).any() else y))
    across = _scale(ticks_x[0], max(ticks_x[-1], float(x.max())), LEFT, WIDTH - RIGHT)
    up = _scale(ticks_y[0], ticks_y[-1], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)} over the training steps">',
        *(_horizontal(up(value), text(value)) for value in ticks_y),
        *(_below(across(value), text(value)) for value in ticks_x),
        f'<svg x="{LEFT}" y="{TOP - 2}" width="{WIDTH - LEFT - RIGHT + 4}" height="{HEIGHT - TOP - BOTTOM + 4}" '
        f'viewBox="{LEFT} {TOP - 2} {WIDTH - LEFT - RIGHT + 4} {HEIGHT - TOP - BOTTOM + 4}">',
        *(f'<polyline points="{line}"/>' for line in _lines(across(x), up(y))),
        "</svg></svg>",
    ]
    return "".join(parts)


def ticks(low, high, about=4):
    """Round numbers from at or below `low` to at or above `high`, some `about` steps apart."""
    low, high = max(low, -LARGEST), min(high, LARGEST)
    margin = FLAT * max(abs(low), abs(high))
    if high - low <= margin:
        low, high = low - max(1.0, margin), high + max(1.0, margin)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.99), default=10 * power)
    return [float(f"{number * step:.12g}") for number in range(math.floor(low / step), math.ceil(high / step) + 1)]


def text(value):
    """A number as an axis shows it: '1.2M', '50k', '0.05'."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{suffix}"
    return f"{value:.4g}"


def _limits(y):
    finite = y[np.isfinite(y)]
    return float(finite.min()), float(finite.max())


def _thinned(x, y):
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    return x[chosen], y[chosen]


def _scale(low, high, start, end):
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _lines(x, y):
    """'x,y x,y ...' of each stretch without gaps; far outside the frame is far enough."""
    finite = np.isfinite(y)
    y = np.clip(np.where(finite, y, 0), -1000, 1000)
    stretches = np.split(np.arange(len(x)), np.flatnonzero(np.diff(finite.astype(int))) + 1)
    for stretch in stretches:
        if finite[stretch[0]]:
            yield " ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in stretch)


def _horizontal(y, label):
    line = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'


def _below(x, label):
    return f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>'
