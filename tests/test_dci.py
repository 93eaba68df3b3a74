import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as generated
from scored_codes import ALL, draw_factors, frozen, halves, random_codes

from evaluation import dci
from evaluation.metrics.dci import weighted_concentration

AGREED = 5e-4  # what the official importances may differ by between seeds to count as agreed upon


@pytest.fixture(scope="module")
def scored():
    return {name: dci(*halves(frozen(name))) for name in ALL}


@pytest.fixture(scope="module")
def official():
    """Of the original for numpy seeds 0 to 4: NAME_importances (5, codes, factors) and NAME_scores (5, 4)."""
    return frozen("dci_seeds")


@pytest.mark.parametrize("name", ALL)
def test_dci_is_within_the_official_spread(scored, official, name):
    scores = official[f"{name}_scores"]
    found = [scored[name][key] for key in ("disentanglement", "completeness")]
    spread = np.ptp(scores[:, :2], axis=0)
    np.testing.assert_array_less(np.abs(found - scores[:, :2].mean(axis=0)), spread + 1e-9)


@pytest.mark.parametrize("name", ALL)
def test_dci_equals_the_official_informativeness(scored, official, name):
    found = [scored[name]["informativeness_train"], scored[name]["informativeness_test"]]
    np.testing.assert_allclose(found, official[f"{name}_scores"][:, 2:].mean(axis=0), atol=2e-3)


@pytest.mark.parametrize("name", ALL)
def test_dci_equals_the_official_importances_where_they_agree(scored, official, name):
    importances = official[f"{name}_importances"]
    agreed = np.ptp(importances, axis=0) < AGREED
    difference = np.abs(scored[name]["importance_matrix"] - importances.mean(axis=0))
    assert difference[agreed].max() < AGREED


def test_dci_of_perfect_codes():
    factors = draw_factors(300)
    codes = factors.astype(np.float32)
    found = dci(codes, factors, codes, factors)
    assert [found[key] for key in ("disentanglement", "completeness", "informativeness_test")] == pytest.approx([1] * 3)


def test_dci_of_constant_codes():
    factors = draw_factors(300)
    codes = np.ones((300, 3), dtype=np.float32)
    assert dci(codes, factors, codes, factors)["disentanglement"] == pytest.approx(0)


def test_dci_of_random_codes():
    factors = draw_factors(1000)
    codes = random_codes(1000, 3)
    assert dci(codes, factors, codes, factors)["disentanglement"] < 0.1


def test_dci_shares_importance_among_duplicated_codes():
    factors = draw_factors(300)
    codes = np.hstack([factors, factors]).astype(np.float32)
    found = dci(codes, factors, codes, factors)["importance_matrix"]
    np.testing.assert_allclose(found[:3] + found[3:], np.eye(3), atol=1e-9)
    assert found[:3].diagonal().min() > 0.2
    assert found[3:].diagonal().min() > 0.2


def test_dci_of_a_code_that_mixes_two_factors():
    factors = draw_factors(1000, sizes=(2, 2))
    codes = np.stack([factors @ [2, 1], np.zeros(1000)], axis=1).astype(np.float32)
    found = dci(codes, factors, codes, factors)
    np.testing.assert_allclose(found["importance_matrix"], [[1, 1], [0, 0]])
    assert found["disentanglement"] == pytest.approx(0, abs=1e-9)


def test_dci_ignores_the_order_of_codes():
    factors = draw_factors(300)
    codes = factors.astype(np.float32) + 0.3 * random_codes(300, 3)
    found = dci(codes, factors, codes, factors)["importance_matrix"]
    turned = dci(codes[:, ::-1], factors, codes[:, ::-1], factors)["importance_matrix"]
    np.testing.assert_allclose(turned[::-1], found, atol=0.01)


def test_dci_ignores_powers_of_two():
    factors = draw_factors(300)
    codes = factors.astype(np.float32) + 0.3 * random_codes(300, 3)
    large = codes * np.float32(1024)
    np.testing.assert_allclose(
        dci(large, factors, large, factors)["importance_matrix"],
        dci(codes, factors, codes, factors)["importance_matrix"],
    )


def test_dci_leaves_constant_factors_out():
    codes, factors, codes_test, factors_test = (part[:200] for part in halves(frozen("mixed")))
    padded = dci(codes, np.insert(factors, 4, 1, axis=1), codes_test, np.insert(factors_test, 4, 1, axis=1))
    assert padded["disentanglement"] == dci(codes, factors, codes_test, factors_test)["disentanglement"]


def test_dci_refuses_a_single_factor_that_varies():
    with pytest.raises(ValueError, match="1 of 2 vary, expected 2"):
        dci(random_codes(9, 2), np.eye(9, 2, dtype=int) * [1, 0], random_codes(9, 2), np.zeros((9, 2), dtype=int))


@given(generated(np.float64, (4, 3), elements=st.floats(0, 1)))
def test_weighted_concentration_is_bounded(importances):
    assert -1e-9 <= weighted_concentration(importances) <= 1 + 1e-9


def test_weighted_concentration_of_a_permutation():
    assert weighted_concentration(np.eye(3)[[2, 0, 1]]) == pytest.approx(1)


def test_weighted_concentration_of_equal_importances():
    assert weighted_concentration(np.full((4, 3), 0.25)) == pytest.approx(0, abs=1e-9)


def test_weighted_concentration_of_nothing():
    assert weighted_concentration(np.zeros((4, 3))) == pytest.approx(0, abs=1e-9)
