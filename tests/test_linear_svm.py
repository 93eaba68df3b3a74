import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.sklearn_0_20.linear_svm import fit_classes, rand, seed_rand


@pytest.mark.parametrize(
    ("seed", "first", "thousandth"),
    [
        (0, [1804289383, 846930886, 1681692777], 987987334),
        (1, [1804289383, 846930886, 1681692777], 987987334),
        (42, [71876166, 708592740, 1483128881], 953383689),
        (2147483646, [1320593690, 1199968952, 1432693999], 1195524631),
    ],
)
def test_rand_is_the_c_library_s(seed, first, thousandth):
    state = seed_rand(seed)
    numbers = [rand(state) for _ in range(1004)]
    assert (numbers[:3], numbers[-1]) == (first, thousandth)


def test_rand_of_another_seed_differs():
    assert rand(seed_rand(2)) != rand(seed_rand(1))


def objective(machine, x, sign, weights):
    slack = np.maximum(0, 1 - sign * (machine[0] * x + machine[1]))
    return 0.5 * np.sum(machine**2) + np.sum(weights * slack**2)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(10, 200), spread=st.floats(0.01, 2))
def test_fit_classes_finds_the_optimum(seed, n, spread):
    random_state = np.random.RandomState(seed)
    counts = np.array([n // 2, n - n // 2])
    x = random_state.randn(n) * spread
    machine = fit_classes(x, counts, 0.01, seed)[0]
    sign = np.repeat([-1.0, 1.0], counts)
    weights = np.repeat(0.01 * n / (2 * counts), counts)
    best = objective(machine, x, sign, weights)
    for step in 1e-2 * random_state.randn(20, 2):
        assert best <= objective(machine + step, x, sign, weights) + 1e-6


def test_fit_classes_one_machine_for_two_classes():
    assert fit_classes(np.array([-1.0, 1.0]), np.array([1, 1]), 0.01, 0).shape == (1, 2)


def test_fit_classes_one_machine_a_class_for_three():
    assert fit_classes(np.array([-1.0, 0.0, 1.0]), np.array([1, 1, 1]), 0.01, 0).shape == (3, 2)


def test_fit_classes_repeats_itself():
    x, counts = np.random.RandomState(0).randn(30) * 1e6, np.array([10, 10, 10])
    np.testing.assert_array_equal(fit_classes(x, counts, 0.01, 7), fit_classes(x, counts, 0.01, 7))
