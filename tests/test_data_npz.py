"""Arrays in .npz files are mapped in place, and written so that NumPy reads them."""

import io
import os
import zipfile
import zlib

import numpy as np
import pytest

from utils.data.storage import npz
from utils.data.storage.images import npz_images
from utils.errors import InputError

IMAGES = np.random.RandomState(0).randint(0, 256, size=(5, 64, 64, 3)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "images.npz"


def written(array, key="images"):
    """The bytes that our own writer makes of an array."""
    checksum = zlib.crc32(array.tobytes(), zlib.crc32(npz.array_header(array.shape)))
    return npz.head(key, array.shape, checksum) + array.tobytes() + npz.tail(key, array.shape, checksum)


def with_array_header(path, header):
    """A zip archive whose member `images.npy` holds just these bytes."""
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("images.npy", header)


def test_map_array_reads_what_numpy_saves(path):
    np.savez(path, first=np.arange(3), images=IMAGES)
    np.testing.assert_array_equal(npz.map_array(path, "images"), IMAGES)


def test_map_array_maps_instead_of_reading(path):
    np.savez(path, images=IMAGES)
    assert isinstance(npz.map_array(path, "images"), np.memmap)


def test_map_array_tells_compressed_arrays(path):
    np.savez_compressed(path, images=IMAGES)
    assert npz.map_array(path, "images") is None


def test_written_archive_is_read_by_numpy(path):
    path.write_bytes(written(IMAGES))
    with np.load(str(path)) as archive:
        np.testing.assert_array_equal(archive["images"], IMAGES)


def test_written_archive_passes_the_checksum_test(path):
    path.write_bytes(written(IMAGES))
    with zipfile.ZipFile(str(path)) as archive:
        assert archive.testzip() is None


def test_map_array_reads_the_written_archive(path):
    path.write_bytes(written(IMAGES))
    np.testing.assert_array_equal(npz_images(path), IMAGES)


def test_map_array_reads_beyond_four_gigabytes(path):
    shape = (400_000, 64, 64, 3)
    with open(str(path), "wb") as file:  # sparse: all but the ends takes no room on the disk
        file.write(npz.head("images", shape))
        file.seek(int(np.prod(shape, dtype=np.int64)) - 1, io.SEEK_CUR)
        file.write(b"\7")
        file.write(npz.tail("images", shape, 0))
    assert npz_images(path)[-1, -1, -1, -1] == 7


def test_map_array_names_the_keys_that_are_there(path):
    np.savez(path, pictures=IMAGES)
    with pytest.raises(InputError, match=r"images\.npz: no key 'images' found, only: pictures"):
        npz_images(path)


def test_map_array_refuses_pickles(path):
    np.savez(path, images=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="pickled"):
        npz_images(path)


def test_map_array_refuses_fortran_order(path):
    np.savez(path, images=np.asfortranarray(IMAGES))
    with pytest.raises(InputError, match="Fortran"):
        npz_images(path)


def test_map_array_refuses_what_is_no_archive(path):
    path.write_bytes(b"not a zip archive")
    with pytest.raises(InputError, match=r"images\.npz: no readable \.npz file"):
        npz_images(path)


def test_map_array_refuses_a_truncated_archive(path):
    path.write_bytes(written(IMAGES)[:-30])
    with pytest.raises(InputError, match=r"images\.npz"):
        npz_images(path)


def test_map_array_refuses_more_images_than_bytes(path):
    header = npz.array_header((10, 64, 64, 3))
    with_array_header(path, header + IMAGES.tobytes())
    with pytest.raises(InputError, match="truncated"):
        npz_images(path)


@pytest.mark.parametrize(
    "shape", ["(-5, 64, 64, 3)", "(5, 64, 64, 3.0)", "(True, 64, 64, 3)", "5", "(99999999999,) * 9"]
)
def test_map_array_refuses_impossible_shapes(path, shape):
    fields = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    with_array_header(path, b"\x93NUMPY\1\0" + len(fields).to_bytes(2, "little") + fields.encode() + IMAGES.tobytes())
    with pytest.raises(InputError, match=r"images\.npz"):
        npz_images(path)


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES[:, :32], IMAGES[0], IMAGES[..., :2], IMAGES[:0]])
def test_npz_images_says_what_was_found(path, images):
    np.savez(path, images=images)
    with pytest.raises(InputError) as caught:
        npz_images(path)
    assert f"{images.dtype} {images.shape} found" in str(caught.value)


def test_npz_images_names_a_missing_file(path):
    with pytest.raises(InputError, match=r"images\.npz: cannot be read"):
        npz_images(path)


def test_npz_images_names_a_symlink_loop(path):
    path.symlink_to(path)
    with pytest.raises(InputError, match=r"images\.npz: cannot be read"):
        npz_images(path)


def test_npz_images_converts_a_compressed_array_once(path):
    np.savez_compressed(path, images=IMAGES)
    np.testing.assert_array_equal(npz_images(path), IMAGES)
    (copy,) = path.parent.glob("images.npz.unpacked-*.npy")
    np.testing.assert_array_equal(np.load(str(copy)), IMAGES)
    os.utime(str(copy), (2e9, 2e9))
    npz_images(path)
    assert copy.stat().st_mtime == 2e9


def test_npz_images_converts_another_key_anew(path):
    np.savez_compressed(path, images=IMAGES, others=255 - IMAGES)
    npz_images(path)
    np.testing.assert_array_equal(npz_images(path, "others"), 255 - IMAGES)
    assert len(list(path.parent.glob("*.npy"))) == 1


def test_npz_images_names_damaged_compressed_data(path):
    np.savez_compressed(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"images\.npz: no readable \.npz file"):
        npz_images(path)


def test_npz_images_leaves_no_converted_file_of_damaged_data(path):
    np.savez_compressed(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(InputError):
        npz_images(path)
    assert list(path.parent.glob("*.npy")) == []
