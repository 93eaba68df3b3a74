"""The contract that training and evaluation build on."""

import numpy as np
import pytest

from utils.data.dataset import DataSet
from utils.errors import InputError

SIZES, NAMES = (2, 3, 1, 4), ("a", "b", "c", "d")
IMAGES = np.arange(24, dtype=np.uint8).reshape(24, 1, 1, 1)


def test_index_runs_through_the_images_in_order():
    data = DataSet("grid", IMAGES, SIZES, NAMES)
    points = np.stack(np.unravel_index(np.arange(24), SIZES), axis=1)
    np.testing.assert_array_equal(data.index(points), np.arange(24))


@pytest.mark.parametrize("value", [3, 99, -1])
@pytest.mark.parametrize("hidden", [(), (0,)])
def test_index_refuses_points_that_are_not_on_the_grid(value, hidden):
    points = np.array([[0, 0, 0], [value, 0, 0]]) if hidden else np.array([[0, 0, 0, 0], [0, value, 0, 0]])
    data = DataSet("grid", IMAGES, SIZES, NAMES, hidden)
    with pytest.raises(InputError, match=f"data set grid: b {value}, expected 0 to 2"):
        data.index(points, np.random.RandomState(0))


@pytest.mark.parametrize("points", [[[0, 0, 0]], [[0, 0.9, 0, 0]], [0, 0, 0, 0]])
def test_observe_refuses_what_is_no_points(points):
    with pytest.raises(InputError, match=r"data set grid: factors \w+ \(.*\), expected integers \(num, 4\)"):
        DataSet("grid", IMAGES, SIZES, NAMES).observe(points)


def test_index_of_a_full_grid_draws_nothing():
    data, random_state = DataSet("grid", IMAGES, SIZES, NAMES), np.random.RandomState(0)
    data.index(data.sample_factors(5, np.random.RandomState(1)), random_state)
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)


def test_sample_factors_stay_within_their_sizes():
    drawn = DataSet("grid", IMAGES, SIZES, NAMES).sample_factors(500, np.random.RandomState(0))
    assert [len(np.unique(column)) for column in drawn.T] == list(SIZES)


def test_data_set_refuses_sizes_that_do_not_fit():
    with pytest.raises(InputError, match="data set grid: 24 images found"):
        DataSet("grid", IMAGES, (2, 3, 5), NAMES[:3])


def test_hidden_factor_is_not_among_the_factors():
    data = DataSet("grid", IMAGES, SIZES, NAMES, hidden=(1,))
    assert (data.factor_names, data.factor_sizes) == (("a", "c", "d"), (2, 1, 4))


def test_hidden_factor_takes_every_value():
    data = DataSet("grid", IMAGES, SIZES, NAMES, hidden=(1,))
    places = data.index(np.tile([1, 0, 2], (200, 1)), np.random.RandomState(0))
    assert set(places) == {14, 18, 22}


def test_hidden_factor_needs_a_random_state():
    data = DataSet("grid", IMAGES, SIZES, NAMES, hidden=(1,))
    with pytest.raises(InputError, match="needs a random state"):
        data.index([[1, 0, 2]])


def test_hidden_factor_of_one_value_needs_none():
    data = DataSet("grid", IMAGES, SIZES, NAMES, hidden=(2,))
    assert not data.images_are_drawn
    assert data.index([[1, 0, 2]]) == [14]


def test_observe_gives_the_images_at_the_points():
    data = DataSet("grid", IMAGES, SIZES, NAMES)
    assert data.observe([[1, 2, 0, 3], [0, 0, 0, 0]]).ravel().tolist() == [23, 0]
