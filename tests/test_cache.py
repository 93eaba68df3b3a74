import os
from types import SimpleNamespace

import numpy as np
import pytest

from evaluation import protocol
from evaluation.cache import CodesCache, fingerprint
from evaluation.protocol import CHALLENGE, draws_key

POINTS = {"points": np.ones((4, 2), dtype=np.float32)}
VOTES = {"variances": np.ones(2, dtype=np.float32), "local_variances": np.ones((3, 2), dtype=np.float32)}


@pytest.fixture
def cache(tmp_path):
    return CodesCache(tmp_path / "codes", "encoder and data")


def test_cache_gives_back_the_points(cache):
    cache.save("points", "0", POINTS)
    np.testing.assert_array_equal(cache.load("points", "0")["points"], POINTS["points"])


def test_cache_gives_back_the_votes(cache):
    cache.save("votes", "0", VOTES)
    np.testing.assert_array_equal(cache.load("votes", "0")["local_variances"], VOTES["local_variances"])


def test_cache_keeps_parts_apart(cache):
    cache.save("points", "0", POINTS)
    assert cache.load("votes", "0") is None


def test_cache_adds_one_part_to_the_other(cache):
    cache.save("points", "0", POINTS)
    cache.save("votes", "0", VOTES)
    assert cache.load("points", "0") is not None


def test_cache_of_another_encoder_is_not_used(cache):
    cache.save("points", "0", POINTS)
    assert CodesCache(cache.folder, "another").load("points", "0") is None


def test_cache_of_another_seed_is_not_used(cache):
    cache.save("points", "0", POINTS)
    assert cache.load("points", "1") is None


def test_cache_of_other_sizes_is_not_used(cache):
    cache.save("points", draws_key(0, CHALLENGE), POINTS)
    assert cache.load("points", draws_key(0, CHALLENGE._replace(train=20))) is None
    assert cache.load("points", draws_key(0, CHALLENGE)) is not None


def test_cache_of_another_version_of_the_draws_is_not_used(cache, monkeypatch):
    cache.save("points", draws_key(0, CHALLENGE), POINTS)
    monkeypatch.setattr(protocol, "VERSION", protocol.VERSION + 1)
    assert cache.load("points", draws_key(0, CHALLENGE)) is None


def test_cache_takes_its_folder_as_a_string(tmp_path):
    CodesCache(str(tmp_path / "codes"), "encoder and data").save("points", "0", POINTS)
    assert CodesCache(str(tmp_path / "codes"), "encoder and data").load("points", "0") is not None


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_cache_that_is_broken_is_not_used(cache, content):
    cache.folder.mkdir()
    (cache.folder / "points.npz").write_bytes(content)
    assert cache.load("points", "0") is None


def test_cache_cut_short_is_not_used(cache):
    cache.save("points", "0", POINTS)
    path = cache.folder / "points.npz"
    path.write_bytes(path.read_bytes()[:-30])
    assert cache.load("points", "0") is None


def test_cache_that_cannot_be_unpacked_is_not_used(cache):
    cache.save("points", "0", POINTS)
    path = cache.folder / "points.npz"
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(mark) + place] = 8  # says that the first array is compressed
    path.write_bytes(content)
    assert cache.load("points", "0") is None


def dataset(images, name="set"):
    return SimpleNamespace(name=name, factor_sizes=(len(images),), images=images)


def test_fingerprint_changes_with_the_encoder():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    assert fingerprint("one", dataset(images)) != fingerprint("two", dataset(images))


def test_fingerprint_changes_with_the_pixels():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    assert fingerprint("one", dataset(images)) != fingerprint("one", dataset(images + np.uint8(1)))


def test_fingerprint_changes_with_the_name():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    assert fingerprint("one", dataset(images)) != fingerprint("one", dataset(images, "other"))


def test_fingerprint_changes_with_the_numbers_of_values():
    images = np.zeros((6, 2, 2, 1), np.uint8)
    sizes = [SimpleNamespace(name="own", factor_sizes=each, images=images) for each in ((2, 3), (3, 2))]
    assert fingerprint("one", sizes[0]) != fingerprint("one", sizes[1])


def test_fingerprint_asks_for_images_alone():
    zeros, ones = (SimpleNamespace(images=np.full((3, 2, 2, 1), value, np.uint8)) for value in (0, 1))
    assert fingerprint("one", zeros) != fingerprint("one", ones)


def changed_fingerprint(make, change):
    """Fingerprints before and after `change` of the images that `make` opens."""
    before = fingerprint("one", dataset(make()))
    change()
    return before, fingerprint("one", dataset(make()))


@pytest.fixture
def mapped(tmp_path):
    """A function that maps a file of 1000 images."""
    np.save(tmp_path / "images.npy", np.zeros((1000, 2, 2, 1), np.uint8))
    return lambda: np.load(tmp_path / "images.npy", mmap_mode="r")


def test_fingerprint_of_a_file_stays_while_nothing_changes(mapped):
    before, after = changed_fingerprint(mapped, lambda: None)
    assert before == after


def test_fingerprint_changes_with_one_image_of_many():
    images = np.zeros((1000, 2, 2, 1), np.uint8)
    before, after = changed_fingerprint(lambda: images, lambda: images.__setitem__((501, 0), 1))
    assert before != after


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_fingerprint_changes_with_pixels_of_a_mapped_file_that_are_changed_in_memory(tmp_path, mapped, mode):
    images = np.load(mapped().filename, mmap_mode=mode)
    before, after = changed_fingerprint(lambda: images, lambda: images.__setitem__((501, 0), 1))
    assert before != after


def test_fingerprint_changes_with_a_mapped_file_that_is_replaced_by_an_older_one(tmp_path, mapped):
    def replace():
        path = tmp_path / "images.npy"
        np.save(tmp_path / "other.npy", np.ones((1000, 2, 2, 1), np.uint8))
        os.utime(str(tmp_path / "other.npy"), ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        os.replace(str(tmp_path / "other.npy"), str(path))

    before, after = changed_fingerprint(mapped, replace)
    assert before != after


def test_fingerprint_changes_with_a_mapped_file_that_is_written_to(tmp_path, mapped):
    def write():
        path = tmp_path / "images.npy"
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        np.load(path, mmap_mode="r+")[501] = 1
        os.utime(str(path), ns=times)

    before, after = changed_fingerprint(mapped, write)
    assert before != after


def test_fingerprint_tells_parts_of_one_file_apart(mapped):
    parts = (mapped()[:500], mapped()[500:])
    assert len({fingerprint("one", dataset(part)) for part in parts}) == 2


def test_fingerprint_changes_with_the_labels():
    images, labels = np.zeros((4, 2, 2, 1), np.uint8), np.array([[0], [1], [0], [1]])
    sets = [
        SimpleNamespace(name="own", factor_sizes=(2,), images=images, labels=each) for each in (labels, labels[::-1])
    ]
    one, other = (fingerprint("one", each) for each in sets)
    assert one != other
