import numpy as np
import pytest
from scored_codes import draw_factors, frozen, frozen_codes, random_codes

from evaluation.metrics.gaussian_correlation import gaussian_correlation, total_correlation, wasserstein_correlation

TOTAL, DISTANCE, SHARE = (
    "gaussian_total_correlation",
    "gaussian_wasserstein_correlation",
    "gaussian_wasserstein_correlation_norm",
)
GRID = np.stack(np.meshgrid(range(3), range(4), range(2)), axis=-1).reshape(-1, 3).astype(np.float32)


@pytest.mark.parametrize("name", ["mixed", "aligned", "random_encoder_10"])
@pytest.mark.parametrize("key", [TOTAL, DISTANCE, SHARE])
def test_gaussian_correlation_equals_the_official_value(name, key):
    found = gaussian_correlation(frozen(name)["codes_train"])[key]
    assert found == pytest.approx(frozen_codes(name)[key], abs=1e-11)  # other linear algebra, double precision


@pytest.mark.parametrize("key", [DISTANCE, SHARE])
def test_gaussian_correlation_equals_the_official_distance_of_degenerate_codes(key):
    found = gaussian_correlation(frozen("degenerate")["codes_train"])[key]
    # two codes are equal: the root of an eigenvalue that is 0 but for rounding, which is 1e-8 here and there
    assert found == pytest.approx(frozen_codes("degenerate")[key], abs=1e-6)


def test_gaussian_correlation_of_perfect_codes():
    assert list(gaussian_correlation(GRID).values()) == pytest.approx([0, 0, 0], abs=1e-12)


def test_gaussian_correlation_of_constant_codes():
    assert list(gaussian_correlation(np.full((50, 3), 0.1, np.float32)).values()) == [0, 0, 0]


def test_gaussian_correlation_of_one_code_that_varies():
    codes = np.ones((50, 3), np.float32)
    codes[:, 1] = np.arange(50)
    assert list(gaussian_correlation(codes).values()) == pytest.approx([0, 0, 0], abs=1e-12)


def test_gaussian_correlation_of_random_codes():
    found = gaussian_correlation(random_codes(10000, 5))
    assert 0 < found[TOTAL] < 0.01
    assert 0 < found[SHARE] < 0.01


def test_gaussian_correlation_of_duplicated_codes():
    found = gaussian_correlation(np.hstack([GRID, GRID]))
    # each pair [[1, 1], [1, 1]] has one root sqrt(2) and one 0: 2 (2 - sqrt 2) of 2
    assert (found[TOTAL], found[SHARE]) == (np.inf, pytest.approx(2 - np.sqrt(2), abs=1e-7))


def test_gaussian_correlation_of_a_sum_of_codes():
    codes = random_codes(100, 2).astype(np.float64)
    whole = np.round(np.column_stack([codes, codes.sum(axis=1)]) * 64)
    whole[:, 2] = whole[:, 0] + whole[:, 1]
    assert gaussian_correlation(whole)[TOTAL] == np.inf


def test_gaussian_correlation_ignores_the_order_of_codes():
    codes = frozen("mixed")["codes_train"]
    turned, straight = gaussian_correlation(codes[:, ::-1]), gaussian_correlation(codes)
    assert turned == pytest.approx(straight)


def test_total_correlation_ignores_the_scale_of_each_code():
    codes = frozen("mixed")["codes_train"]
    scaled = codes * np.float32(2) ** np.arange(-4, 4, dtype=np.float32)
    assert gaussian_correlation(scaled)[TOTAL] == pytest.approx(gaussian_correlation(codes)[TOTAL])


def test_normalised_distance_ignores_the_scale_of_all_codes():
    codes = frozen("mixed")["codes_train"]
    assert gaussian_correlation(codes * 8)[SHARE] == pytest.approx(gaussian_correlation(codes)[SHARE])


@pytest.mark.parametrize("r", [0.0, 0.5, -0.9])
def test_total_correlation_of_two_codes(r):
    found = total_correlation(np.array([[4.0, 2 * r], [2 * r, 1.0]]))
    assert found == pytest.approx(-np.log(1 - r**2) / 2)


@pytest.mark.parametrize("r", [0.0, 0.5, -0.9])
def test_wasserstein_correlation_of_two_codes(r):
    found = wasserstein_correlation(np.array([[1.0, r], [r, 1.0]]))
    assert found == pytest.approx(2 * (2 - np.sqrt(1 + r) - np.sqrt(1 - r)))


def test_gaussian_correlation_refuses_one_sample():
    with pytest.raises(ValueError, match="codes: 1 sample, expected at least 2"):
        gaussian_correlation(random_codes(1, 3))


def test_gaussian_correlation_refuses_one_code():
    with pytest.raises(ValueError, match="at least 2"):
        gaussian_correlation(random_codes(10, 1))


def test_gaussian_correlation_names_a_code_that_is_not_finite():
    codes = draw_factors(10).astype(np.float32)
    codes[4, 1] = np.inf
    with pytest.raises(ValueError, match="codes: latent 1 is NaN or infinite"):
        gaussian_correlation(codes)
