"""MPI3D's files are found, told apart by their number of images, and mapped."""

from pathlib import Path

import numpy as np
import pytest

from utils.data import load
from utils.data.storage import npz
from utils.errors import InputError


@pytest.fixture
def write(tmp_path):
    """A function that writes NAME.npz of `count` black images; sparse, so that it takes no room on the disk."""

    def write_file(name, count):
        shape = (count, 64, 64, 3)
        (tmp_path / name).mkdir()
        with open(str(tmp_path / name / f"{name}.npz"), "wb") as file:
            file.write(npz.head("images", shape))
            file.truncate(file.tell() + int(np.prod(shape, dtype=np.int64)))
            file.seek(0, 2)
            file.write(npz.tail("images", shape, 0))
        return tmp_path

    return write_file


@pytest.mark.parametrize("name", ["mpi3d_toy", "mpi3d_realistic", "mpi3d_real"])
def test_mpi3d_sizes_follow_from_the_number_of_images(write, name):
    assert load(name, write(name, 1_036_800)).factor_sizes == (6, 6, 2, 3, 3, 40, 40)


@pytest.mark.parametrize("name", ["mpi3d_toy", "mpi3d_real_complex"])
def test_mpi3d_knows_the_files_of_four_colors_and_shapes(write, name):
    assert load(name, write(name, 460_800)).factor_sizes == (4, 4, 2, 3, 3, 40, 40)


def test_mpi3d_factor_names_are_the_published_ones(write):
    names = load("mpi3d_real", write("mpi3d_real", 460_800)).factor_names
    assert names[0] == "object_color"
    assert names[-1] == "vertical_axis"


@pytest.mark.parametrize(("name", "count"), [("mpi3d_toy", 28_800), ("mpi3d_real_complex", 1_036_800)])
def test_mpi3d_refuses_a_number_of_images_that_fits_no_sizes(write, name, count):
    with pytest.raises(InputError, match=rf"{name}\.npz: {count:,} images found, expected 460,800 \(4x4x2x3x3x40x40\)"):
        load(name, write(name, count))


def test_mpi3d_missing_says_where_it_looked_and_how_to_get_it(tmp_path):
    with pytest.raises(InputError) as caught:
        load("mpi3d_real", tmp_path)
    assert str(tmp_path / "mpi3d_real" / "mpi3d_real.npz") in str(caught.value)
    assert "python -m utils.data fetch mpi3d_real" in str(caught.value)


def bytes_read():
    """Bytes that this process has asked the system for, cached or not."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["rchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="this system does not count reads")
def test_mpi3d_opens_without_reading_its_images(write):
    root = write("mpi3d_real", 1_036_800)
    before = bytes_read()
    load("mpi3d_real", root)
    assert bytes_read() - before < 2**20  # of 12.7 GB
