"""A data set's fingerprint changes with what is read, and with nothing else."""

import os
import shutil

import numpy as np
import pytest
from data_files import SPRITE_SIZES, noise, write_dsprites, write_scream

from utils.data import load
from utils.data.dataset import DataSet
from utils.data.storage import fingerprint as module

IMAGES = noise(0, 12, 64, 64, 3)
NAMES = ("a", "b")


@pytest.fixture
def large(monkeypatch):
    """Every mapped file counts as too large to be read as a whole."""
    monkeypatch.setattr(module, "READ_WHOLE", 0)
    monkeypatch.setattr(module, "SAMPLED", 2)


def changed(place):
    images = IMAGES.copy()
    images[place] ^= 1
    return images


def write(folder, name, images):
    """`images` in a file of the kind that the name's ending says; returns the fingerprint of what is loaded."""
    path = folder / name
    if name.endswith(".npy"):
        np.save(str(path), images)
    else:
        (np.savez_compressed if name.startswith("packed") else np.savez)(str(path), images=images)
    return load(path, folder).fingerprint


def test_fingerprint_is_that_of_the_images_and_factors():
    one = DataSet("one", IMAGES, (3, 4), NAMES)
    assert one.fingerprint == DataSet("other", IMAGES.copy(), (3, 4), NAMES).fingerprint
    others = [
        DataSet("one", changed((5, 0, 0, 0)), (3, 4), NAMES),
        DataSet("one", IMAGES, (4, 3), NAMES),
        DataSet("one", IMAGES, (3, 4), ("a", "c")),
        DataSet("one", IMAGES, (3, 4), NAMES, hidden=(1,)),
        DataSet("one", IMAGES.reshape(12, 64, 64 * 3, 1), (3, 4), NAMES),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_images_fingerprint_does_not_depend_on_factors():
    with_factors, without = DataSet("one", IMAGES, (3, 4), NAMES), DataSet("one", IMAGES, (), ())
    assert with_factors.images_fingerprint == without.images_fingerprint
    assert with_factors.fingerprint != without.fingerprint


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "packed.npz"])
def test_fingerprint_of_a_file_is_that_of_its_images(tmp_path, name):
    assert write(tmp_path, name, IMAGES) == DataSet("a", IMAGES, (), ()).fingerprint


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "packed.npz"])
@pytest.mark.parametrize("place", [0, 5, 11])
def test_fingerprint_of_a_large_file_changes_with_any_image(tmp_path, large, name, place):
    before = write(tmp_path, name, IMAGES)
    assert write(tmp_path, name, changed(place)) != before


@pytest.mark.parametrize("name", ["a.npz", "packed.npz"])
def test_fingerprint_of_a_large_archive_survives_a_copy(tmp_path, large, name):
    before = write(tmp_path, name, IMAGES)
    shutil.copy(str(tmp_path / name), str(tmp_path / ("packed2" + name)))
    os.utime(str(tmp_path / ("packed2" + name)), (1e9, 1e9))
    assert load("packed2" + name, tmp_path).fingerprint == before


def test_fingerprint_of_a_large_file_survives_a_move_with_its_times(tmp_path, large):
    before = write(tmp_path, "a.npy", IMAGES)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy2(str(tmp_path / "a.npy"), str(tmp_path / "elsewhere"))
    assert load("a.npy", tmp_path / "elsewhere").fingerprint == before


def test_fingerprint_reads_a_large_file_in_part(tmp_path, large, monkeypatch):
    np.save(str(tmp_path / "a.npy"), IMAGES)
    read = []
    monkeypatch.setattr(module, "digest_of", lambda *parts: read.append(len(parts[-1])) or "")
    module.images_digest(load("a.npy", tmp_path).images)
    assert read == [2 * IMAGES[0].nbytes]


def test_fingerprint_of_drawn_pictures_names_their_surroundings(tmp_path):
    write_dsprites(tmp_path)
    write_scream(tmp_path)
    names = ("dsprites_full", "dsprites_noshape", "color_dsprites", "noisy_dsprites", "scream_dsprites")
    found = [load(name, tmp_path, sizes=SPRITE_SIZES).fingerprint for name in names]
    assert len(set(found)) == len(names)
    assert [load(name, tmp_path, sizes=SPRITE_SIZES).fingerprint for name in names] == found


def test_fingerprint_of_drawn_pictures_draws_none(tmp_path, monkeypatch):
    write_dsprites(tmp_path)
    data = load("noisy_dsprites", tmp_path, sizes=SPRITE_SIZES)
    monkeypatch.setattr(type(data.images), "draw", None)
    assert len(data.fingerprint) == 32


def test_digest_of_keeps_its_parts_apart():
    assert module.digest_of("ab", "c") != module.digest_of("a", "bc")
    assert module.digest_of(b"a") != module.digest_of("a")
