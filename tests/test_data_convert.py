"""Unpacking happens once, goes on where it was stopped, and never leaves half a file under the final name."""

import os

import numpy as np
import pytest
from data_files import noise

from utils.data.storage.convert import converted, unpacked
from utils.errors import InputError

IMAGES = noise(0, 8, 64, 64, 1)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source").write_bytes(b"source")
    return tmp_path / "source"


def one_by_one(first):
    for image in IMAGES[first:]:
        yield image[np.newaxis]


def never(first):
    raise AssertionError(f"read again from {first}")


def unpack(source, read_from=one_by_one, shape=IMAGES.shape):
    return converted(unpacked(source), [source], shape, read_from)


def test_converted_holds_what_was_read(source):
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_is_made_once(source):
    unpack(source)
    np.testing.assert_array_equal(unpack(source, never), IMAGES)


def test_converted_goes_on_where_it_was_stopped(source):
    def stopped(first):
        yield IMAGES[:3]
        raise KeyboardInterrupt

    starts = []

    def go_on(first):
        starts.append(first)
        return one_by_one(first)

    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    assert not unpacked(source).exists()
    np.testing.assert_array_equal(unpack(source, go_on), IMAGES)
    assert starts == [3]


def test_converted_starts_over_when_the_source_has_changed(source):
    def stopped(first):
        yield 255 - IMAGES[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    source.write_bytes(b"another source")
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_makes_a_damaged_file_anew(source):
    unpack(source)
    whole = unpacked(source).read_bytes()
    unpacked(source).write_bytes(whole[:-1])
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_makes_an_old_file_anew(source):
    unpack(source, lambda first: iter([255 - IMAGES]))
    os.utime(str(source), (2e9, 2e9))
    np.testing.assert_array_equal(unpack(source), IMAGES)


@pytest.mark.parametrize("blocks", [[IMAGES[:7]], [IMAGES, IMAGES], [IMAGES[..., 0]], [IMAGES.astype(float)]])
def test_converted_refuses_other_images_than_announced(source, blocks):
    with pytest.raises(InputError, match=r"source\.unpacked\.npy"):
        unpack(source, lambda first: iter(blocks))
    assert not unpacked(source).exists()


def test_converted_needs_room_on_the_disk(source, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(InputError, match="GB free on the disk"):
        unpack(source)


def test_converted_names_a_folder_that_cannot_be_written(source, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("utils.data.storage.partial.os.open", refuse)
    with pytest.raises(InputError, match=r"source\.unpacked\.npy: cannot be written \(Permission denied\)"):
        unpack(source)
