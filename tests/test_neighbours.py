import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif

from evaluation.metrics.neighbours import neighbour_information


@pytest.mark.parametrize("sizes", [(50, 60, 30), (200, 22), (1, 90, 40)])
@pytest.mark.parametrize("decimals", [1, 12])
def test_neighbour_information_equals_scikit_learns(sizes, decimals):
    classes = np.repeat(np.arange(len(sizes)), sizes)
    values = np.round(np.random.RandomState(0).randn(len(classes)) + classes, decimals)
    noise = np.random.RandomState(1).standard_normal(len(classes))
    expected = mutual_info_classif(values[:, None], classes, discrete_features=False, n_neighbors=10, random_state=1)
    assert neighbour_information(values, classes, noise) == pytest.approx(expected[0], abs=1e-12)


def test_neighbour_information_of_separate_classes():
    classes = np.repeat([0, 1], 500)
    values = 10 * classes + np.random.RandomState(0).rand(1000)
    assert neighbour_information(values, classes, np.zeros(1000)) == pytest.approx(np.log(2), abs=0.01)


def test_neighbour_information_of_an_independent_variable():
    random_state = np.random.RandomState(0)
    found = neighbour_information(random_state.randn(4000), random_state.randint(2, size=4000), np.zeros(4000))
    assert found == pytest.approx(0, abs=0.02)


def test_neighbour_information_of_classes_of_one_point():
    assert neighbour_information(np.arange(4.0), np.arange(4), np.zeros(4)) == 0


def test_neighbour_information_of_classes_of_two_points():
    # One neighbour in the own class, no other point as near: digamma(4) - digamma(2) = 1 / 2 + 1 / 3.
    found = neighbour_information(np.array([0.0, 1, 10, 11]), np.array([0, 0, 1, 1]), np.zeros(4))
    assert found == pytest.approx(5 / 6)
