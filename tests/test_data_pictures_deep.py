"""Pictures of 16 bits a value are scaled by the bits that they use, grey and colour alike."""

import struct
import zlib

import numpy as np
import pytest
from data_files import noise, refused, write_png
from PIL import Image

from utils.data import load
from utils.data.storage.pictures import form, largest_value, read_picture
from utils.errors import InputError

RAMP = np.tile(np.linspace(0, 65535, 64).round().astype(np.uint16), (64, 1))  # 16 bits, mean 32767.5
GREY, COLOR = noise(0, 64, 64), noise(1, 64, 64, 3)
DEEP = np.random.RandomState(2).randint(0, 65536, size=(64, 64, 3)).astype(np.uint16)


@pytest.fixture
def saved(tmp_path):
    """A function that saves an array under a name and returns the path."""

    def save(image, name="a.png", **options):
        Image.fromarray(image).save(str(tmp_path / name), **options)
        return tmp_path / name

    return save


def pixels(path, channels=3, **options):
    return read_picture(path, channels, **options)[0]


def scaled(values, bits=16):
    return np.round(values.astype(float) * 255 / (2**bits - 1)).astype(np.uint8)


def write_tiff(path, array, order, is_packed):
    """A TIFF file of 16 bits a colour, its bytes in the `order` < or >: Pillow writes none."""
    content = array.astype(order + "u2").tobytes()
    content = zlib.compress(content) if is_packed else content
    height, width, channels = array.shape
    sizes = struct.pack(order + "4H", *[16] * 4)
    tags = [(256, width), (257, height), (258, 8), (259, 8 if is_packed else 1), (262, 2), (273, 16), (277, channels)]
    tags += [(278, height), (279, len(content))] + [(338, 2)] * (channels == 4)
    start = 16 + len(content) + len(content) % 2
    lines = [struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags]
    lines[2] = struct.pack(order + "HHII", 258, 3, channels, 8)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start) + sizes
    body = content + b"\0" * (len(content) % 2)
    path.write_bytes(head + body + struct.pack(order + "H", len(lines)) + b"".join(lines) + b"\0" * 4)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_read_picture_scales_16_bits(saved, name):
    path = saved(RAMP, name)
    assert form(path).is_grey
    assert largest_value(path) == 65535
    found = pixels(path, 1)[..., 0]
    np.testing.assert_array_equal(found, np.round(RAMP / 257).astype(np.uint8))
    assert found.mean() == 127.5


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_read_picture_scales_12_bits_in_16(saved, name):
    path = saved((RAMP // 16).astype(np.uint16), name)
    assert largest_value(path) == 4095
    found = pixels(path, 1, bits=12)[..., 0]
    np.testing.assert_array_equal(found, np.round(RAMP // 16 * (255 / 4095)).astype(np.uint8))


def test_read_picture_knows_the_range_of_a_16_bit_pgm(tmp_path):
    values = np.tile(np.linspace(0, 4095, 64).round().astype(">u2"), (64, 1))
    (tmp_path / "a.pgm").write_bytes(b"P5 64 64 4095\n" + values.tobytes())
    assert largest_value(tmp_path / "a.pgm") == 0
    np.testing.assert_array_equal(pixels(tmp_path / "a.pgm", 1, bits=8)[..., 0], np.round(values * (255 / 4095)))


def test_read_picture_takes_16_bits_a_colour(tmp_path):
    path = write_png(tmp_path / "a.png", (COLOR.astype(np.uint16) * 257).astype(">u2"), 16, 2)
    np.testing.assert_array_equal(pixels(path), COLOR)


def test_read_picture_refuses_grey_of_16_bits_with_alpha_of_which_pillow_gives_half(tmp_path):
    grey = np.stack([GREY, np.full_like(GREY, 255)], axis=-1).astype(np.uint16)
    path = write_png(tmp_path / "a.png", grey.astype(">u2"), 16, 4)
    with pytest.raises(InputError, match=r"a\.png: grey of 16 bits with alpha"):
        pixels(path, 1)


def test_read_picture_refuses_grey_of_16_bits_whose_white_is_0(saved):
    path = saved(GREY.astype(np.uint16), "a.tif", tiffinfo={262: 0})
    with pytest.raises(InputError, match=r"a\.tif: .* with 0 as white"):
        pixels(path, 1)


def test_read_picture_makes_the_clear_value_of_16_bits_black(tmp_path):
    values = np.where(GREY > 100, 0x4321, 0x1234).astype(">u2")
    path = write_png(tmp_path / "a.png", values, 16, 0, (b"tRNS", struct.pack(">H", 0x4321)))
    np.testing.assert_array_equal(pixels(path, 1)[..., 0], np.where(GREY > 100, 0, round(0x1234 / 257)))


def test_read_picture_turns_16_bits_too(saved):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(np.ascontiguousarray(RAMP.T[::-1]), exif=exif)
    np.testing.assert_array_equal(pixels(path, 1)[..., 0], np.round(RAMP / 257))


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_read_picture_takes_16_bits_a_colour_of_tiff(tmp_path, order, is_packed):
    path = write_tiff(tmp_path / "a.tif", DEEP, order, is_packed)
    assert largest_value(path) == DEEP.max()
    np.testing.assert_array_equal(pixels(path), scaled(DEEP))


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_read_picture_scales_colours_by_the_bits_that_they_use(tmp_path, bits):
    values = DEEP >> (16 - bits)
    path = write_png(tmp_path / "a.png", values.astype(">u2"), 16, 2)
    assert largest_value(path) == values.max()
    np.testing.assert_array_equal(pixels(path, bits=bits), scaled(values, bits))


@pytest.mark.parametrize(("opaque", "bits"), [(65535, 12), (4095, 12), (65535, 16)])
def test_read_picture_leaves_what_is_opaque_as_bright_as_it_is(tmp_path, opaque, bits):
    values = np.dstack([DEEP >> (16 - bits), np.full_like(GREY, opaque, np.uint16)])
    path = write_png(tmp_path / "a.png", values.astype(">u2"), 16, 6)
    assert largest_value(path) == values[..., :3].max()
    np.testing.assert_array_equal(pixels(path, bits=bits), scaled(values[..., :3], bits))


def test_read_picture_makes_the_clear_colour_of_16_bits_black(tmp_path):
    clear = DEEP[3, 4]
    path = write_png(tmp_path / "a.png", DEEP.astype(">u2"), 16, 2, (b"tRNS", clear.astype(">u2").tobytes()))
    expected = np.where((clear == DEEP).all(axis=-1, keepdims=True), 0, scaled(DEEP))
    np.testing.assert_array_equal(pixels(path), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_read_picture_refuses_a_value_above_the_bits_that_are_used(tmp_path, channels):
    values = np.full((64, 64, channels), 4080, ">u2")
    path = write_png(tmp_path / "a.png", values, 16, 0 if channels == 1 else 2)
    with pytest.raises(InputError, match=r"a\.png: a value of 4,080 found; expected at most 255, as `bits: 8` says"):
        pixels(path, channels, bits=8)


def test_own_folder_finds_the_used_bits_of_colour_pictures(tmp_path, capsys):
    for number in range(2):
        write_png(tmp_path / f"{number}.png", np.full((64, 64, 3), 4080 * number, ">u2"), 16, 2)
    assert load(tmp_path, "/nowhere").images[:, 0, 0, 0].tolist() == [0, 254]
    assert "no picture of 16 bits has a value above 4,080, so they are read as 12 bits" in capsys.readouterr().err


def test_own_folder_refuses_bits_that_its_pictures_exceed(tmp_path):
    write_png(tmp_path / "7.png", np.full((64, 64), 4080, ">u2"), 16, 0)
    (tmp_path / "factors.yml").write_text("bits: 8\n")
    refused(tmp_path, r"7\.png: a value of 4,080 found")
