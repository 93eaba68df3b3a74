"""One picture of any common kind as 64 x 64 pixels of 8 bits; docs/data.md describes for users what is listed here.

- Turned upright as its EXIF orientation says, cut to its middle square, scaled with Lanczos' filter.
- Transparent parts are laid over black.
- Grey of 16 bits is scaled to 8 by the largest value that its bits can hold.
- Palettes, CMYK and one bit a pixel become RGB or grey. Colour profiles are not applied.
- More than one frame, and numbers of 32 bits, are refused.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import numpy as np

from utils.data.storage.images import unreadable_as
from utils.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".tga")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "TGA")  # Pillow's names; a file may be called otherwise
_WITH_SIGNATURE = tuple(name for name in _FORMATS if name != "TGA")  # whose first bytes identify them
SIDE = 64
_GREY = ("1", "L", "LA", "La")


class Form(NamedTuple):
    """What a picture's header says."""

    is_grey: bool  # it cannot hold colour: grey, one bit a pixel, or a palette of greys
    has_alpha: bool  # parts of it may be transparent
    is_square: bool  # otherwise its middle square is taken
    is_small: bool  # it is enlarged


def is_picture(path):
    """Whether the first bytes of a file are a picture's, whatever it is called."""
    from PIL import Image

    try:
        with Image.open(str(path), formats=_WITH_SIGNATURE):
            return True
    except Exception:  # parsers of foreign formats raise nearly anything
        return False


def form(path):
    """The Form of a picture. InputError: damaged, or refused."""
    with _opened(path) as picture:
        grey = picture.mode in _GREY or _has_16_bits(picture)
        if picture.mode == "P":
            palette = np.array(picture.getpalette()).reshape(-1, 3)
            grey = bool((palette == palette[:, :1]).all())
        width, height = picture.size
        return Form(grey, picture.has_transparency_data, width == height, min(width, height) < SIDE)


def largest_value(path):
    """The largest value of a grey picture of 16 bits a pixel; 0 for another, and for one whose range is known.

    A camera's 10, 12 or 14 bits often come in 16: no header says so, the values of all pictures together do.
    """
    with _opened(path) as picture:
        return int(np.asarray(picture).max()) if _has_16_bits(picture) and picture.format != "PPM" else 0


def read_picture(path, channels, bits=16):
    """A picture as uint8 (1, 64, 64, channels), channels 1 (grey) or 3 (RGB). InputError: damaged, or refused.

    bits: how many of 16 bits a pixel are used
    """
    from PIL import Image, ImageOps

    with _opened(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        if _has_16_bits(picture):
            whole = _from_16_bits(upright, 16 if picture.format == "PPM" else bits)
        elif picture.has_transparency_data:
            black = Image.new("RGBA", upright.size, (0, 0, 0, 255))
            whole = Image.alpha_composite(black, upright.convert("RGBA")).convert("RGB")
        else:
            whole = upright
        scaled = ImageOps.fit(whole.convert("L" if channels == 1 else "RGB"), (SIDE, SIDE), Image.LANCZOS)
    return np.asarray(scaled, np.uint8).reshape(1, SIDE, SIDE, channels)


@contextlib.contextmanager
def _opened(path):
    """The picture, which Pillow reads when its pixels are asked for."""
    from PIL import Image  # only those who have pictures wait for the import

    with unreadable_as(path, "picture"), Image.open(str(path), formats=_FORMATS) as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format != "MPO":  # a phone's JPEG with a small one for its screen
            raise InputError(f"{path}: has {frames} frames; expected one picture a file")
        if _is_misread(picture):
            raise InputError(f"{path}: grey of 16 bits with alpha, or with 0 as white; expected plain grey, or 8 bits")
        if picture.mode == "F" or (picture.mode == "I" and not _has_16_bits(picture)):
            raise InputError(f"{path}: has numbers of 32 bits; expected a picture of 8 or 16 bits")
        yield picture


def _is_misread(picture):
    """Whether Pillow gives other values than a file of 16 bits has: of grey with alpha and of white as 0."""
    raw = picture.tile[0][3] if picture.tile else None
    is_white_zero = picture.format == "TIFF" and picture.tag_v2.get(262) == 0  # PhotometricInterpretation
    return raw == "LA;16B" or (is_white_zero and _has_16_bits(picture))


def _has_16_bits(picture):
    return picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM"))


def _from_16_bits(picture, bits):
    from PIL import Image

    values = np.asarray(picture).astype(np.int64)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        values[values == clear] = 0
    peak = 2**bits - 1
    return Image.fromarray(((np.clip(values, 0, peak) * 255 + peak // 2) // peak).astype(np.uint8))
