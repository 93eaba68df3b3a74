import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_codes import ALL, draw_factors, frozen, random_codes

from evaluation import irs


@pytest.mark.parametrize("name", ALL)
def test_irs_equals_the_official_score(name):
    arrays = frozen(name)
    assert irs(arrays["codes_train"], arrays["factors_train"])["IRS"] == pytest.approx(arrays["irs_score"], abs=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_irs_equals_the_official_matrix(name):
    arrays = frozen(name)
    found = irs(arrays["codes_train"], arrays["factors_train"])
    np.testing.assert_allclose(found["IRS_matrix"], arrays["irs_matrix"], atol=1e-6)


def test_irs_of_perfect_codes():
    factors = draw_factors()
    assert irs(factors.astype(np.float32), factors)["IRS"] == pytest.approx(1)


@pytest.mark.parametrize("value", [1.0, 0.1, -1.1, -0.80688])  # the last ones have a variance by rounding
def test_irs_of_constant_codes(value):
    factors = draw_factors(10000)
    found = irs(np.full((len(factors), 3), value, dtype=np.float32), factors)
    assert (found["IRS"], found["num_active_dims"]) == (0.0, 0)


def test_irs_of_random_codes():
    factors = draw_factors(10000)
    codes = np.random.RandomState(0).uniform(-1, 1, size=(10000, 4)).astype(np.float32)
    assert irs(codes, factors)["IRS"] == pytest.approx(0.01, abs=0.01)  # the quantile leaves 1 % out


def test_irs_of_duplicated_codes():
    factors = draw_factors()
    codes = random_codes(len(factors), 3)
    assert irs(np.hstack([codes, codes]), factors)["IRS"] == pytest.approx(irs(codes, factors)["IRS"])


def test_irs_drops_a_constant_that_has_a_variance_by_rounding():
    factors = draw_factors(10000)
    codes = random_codes(len(factors), 3)
    more = np.hstack([codes, np.full((len(codes), 1), -0.80688)])
    assert irs(more, factors)["IRS"] == pytest.approx(irs(codes, factors)["IRS"])


def test_irs_counts_the_codes_that_vary():
    factors = draw_factors()
    codes = random_codes(len(factors), 4)
    codes[:, 2] = 5
    found = irs(codes, factors)
    assert found["num_active_dims"] == 3
    assert found["active_dims"].tolist() == [0, 1, 3]


def test_irs_finds_the_parents():
    factors = draw_factors()
    assert irs(factors[:, [2, 0, 1]].astype(np.float32), factors)["parents"].tolist() == [2, 0, 1]


def test_irs_ignores_the_order_of_codes():
    arrays = frozen("mixed")
    codes, factors = arrays["codes_train"], arrays["factors_train"]
    assert irs(codes[:, ::-1], factors)["IRS"] == pytest.approx(irs(codes, factors)["IRS"])


def test_irs_ignores_a_common_scale():
    arrays = frozen("mixed")
    codes, factors = arrays["codes_train"], arrays["factors_train"]
    assert irs(codes * np.float32(1024), factors)["IRS"] == pytest.approx(irs(codes, factors)["IRS"], abs=1e-6)


def test_irs_weighs_codes_by_their_largest_deviation():
    arrays = frozen("mixed")
    found = irs(arrays["codes_train"], arrays["factors_train"])
    weighted = np.average(found["disentanglement_scores"], weights=found["max_deviations"])
    assert found["IRS"] == pytest.approx(weighted)


def test_irs_bounds_the_chunks(monkeypatch):
    arrays = frozen("mixed")
    whole = irs(arrays["codes_train"], arrays["factors_train"])
    monkeypatch.setattr(sys.modules["evaluation.metrics.irs"], "CHUNK", 3)
    np.testing.assert_allclose(irs(arrays["codes_train"], arrays["factors_train"])["IRS_matrix"], whole["IRS_matrix"])


@pytest.mark.parametrize("offset", [10**17, -(2**62), 2**63 - 5])
def test_irs_ignores_where_large_factors_begin(offset):
    factors = draw_factors()
    codes = factors + random_codes(len(factors), 3)
    assert irs(codes, factors + offset)["IRS"] == irs(codes, factors)["IRS"]


@pytest.mark.parametrize("quantile", [1.5, -0.5, np.nan])
def test_irs_refuses_a_quantile_that_is_none(quantile):
    with pytest.raises(ValueError, match=rf"quantile: {quantile}, expected a number from 0 to 1"):
        irs(random_codes(60, 3), draw_factors(60), quantile=quantile)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), n=st.integers(5, 60))
def test_irs_is_at_most_one(seed, n):
    assert irs(random_codes(n, 3, seed), draw_factors(n, seed=seed))["IRS"] <= 1


def test_irs_of_codes_of_two_values_can_be_below_0():
    """In a bin 10 of 100 codes differ and stray by 1.8 from the mean; of all the mean is 0, and none strays by 1.8."""
    codes = np.repeat([[-1.0], [1.0], [-1.0], [1.0]], [10, 90, 90, 10], axis=0)
    factors = np.repeat([[0], [1]], [100, 100], axis=0)
    assert irs(np.tile(codes, 2), factors)["IRS"] == pytest.approx(1 - 1.8)


def test_irs_takes_factors_that_do_not_vary():
    factors = draw_factors()
    padded = np.insert(factors, 0, 1, axis=1)
    assert irs(factors.astype(np.float32), padded)["IRS"] == pytest.approx(1)
