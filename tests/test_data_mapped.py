"""Images by position are those of the plain array, whatever way they come."""

import gc
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from data_files import noise
from joblib import Parallel, delayed

from utils.data import load
from utils.data.storage.mapped import MappedImages, batched, drop_from_memory
from utils.errors import InputError

IMAGES = noise(0, 7, 64, 64, 3)


@pytest.fixture
def mapped(tmp_path):
    np.save(str(tmp_path / "a.npy"), IMAGES)
    return batched(np.load(str(tmp_path / "a.npy"), mmap_mode="r"), large=0)


@pytest.mark.parametrize(
    "index",
    [
        np.array([3, 0, 6, 3]),
        np.array([-1, 2]),
        np.array([1], np.uint8),
        np.array([], np.int64),
        np.array([[1, 2], [3, 4]]),
        np.arange(7) % 2 == 0,
        slice(1, 6, 2),
        [2, 5],
        4,
        (slice(None), 0, 0),
    ],
)
def test_mapped_images_index_as_an_array_does(mapped, index):
    np.testing.assert_array_equal(mapped[index], IMAGES[index])


def test_mapped_images_of_a_view_are_its_own(mapped):
    np.testing.assert_array_equal(mapped[2:][np.array([0, 1])], IMAGES[2:4])
    np.testing.assert_array_equal(mapped.reshape(7, 8, 8, 192)[np.array([2])], IMAGES.reshape(7, 8, 8, 192)[[2]])


def test_mapped_images_by_position_can_be_written_to(mapped):
    batch = mapped[np.array([1, 2])]
    batch[:] = 0
    np.testing.assert_array_equal(mapped[1], IMAGES[1])


@pytest.mark.parametrize("position", [7, -8])
def test_mapped_images_refuse_positions_outside(mapped, position):
    with pytest.raises(IndexError):
        mapped[np.array([0, position])]


def test_mapped_images_notice_that_the_file_was_cut(mapped):
    os.truncate(str(mapped.filename), 30_000)
    with pytest.raises(InputError, match=r"a\.npy: ends early"):
        mapped[np.array([0, 6])]


def test_mapped_images_close_their_file(tmp_path):
    np.save(str(tmp_path / "a.npy"), IMAGES)
    mapped = batched(np.load(str(tmp_path / "a.npy"), mmap_mode="r"), large=0)
    descriptor = mapped._descriptor
    os.fstat(descriptor)
    del mapped
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_batched_leaves_arrays_in_memory_alone():
    assert batched(IMAGES, large=0) is IMAGES


def test_batched_reads_small_files_through_the_map(tmp_path):
    np.save(str(tmp_path / "a.npy"), IMAGES)
    images = batched(np.load(str(tmp_path / "a.npy"), mmap_mode="r"))
    assert images._descriptor is None
    np.testing.assert_array_equal(images[np.array([3, 0])], IMAGES[[3, 0]])


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_mapped_images_are_pickled_by_their_path(mapped, protocol):
    packed = pickle.dumps(mapped, protocol)
    assert len(packed) < 1000
    np.testing.assert_array_equal(pickle.loads(packed), IMAGES)


def test_mapped_images_of_a_view_are_pickled_with_their_contents(mapped):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mapped[2:4])), IMAGES[2:4])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mapped.reshape(7, -1))), IMAGES.reshape(7, -1))


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"other"), lambda path: path.unlink()])
def test_mapped_images_that_were_pickled_notice_another_file(mapped, change):
    packed = pickle.dumps(mapped)
    change(Path(mapped.filename))
    with pytest.raises(InputError, match=r"a\.npy: (was changed after it was opened|cannot be read)"):
        pickle.loads(packed)


def test_data_sets_are_handed_to_other_processes_by_joblib(tmp_path):
    """Real loky, which pickles; a memory map that joblib does not know would be copied byte by byte."""
    np.save(str(tmp_path / "a.npy"), IMAGES)
    data = load("a.npy", tmp_path)
    tasks = (delayed(_first_bytes)(data, number) for number in (0, 5))
    assert Parallel(2, backend="loky")(tasks) == [IMAGES[0].tobytes(), IMAGES[5].tobytes()]


def _first_bytes(data, number):
    return data.images[np.array([number])].tobytes()


def test_batched_is_still_a_memory_map(mapped):
    assert isinstance(mapped, MappedImages)
    assert mapped.nbytes == IMAGES.nbytes


def test_drop_from_memory_needs_a_file(mapped):
    assert not drop_from_memory(IMAGES)
    assert drop_from_memory(mapped)
    np.testing.assert_array_equal(mapped[np.arange(7)], IMAGES)


@pytest.mark.parametrize("flags", [None, -1])
def test_mapped_images_are_read_where_nothing_tells_what_is_in_memory(mapped, monkeypatch, flags):
    monkeypatch.setattr("utils.data.storage.mapped.NO_WAIT", flags)
    np.testing.assert_array_equal(mapped[np.array([3, 0])], IMAGES[[3, 0]])
