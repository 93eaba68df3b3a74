import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_codes import ALL, draw_factors, frozen, random_codes

from evaluation import mig


@pytest.mark.parametrize("name", ALL)
def test_mig_equals_the_official_score(name):
    arrays = frozen(name)
    found = mig(arrays["codes_train"], arrays["factors_train"])
    assert found["discrete_mig"] == pytest.approx(arrays["mig_score"], abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_mig_equals_the_official_information(name):
    arrays = frozen(name)
    found = mig(arrays["codes_train"], arrays["factors_train"])
    np.testing.assert_allclose(found["mutual_information"], arrays["mutual_information"], atol=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_mig_equals_the_official_entropies(name):
    arrays = frozen(name)
    found = mig(arrays["codes_train"], arrays["factors_train"])
    np.testing.assert_allclose(found["factor_entropies"], arrays["factor_entropies"], atol=1e-9)


def test_mig_of_perfect_codes():
    factors = np.stack(np.meshgrid(range(3), range(4), range(2)), axis=-1).reshape(-1, 3)
    assert mig(factors.astype(np.float32), factors)["discrete_mig"] == pytest.approx(1)


def test_mig_of_constant_codes():
    factors = draw_factors()
    assert mig(np.ones((len(factors), 4), dtype=np.float32), factors)["discrete_mig"] == pytest.approx(0)


def test_mig_of_random_codes():
    factors = draw_factors(10000)
    assert mig(random_codes(10000, 5), factors)["discrete_mig"] < 0.01


def test_mig_of_duplicated_codes():
    factors = draw_factors()
    assert mig(np.hstack([factors, factors]).astype(np.float32), factors)["discrete_mig"] == pytest.approx(0)


def test_mig_of_one_code_for_two_factors():
    factors = np.stack(np.meshgrid(range(2), range(2)), axis=-1).reshape(-1, 2)
    codes = np.stack([factors @ [2, 1], np.zeros(4)], axis=1).astype(np.float32)
    assert mig(codes, factors)["mutual_information"] == pytest.approx(np.log(2) * np.array([[1, 1], [0, 0]]))


def test_mig_ignores_the_order_of_codes():
    arrays = frozen("mixed")
    codes, factors = arrays["codes_train"], arrays["factors_train"]
    assert mig(codes[:, ::-1], factors)["discrete_mig"] == pytest.approx(mig(codes, factors)["discrete_mig"])


def test_mig_ignores_powers_of_two():
    arrays = frozen("mixed")
    codes, factors = arrays["codes_train"], arrays["factors_train"]
    assert mig(codes * np.float32(2**10), factors)["discrete_mig"] == mig(codes, factors)["discrete_mig"]


def test_mig_leaves_constant_factors_out():
    arrays = frozen("mixed")
    codes, factors = arrays["codes_train"], arrays["factors_train"]
    padded = np.insert(factors, 1, 7, axis=1)
    assert mig(codes, padded)["discrete_mig"] == mig(codes, factors)["discrete_mig"]


def test_mig_does_not_depend_on_jobs():
    arrays = frozen("mixed")
    codes, factors = np.tile(arrays["codes_train"], (1, 20)), arrays["factors_train"]
    found = [mig(codes, factors, jobs=jobs)["mutual_information"] for jobs in (1, 2)]
    np.testing.assert_array_equal(*found)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), n=st.integers(5, 60))
def test_mig_is_bounded(seed, n):
    factors = draw_factors(n, seed=seed)
    assert -1e-9 <= mig(random_codes(n, 3, seed), factors)["discrete_mig"] <= 1 + 1e-9


def test_mig_names_a_code_that_is_not_finite():
    codes = random_codes(10, 3)
    codes[4, 1] = np.nan
    with pytest.raises(ValueError, match="latent 1 is NaN"):
        mig(codes, draw_factors(10))


def test_mig_refuses_one_code():
    with pytest.raises(ValueError, match="at least 2"):
        mig(random_codes(10, 1), draw_factors(10))


def test_mig_refuses_other_numbers_of_samples():
    with pytest.raises(ValueError, match="9 samples, expected 10"):
        mig(random_codes(10, 2), draw_factors(9))


def test_mig_refuses_factors_that_do_not_vary():
    with pytest.raises(ValueError, match="0 of 2 vary"):
        mig(random_codes(10, 2), np.ones((10, 2), dtype=int))
