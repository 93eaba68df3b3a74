"""One picture of any common kind as 64 x 64 pixels of 8 bits; docs/data.md describes for users what is listed here.

- Turned upright as its EXIF orientation says, cut to its middle square, scaled with Lanczos' filter.
- Transparent parts are laid over black.
- Grey and colour of 16 bits are scaled to 8 by the largest value that the used bits can hold.
- Palettes, CMYK and one bit a pixel become RGB or grey. Colour profiles are not applied.
- More than one frame, and numbers of 32 bits, are refused.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import NamedTuple

import numpy as np

from utils.data.storage.places import unreadable_as
from utils.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".tga")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "TGA")  # Pillow's names; a file may be called otherwise
_WITH_SIGNATURE = tuple(name for name in _FORMATS if name != "TGA")  # whose first bytes identify them
SIDE = 64
_GREY = ("1", "L", "LA", "La")
_OTHER_ORDER = {  # endings of Pillow's raw modes: of 16 bits a colour, and of the same with each two bytes exchanged
    ";16B": ";16L",
    ";16L": ";16B",
    ";16N": ";16B" if sys.byteorder == "little" else ";16L",
}


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
        with _in_one_line(path), Image.open(str(path), formats=_WITH_SIGNATURE):
            return True
    except Exception:  # parsers of foreign formats raise nearly anything
        return False


def form(path):
    """The Form of a picture. InputError: damaged, or refused."""
    with _opened(path) as picture:
        grey = picture.mode in _GREY or _is_deep_grey(picture)
        if picture.mode == "P":
            palette = np.array(picture.getpalette()).reshape(-1, 3)
            grey = bool((palette == palette[:, :1]).all())
        width, height = picture.size
        return Form(grey, picture.has_transparency_data, width == height, min(width, height) < SIDE)


def largest_value(path):
    """The largest value of a picture of 16 bits, its alpha aside; 0 for another, and for one whose range is known.

    A camera's 10, 12 or 14 bits often come in 16: no header says so, the values of all pictures together do.
    """
    with _opened(path) as picture:
        is_open = picture.format != "PPM" and (_is_deep_grey(picture) or _is_deep_color(picture))
        return int(_deep_values(path, picture)[..., :3].max()) if is_open else 0


def read_picture(path, channels, bits=16):
    """A picture as uint8 (1, 64, 64, channels), channels 1 (grey) or 3 (RGB). InputError: damaged, or refused.

    bits: how many of 16 bits a value are used
    """
    from PIL import Image, ImageOps

    _check_sums(path)
    with _opened(path) as picture:
        if _is_deep_grey(picture) or _is_deep_color(picture):
            used = 16 if picture.format == "PPM" else bits
            whole = _from_16_bits(path, _deep_values(path, picture), used)
        else:
            whole = ImageOps.exif_transpose(picture)
        if whole.has_transparency_data:
            black = Image.new("RGBA", whole.size, (0, 0, 0, 255))
            whole = Image.alpha_composite(black, whole.convert("RGBA")).convert("RGB")
        scaled = ImageOps.fit(whole.convert("L" if channels == 1 else "RGB"), (SIDE, SIDE), Image.LANCZOS)
    return np.asarray(scaled, np.uint8).reshape(1, SIDE, SIDE, channels)


@contextlib.contextmanager
def _opened(path):
    """The picture, which Pillow reads when its pixels are asked for."""
    from PIL import Image  # only those who have pictures wait for the import

    with unreadable_as(path, "picture"), _in_one_line(path), Image.open(str(path), formats=_FORMATS) as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format != "MPO":  # a phone's JPEG with a small one for its screen
            raise InputError(f"{path}: has {frames} frames; expected one picture a file")
        if _is_misread(picture):
            raise InputError(f"{path}: grey of 16 bits with alpha, or with 0 as white; expected plain grey, or 8 bits")
        if picture.mode == "F" or (picture.mode == "I" and not _is_deep_grey(picture)):
            raise InputError(f"{path}: has numbers of 32 bits; expected a picture of 8 or 16 bits")
        yield picture


@contextlib.contextmanager
def _in_one_line(path):
    """Pillow warns of a damaged or large file, with a line of its own source, before it refuses the file.

    InputError: it has more pixels than Pillow takes, which calls that an attack.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # half of what Pillow refuses
        try:
            yield
        except Image.DecompressionBombError:
            most = 2 * Image.MAX_IMAGE_PIXELS
            raise InputError(f"{path}: has more than {most:,} pixels; scale it down, to {SIDE} at best") from None


def _check_sums(path):
    """InputError for a PNG file that does not have its checksums: Pillow itself shows what it lacks as black."""
    with _opened(path) as picture:
        if picture.format == "PNG":
            picture.verify()


def _is_misread(picture):
    """Whether Pillow gives other values than a file of 16 bits has: of grey with alpha and of white as 0."""
    raw = picture.tile[0][3] if picture.tile else None
    is_white_zero = picture.format == "TIFF" and picture.tag_v2.get(262) == 0  # PhotometricInterpretation
    return raw == "LA;16B" or (is_white_zero and _is_deep_grey(picture))


def _is_deep_grey(picture):
    return picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM"))


def _is_deep_color(picture):
    """Whether a picture that is not loaded yet has 16 bits a colour, of which Pillow gives the high 8 alone."""
    raw = {_raw_mode(tile) for tile in picture.tile}
    return bool(raw) and raw <= {mode + order for mode in ("RGB", "RGBA", "RGBX") for order in _OTHER_ORDER}


def _raw_mode(tile):
    """How the values of a part of a picture lie in its file, in Pillow's words."""
    return tile[3] if isinstance(tile[3], str) else tile[3][0] if tile[3] else None


def _deep_values(path, picture):
    """The values of a picture of 16 bits: int32 (height, width, 1, 3 or 4), upright, its clear ones 0."""
    is_color, clear = _is_deep_color(picture), picture.info.get("transparency")
    values = _upright(picture)
    if is_color:
        with _opened(path) as other:
            other.tile = [_exchanged(tile) for tile in other.tile]
            values = 256 * values + _upright(other)
    values = values.reshape(*values.shape[:2], -1)
    if isinstance(clear, (int, tuple)):
        values[(values == clear).all(axis=-1)] = 0
    return values


def _upright(picture):
    from PIL import ImageOps

    return np.asarray(ImageOps.exif_transpose(picture)).astype(np.int32)


def _exchanged(tile):
    """`tile` with each two bytes exchanged, so that Pillow gives the low byte of 16 bits for the high one."""
    raw = _raw_mode(tile)
    other = raw[:-4] + _OTHER_ORDER[raw[-4:]]
    changed = other if isinstance(tile[3], str) else (other, *tile[3][1:])
    return type(tile)(*tile[:3], changed) if hasattr(tile, "_fields") else (*tile[:3], changed)


def _from_16_bits(path, values, bits):
    """An Image of 8 bits of `values` (height, width, 1, 3 or 4), of which `bits` are used."""
    from PIL import Image

    peak, largest = 2**bits - 1, int(values[..., :3].max())
    if largest > peak:
        raise InputError(f"{path}: a value of {largest:,} found; expected at most {peak:,}, as `bits: {bits}` says")
    peaks = np.full(values.shape[-1], peak, np.int32)
    if values[..., 3:].max(initial=0) > peak:  # opaque is often 65,535 whatever the colours use
        peaks[3] = 2**16 - 1
    scaled = ((values * 255 + peaks // 2) // peaks).astype(np.uint8)
    return Image.fromarray(scaled[..., 0] if scaled.shape[-1] == 1 else scaled)
