"""Each kind of picture gives the right pixels, or is refused by name."""

import warnings

import numpy as np
import pytest
from data_files import noise
from PIL import Image

from utils.data.storage.pictures import form, read_picture
from utils.errors import InputError

GREY, COLOR = noise(0, 64, 64), noise(1, 64, 64, 3)
BLOCKS = noise(2, 8, 8, 3).repeat(8, axis=0).repeat(8, axis=1)  # what JPEG keeps nearly as it is


@pytest.fixture
def saved(tmp_path):
    """A function that saves a picture (array or Image) under a name and returns the path."""

    def save(image, name="a.png", **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(str(tmp_path / name), **options)
        return tmp_path / name

    return save


def pixels(path, channels=3, **options):
    return read_picture(path, channels, **options)[0]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.ppm", "a.tga", "a.TIFF"])
def test_read_picture_gives_the_pixels_of_a_colour_picture(saved, name):
    np.testing.assert_array_equal(pixels(saved(COLOR, name)), COLOR)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.pgm", "a.gif", "a.tga"])
def test_read_picture_gives_the_pixels_of_a_grey_picture(saved, name):
    path = saved(GREY, name)
    assert form(path).is_grey
    np.testing.assert_array_equal(pixels(path, 1)[..., 0], GREY)
    np.testing.assert_array_equal(pixels(path, 3), np.stack([GREY] * 3, axis=-1))


def test_read_picture_keeps_lossless_webp(saved):
    np.testing.assert_array_equal(pixels(saved(COLOR, "a.webp", lossless=True)), COLOR)


def test_read_picture_of_jpeg_is_near(saved):
    assert np.abs(pixels(saved(BLOCKS, "a.jpg", quality=95)).astype(int) - BLOCKS).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_read_picture_turns_as_exif_says(saved, orientation):
    """The standard's table: where row 0 and column 0 of what is stored are in the picture."""
    stored = {
        1: COLOR,
        2: COLOR[:, ::-1],
        3: COLOR[::-1, ::-1],
        4: COLOR[::-1],
        5: COLOR.transpose(1, 0, 2),
        6: COLOR.transpose(1, 0, 2)[::-1],
        7: COLOR[::-1, ::-1].transpose(1, 0, 2),
        8: COLOR.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(pixels(saved(np.ascontiguousarray(stored), exif=exif)), COLOR)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_read_picture_lays_transparent_parts_over_black(saved, name):
    alpha = np.where(GREY > 128, 255, 0).astype(np.uint8)
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    path = saved(np.dstack([COLOR, alpha]), name, **options)
    assert not form(path).is_grey
    np.testing.assert_array_equal(pixels(path), COLOR * (alpha[..., np.newaxis] == 255))


def test_read_picture_blends_half_transparent_parts_with_black(saved):
    found = pixels(saved(np.dstack([COLOR, np.full_like(GREY, 51)])))
    np.testing.assert_allclose(found, COLOR * 0.2, atol=0.51)


def test_read_picture_of_grey_and_alpha_stays_grey(saved):
    alpha = np.where(COLOR[..., 0] > 128, 255, 0).astype(np.uint8)
    path = saved(Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]))
    assert form(path).is_grey
    np.testing.assert_array_equal(pixels(path, 1)[..., 0], GREY * (alpha == 255))


@pytest.mark.parametrize(("image", "clear"), [(GREY // 2, 7), (COLOR, (9, 8, 7)), (GREY > 128, 1)])
def test_read_picture_makes_one_clear_colour_black(saved, image, clear):
    image = image.copy()
    if image.dtype == np.uint8:
        image[5:9, 5:9] = clear
    shown = np.where(image, 255, 0).astype(np.uint8) if image.dtype == bool else image
    path = saved(Image.fromarray(image), transparency=255 if clear == 1 else clear)
    is_clear = shown == (255 if clear == 1 else clear)
    expected = np.where(is_clear.all(axis=-1, keepdims=True) if image.ndim == 3 else is_clear, 0, shown)
    expected = expected if image.ndim == 3 else np.stack([expected] * 3, axis=-1)
    np.testing.assert_array_equal(pixels(path), expected)


def palette_picture(colors):
    """An Image of 64 x 64 whose pixels are numbers of the given colours, and those colours: uint8 (64, 64, 3)."""
    numbers = GREY % len(colors)
    image = Image.frombytes("P", (64, 64), numbers.tobytes())
    image.putpalette(np.asarray(colors, np.uint8).tobytes())
    return image, np.asarray(colors, np.uint8)[numbers]


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.bmp", "a.tif"])
def test_read_picture_looks_palettes_up(saved, name):
    image, expected = palette_picture(noise(4, 16, 3))
    path = saved(image, name)
    assert not form(path).is_grey
    np.testing.assert_array_equal(pixels(path), expected)


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_read_picture_of_a_palette_with_transparency_is_over_black(saved, name):
    image, expected = palette_picture(noise(4, 16, 3))
    path = saved(image, name, transparency=3)
    assert form(path).has_alpha
    np.testing.assert_array_equal(pixels(path), np.where((GREY % 16 == 3)[..., np.newaxis], 0, expected))


def test_read_picture_of_a_palette_of_greys_is_grey(saved):
    image, expected = palette_picture(np.repeat(noise(4, 16, 1), 3, axis=1))
    path = saved(image)
    assert form(path).is_grey
    np.testing.assert_array_equal(pixels(path, 1), expected[..., :1])


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.pbm", "a.gif"])
def test_read_picture_of_one_bit_is_black_and_white(saved, name):
    path = saved(Image.fromarray(GREY > 128), name)
    assert form(path).is_grey
    np.testing.assert_array_equal(pixels(path, 1)[..., 0], np.where(GREY > 128, 255, 0))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_read_picture_turns_cmyk_to_rgb(saved, name):
    """Ink 0 is white: (255 - C) (255 - K) / 255."""
    inks = np.dstack([BLOCKS, np.full((64, 64), 51, np.uint8)])
    image = Image.frombytes("CMYK", (64, 64), inks.tobytes())
    found = pixels(saved(image, name, **({"quality": 95} if name == "a.jpg" else {})))
    assert np.abs(found - (255.0 - BLOCKS) * 0.8).mean() < (12 if name == "a.jpg" else 0.6)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_read_picture_refuses_more_than_one_frame(saved, name):
    frames = [Image.fromarray(noise(seed, 64, 64, 3)) for seed in range(2)]
    path = saved(frames[0], name, save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"a\.\w+: has 2 frames; expected one picture a file"):
        pixels(path)


def test_read_picture_takes_the_first_of_a_phones_pair(saved):
    pair = [Image.fromarray(BLOCKS), Image.fromarray(BLOCKS[:8, :8])]
    path = saved(pair[0], "a.jpg", format="MPO", save_all=True, append_images=pair[1:], quality=95)
    assert np.abs(pixels(path).astype(int) - BLOCKS).mean() < 12


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_read_picture_refuses_32_bits(saved, dtype):
    with pytest.raises(InputError, match=r"a\.tif: has numbers of 32 bits"):
        pixels(saved(GREY.astype(dtype), "a.tif"))


@pytest.mark.parametrize(("height", "width"), [(64, 192), (192, 64)])
def test_read_picture_cuts_the_middle_square(saved, height, width):
    image = np.zeros((height, width, 3), np.uint8)
    top, left = (height - 64) // 2, (width - 64) // 2
    image[top : top + 64, left : left + 64] = COLOR
    np.testing.assert_array_equal(pixels(saved(image)), COLOR)


def test_read_picture_goes_by_the_contents_among_the_kinds_that_it_reads(saved):
    np.testing.assert_array_equal(pixels(saved(COLOR, "a.jpg", format="PNG")), COLOR)
    with pytest.raises(InputError, match=r"a\.png: no readable picture"):
        pixels(saved(COLOR, "a.png", format="PCX"))


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n", b"", b"no picture", b"\x89PNG\r\n\x1a\n"]
)
def test_read_picture_names_what_is_not_one(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.png: no readable picture"):
        pixels(tmp_path / "a.png")


def test_read_picture_refuses_a_png_whose_end_is_still_zeros(saved):
    """As a copy leaves it that was stopped after the file got its size; Pillow shows the rest as black."""
    path = saved(COLOR[:2, :2].repeat(32, axis=0).repeat(32, axis=1))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(InputError, match=r"a\.png: no readable picture \(broken PNG file"):
        pixels(path)


def test_read_picture_says_in_one_way_alone_that_a_file_is_damaged(saved):
    path = saved(COLOR, "a.tif", compression="tiff_lzw")
    path.write_bytes(path.read_bytes()[:-8])
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(InputError, match=r"a\.tif: no readable picture \(cannot identify"):
            pixels(path)
    assert not found


@pytest.mark.parametrize(("most", "is_read"), [(64 * 64, True), (64 * 64 - 1, True), (64 * 32 - 1, False)])
def test_read_picture_refuses_what_is_too_large_for_pillow_and_warns_of_nothing(saved, monkeypatch, most, is_read):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    if is_read:
        np.testing.assert_array_equal(pixels(saved(COLOR)), COLOR)
    else:
        with pytest.raises(InputError, match="has more than 4,094 pixels; scale it down, to 64 at best"):
            pixels(saved(COLOR))
