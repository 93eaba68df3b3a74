"""A picture of a data set for people: one row for each factor, varied alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from utils.data.storage.places import exists
from utils.errors import InputError
from utils.files import atomic_path

COLUMNS = 12  # a factor with more values shows this many of them, evenly spread
GAP = 6  # white pixels between pictures
HEADER, LABELS = 44, 190  # pixels above and to the left of the pictures
FONT_SIZE = 15


def write_contact_sheet(data, path):
    """Draw the data set `data` into the PNG file `path`; one without factors shows pictures drawn at random."""
    if exists(Path(path)) and not Path(path).is_file():
        raise InputError(f"{path}: cannot be replaced, it is not a regular file")
    rows = _rows(data)
    height, width = (size + GAP for size in rows[0][1].shape[1:3])
    sheet = Image.new(
        "RGB", (LABELS + max(len(images) for _, images in rows) * width, HEADER + len(rows) * height), "white"
    )
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    pen.text((LABELS, HEADER // 2), f"{data.name}: {len(data.images):,} images", "black", font, "lm")
    for row, (label, images) in enumerate(rows):
        top = HEADER + row * height
        pen.text((LABELS - 2 * GAP, top + (height - GAP) // 2), label, "black", font, "rm")
        for column, image in enumerate(images):
            shown = np.broadcast_to(image, (*image.shape[:2], 3))
            sheet.paste(Image.fromarray(np.ascontiguousarray(shown)), (LABELS + column * width, top))
    try:
        with atomic_path(path) as temporary:
            sheet.save(str(temporary), "PNG")
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
