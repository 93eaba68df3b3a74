"""The sprites: every factor shows, and the file is written once."""

import itertools

import numpy as np
import pytest

from utils.data import load
from utils.data.sets import sprites
from utils.errors import InputError

SMALL = (3, 2, 2, 2, 2)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sprites, "SIZES", SMALL)


@pytest.mark.usefixtures("small")
def test_sprites_hold_each_picture_at_its_factors_place(tmp_path):
    data = load("sprites", tmp_path)
    assert data.factor_sizes == SMALL
    for factors in itertools.product(*(range(size) for size in SMALL)):
        place = int(data.index(np.array([factors]))[0])
        np.testing.assert_array_equal(data.images[place], sprites.picture(*factors))


@pytest.mark.usefixtures("small")
def test_sprites_are_drawn_once(tmp_path, monkeypatch):
    first = np.array(load("sprites", tmp_path).images)
    monkeypatch.setattr(sprites, "picture", None)
    np.testing.assert_array_equal(load("sprites", tmp_path).images, first)


def test_sprites_are_not_drawn_for_a_list(tmp_path):
    with pytest.raises(InputError, match="not rendered yet"):
        load("sprites", tmp_path, render=False)


@pytest.mark.usefixtures("small")
def test_sprites_name_a_damaged_file(tmp_path):
    load("sprites", tmp_path)
    (path,) = tmp_path.glob("sprites/*.npz")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"sprites-v1\.npz.*delete .* and it will be rendered again"):
        load("sprites", tmp_path)


@pytest.mark.parametrize("factor", range(1, 5))
def test_picture_differs_with_every_step_of_a_factor(factor):
    for shape in range(3):
        values = [[shape, 1, 1, 5, 5] for _ in range(sprites.SIZES[factor])]
        for value, factors in enumerate(values):
            factors[factor] = value
        images = [sprites.picture(*factors) for factors in values]
        assert all((a != b).sum() > 20 for a, b in zip(images, images[1:]))


def test_picture_differs_between_shapes():
    images = [sprites.picture(shape, 0, 1, 5, 5).astype(int) for shape in range(3)]
    assert all((np.abs(a - b) > 100).sum() > 10 for a, b in itertools.combinations(images, 2))


def test_no_shape_is_cut_by_the_frame():
    for shape, orientation, x, y in itertools.product(range(3), range(8), (0, 11), (0, 11)):
        area, whole = (int(sprites.picture(shape, 3, orientation, *place).sum()) for place in ((x, y), (6, 6)))
        assert area == pytest.approx(whole, rel=0.01)
