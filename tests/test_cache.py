from types import SimpleNamespace

import numpy as np
import pytest

from evaluation.cache import CodesCache, fingerprint
from evaluation.protocol import CHALLENGE

POINTS = {"points": np.ones((4, 2), dtype=np.float32)}
VOTES = {"variances": np.ones(2, dtype=np.float32), "local_variances": np.ones((3, 2), dtype=np.float32)}


@pytest.fixture
def cache(tmp_path):
    return CodesCache(tmp_path / "codes", "encoder and data")


def test_cache_gives_back_the_points(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    np.testing.assert_array_equal(cache.load("points", 0, CHALLENGE)["points"], POINTS["points"])


def test_cache_gives_back_the_votes(cache):
    cache.save("votes", 0, CHALLENGE, VOTES)
    np.testing.assert_array_equal(cache.load("votes", 0, CHALLENGE)["local_variances"], VOTES["local_variances"])


def test_cache_keeps_parts_apart(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    assert cache.load("votes", 0, CHALLENGE) is None


def test_cache_adds_one_part_to_the_other(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    cache.save("votes", 0, CHALLENGE, VOTES)
    assert cache.load("points", 0, CHALLENGE) is not None


def test_cache_of_another_encoder_is_not_used(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    assert CodesCache(cache.folder, "another").load("points", 0, CHALLENGE) is None


def test_cache_of_another_seed_is_not_used(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    assert cache.load("points", 1, CHALLENGE) is None


def test_cache_of_other_sizes_is_not_used(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    assert cache.load("points", 0, CHALLENGE._replace(train=20)) is None


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_cache_that_is_broken_is_not_used(cache, content):
    cache.folder.mkdir()
    (cache.folder / "points.npz").write_bytes(content)
    assert cache.load("points", 0, CHALLENGE) is None


def test_cache_cut_short_is_not_used(cache):
    cache.save("points", 0, CHALLENGE, POINTS)
    path = cache.folder / "points.npz"
    path.write_bytes(path.read_bytes()[:-30])
    assert cache.load("points", 0, CHALLENGE) is None


def dataset(images, name="set"):
    return SimpleNamespace(name=name, factor_sizes=(len(images),), images=images)


def test_fingerprint_changes_with_the_encoder(tmp_path):
    images = np.zeros((3, 2, 2, 1), np.uint8)
    found = []
    for content in (b"one", b"two"):
        (tmp_path / "encoder.pt").write_bytes(content)
        found.append(fingerprint(tmp_path / "encoder.pt", dataset(images)))
    assert found[0] != found[1]


def test_fingerprint_changes_with_the_pixels(tmp_path):
    (tmp_path / "encoder.pt").write_bytes(b"one")
    images = np.zeros((3, 2, 2, 1), np.uint8)
    assert fingerprint(tmp_path / "encoder.pt", dataset(images)) != fingerprint(
        tmp_path / "encoder.pt", dataset(images + np.uint8(1))
    )


def test_fingerprint_changes_with_the_name(tmp_path):
    (tmp_path / "encoder.pt").write_bytes(b"one")
    images = np.zeros((3, 2, 2, 1), np.uint8)
    assert fingerprint(tmp_path / "encoder.pt", dataset(images)) != fingerprint(
        tmp_path / "encoder.pt", dataset(images, "other")
    )
