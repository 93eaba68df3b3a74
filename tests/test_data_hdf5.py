"""HDF5 gives zeros for values that are not there; the kit says which are missing instead."""

import numpy as np
import pytest
from data_files import noise, refused

from utils.data import load

h5py = pytest.importorskip("h5py")
IMAGES = noise(0, 6, 64, 64, 3)


@pytest.fixture
def written(tmp_path):
    """A function that writes images to NAME.h5 and returns the path."""

    def write(name, images=IMAGES, **options):
        with h5py.File(str(tmp_path / f"{name}.h5"), "w") as file:
            file.create_dataset("images", data=images, **options)
        return tmp_path / f"{name}.h5"

    return write


@pytest.fixture
def mapped(tmp_path):
    """A function that writes NAME.h5, whose images are those of SOURCE.h5 from `first` on; its path."""

    def write(name, source, first=0, **options):
        layout = h5py.VirtualLayout(IMAGES.shape, np.uint8, **options)
        layout[first:] = h5py.VirtualSource(f"{source}.h5", "images", IMAGES.shape, **options)[first:]
        with h5py.File(str(tmp_path / f"{name}.h5"), "w") as file:
            file.create_virtual_dataset("images", layout)
        return tmp_path / f"{name}.h5"

    return write


def test_h5_put_together_in_two_steps_is_read(written, mapped):
    written("c")
    mapped("b", "c")
    np.testing.assert_array_equal(load(mapped("a", "b"), "/nowhere").images, IMAGES)


def test_h5_put_together_in_two_steps_follows_the_last_file(written, mapped):
    written("c")
    mapped("b", "c")
    load(mapped("a", "b"), "/nowhere")
    written("c", 255 - IMAGES)
    np.testing.assert_array_equal(load(mapped("a", "b"), "/nowhere").images, 255 - IMAGES)


def test_h5_put_together_without_an_end_is_read(written, tmp_path):
    written("b", maxshape=(None, 64, 64, 3))
    layout = h5py.VirtualLayout(IMAGES.shape, np.uint8, maxshape=(None, 64, 64, 3))
    source = h5py.VirtualSource(str(tmp_path / "b.h5"), "images", IMAGES.shape, maxshape=(None, 64, 64, 3))
    layout[0 : h5py.h5s.UNLIMITED] = source[0 : h5py.h5s.UNLIMITED]
    with h5py.File(str(tmp_path / "a.h5"), "w") as file:
        file.create_virtual_dataset("images", layout)
    np.testing.assert_array_equal(load(tmp_path / "a.h5", "/nowhere").images, IMAGES)


def test_h5_names_a_data_set_that_its_source_lacks(written, mapped, tmp_path):
    with h5py.File(str(written("b")), "a") as file:
        file.move("images", "others")
    refused(mapped("a", "b"), r"b\.h5: no data set 'images' found; .*a\.h5 is put together from it")


def test_h5_names_a_file_that_its_source_lacks(written, mapped):
    written("c").unlink()
    mapped("b", "c")
    refused(mapped("a", "b"), r"c\.h5: cannot be read \(No such file")


def test_h5_names_a_source_that_has_become_shorter(written, mapped):
    written("b", IMAGES[:3])
    refused(mapped("a", "b", 1), r"b\.h5: data set /images of \(3, 64, 64, 3\) found; .*a\.h5 expects a larger one")


def test_h5_that_is_put_together_in_part_is_refused(written, mapped):
    written("b")
    refused(mapped("a", "b", 3), r"a\.h5: data set /images has sources for 36,864 of its 73,728 values")


def test_h5_names_a_raw_file_that_was_cut(written, tmp_path):
    path = written("a", external=[(str(tmp_path / "raw"), 0, IMAGES.nbytes)])
    with open(str(tmp_path / "raw"), "r+b") as file:
        file.truncate(IMAGES.nbytes // 2)
    refused(path, r"raw: ends before the values of /images in .*a\.h5 do; it is truncated")


def test_h5_with_chunks_that_were_never_written_is_refused(tmp_path):
    with h5py.File(str(tmp_path / "a.h5"), "w") as file:
        file.create_dataset("images", IMAGES.shape, np.uint8, chunks=(2, 64, 64, 3))[:2] = IMAGES[:2]
    refused(tmp_path / "a.h5", r"a\.h5: data set /images has 1 of 3 chunks; expected all its values")


def test_h5_that_was_never_written_to_is_refused(tmp_path):
    with h5py.File(str(tmp_path / "a.h5"), "w") as file:
        file.create_dataset("images", IMAGES.shape, np.uint8)
    refused(tmp_path / "a.h5", r"a\.h5: data set /images was never written to")


def test_h5_source_with_chunks_that_were_never_written_is_named(tmp_path, mapped):
    with h5py.File(str(tmp_path / "b.h5"), "w") as file:
        file.create_dataset("images", IMAGES.shape, np.uint8, chunks=(2, 64, 64, 3))[:2] = IMAGES[:2]
    refused(mapped("a", "b"), r"b\.h5: data set /images has 1 of 3 chunks")


def test_h5_whose_last_chunk_is_not_full_is_read(written):
    np.testing.assert_array_equal(load(written("a", chunks=(4, 64, 40, 3)), "/nowhere").images, IMAGES)


def test_h5_labels_that_were_never_written_are_no_zeros(written, capsys):
    path = written("a")
    with h5py.File(str(path), "a") as file:
        file.create_dataset("labels", (6, 1), int)
    assert load(path, "/nowhere").factor_sizes == ()
    assert "a.h5: data set /labels was never written to" in capsys.readouterr().err
