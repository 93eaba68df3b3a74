"""A picture of a data set for people: one row for each factor, varied alone."""

from __future__ import annotations

import numpy as np

from utils.drawing import new_figure
from utils.errors import InputError
from utils.files import atomic_path

COLUMNS = 12  # a factor with more values shows this many of them, evenly spread
GAP = 4  # white pixels between pictures


def write_contact_sheet(data, path):
    """Draw the DataSet `data` into the PNG file `path`; one without factors shows pictures drawn at random."""
    rows = _rows(data)
    figure = new_figure(figsize=(1.8 + 0.72 * max(len(row[1]) for row in rows), 0.72 * len(rows) + 0.5), dpi=120)
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    widest = max(len(images) for _, images in rows)
    for axis, (label, images) in zip(axes, rows):
        axis.imshow(_strip(images, widest), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_axis_off()
        axis.text(-6, images.shape[1] / 2, label, ha="right", va="center", fontsize=9)
    figure.suptitle(f"{data.name}: {len(data.images):,} images", fontsize=10)
    figure.subplots_adjust(left=1.7 / figure.get_figwidth(), right=0.995, top=1 - 0.36 / figure.get_figheight())
    figure.subplots_adjust(bottom=0.01, hspace=0.04)
    try:
        with atomic_path(path) as temporary:
            figure.savefig(str(temporary), format="png")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _rows(data):
    """Pairs of label and uint8 images (n, height, width, channels)."""
    if hasattr(data, "labels"):
        return _labelled_rows(data)
    if not data.factor_sizes:
        chosen = np.random.RandomState(0).randint(len(data.images), size=(4, COLUMNS))
        return [("drawn at random" if row == 0 else "", data.images[chosen[row]]) for row in range(4)]
    rows = []
    for factor, (name, size) in enumerate(zip(data.factor_names, data.factor_sizes)):
        values = np.unique(np.linspace(0, size - 1, min(size, COLUMNS)).round().astype(int))
        factors = np.tile([(size + 1) // 3 for size in data.factor_sizes], (len(values), 1))
        factors[:, factor] = values
        rows.append((f"{name.replace('_', ' ')} ({size})", data.observe(factors, np.random.RandomState(0))))
    return rows


def _labelled_rows(data):
    """For each factor the first image of each of its values: no two images need differ in it alone."""
    rows = []
    for column, name, size in zip(data.labels.T, data.factor_names, data.factor_sizes):
        firsts = np.unique(column, return_index=True)[1]
        shown = np.unique(np.linspace(0, size - 1, min(size, COLUMNS)).round().astype(int))
        rows.append((f"{name.replace('_', ' ')} ({size})", data.images[firsts[shown]]))
    return rows


def _strip(images, widest):
    """The images side by side, white between and after them: uint8 (height, width, 3)."""
    height, width = images.shape[1:3]
    strip = np.full((height, widest * (width + GAP), 3), 255, np.uint8)
    for place, image in enumerate(images):
        strip[:, place * (width + GAP) : place * (width + GAP) + width] = image
    return strip
