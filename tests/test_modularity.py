import numpy as np
import pytest
from scored_codes import ALL, draw_factors, frozen, frozen_codes, random_codes

from evaluation.metrics.modularity import modularity

GRID = np.stack(np.meshgrid(range(3), range(4), range(2)), axis=-1).reshape(-1, 3)


def train(name):
    arrays = frozen(name)
    return arrays["codes_train"], arrays["factors_train"]


@pytest.mark.parametrize("name", ["mixed", "aligned", "random_encoder_10"])
def test_modularity_equals_the_official_score(name):
    found = modularity(*train(name))["modularity_score"]
    assert found == pytest.approx(frozen_codes(name)["modularity_score"], abs=1e-12)  # sums in another order


def test_modularity_equals_the_official_score_of_duplicated_and_tiny_codes():
    codes, factors = train("degenerate")
    found = modularity(codes[:, codes.std(axis=0) > 0], factors)["modularity_score"]
    assert found == pytest.approx(frozen_codes("degenerate_varying")["modularity_score"], abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_modularity_equals_the_official_information(name):
    found = modularity(*train(name))["mutual_information"]
    np.testing.assert_allclose(found, frozen(name)["mutual_information"], atol=1e-9)


def test_modularity_of_perfect_codes():
    assert modularity(GRID.astype(np.float32), GRID)["modularity_score"] == pytest.approx(1)


def test_modularity_of_constant_codes():
    factors = draw_factors()
    assert modularity(np.full((len(factors), 4), 0.1, dtype=np.float32), factors)["modularity_score"] == 0


def test_modularity_counts_a_constant_code_as_0():
    codes = np.insert(GRID.astype(np.float32), 1, 7, axis=1)
    assert modularity(codes, GRID)["modularities"] == pytest.approx([1, 0, 1, 1])


def test_modularity_of_random_codes():
    factors = draw_factors(2000, sizes=(4, 4, 4))
    assert 0.1 < modularity(random_codes(2000, 20), factors)["modularity_score"] < 0.7


def test_modularity_of_duplicated_codes():
    codes, factors = train("mixed")
    doubled = modularity(np.hstack([codes, codes]), factors)["modularity_score"]
    assert doubled == pytest.approx(modularity(codes, factors)["modularity_score"])


def test_modularity_of_one_code_for_two_of_three_factors():
    factors = np.stack(np.meshgrid(range(2), range(2), range(2)), axis=-1).reshape(-1, 3)
    codes = np.stack([factors @ [2, 1, 0], factors[:, 2]], axis=1).astype(np.float32)
    # informations log 2, log 2, 0: 1 - 1 / (3 - 1)
    assert modularity(codes, factors)["modularities"] == pytest.approx([0.5, 1])


def test_modularity_ignores_the_order_of_codes():
    codes, factors = train("mixed")
    turned = modularity(codes[:, ::-1], factors)["modularity_score"]
    assert turned == pytest.approx(modularity(codes, factors)["modularity_score"])


def test_modularity_leaves_constant_factors_out():
    codes, factors = train("mixed")
    padded = modularity(codes, np.insert(factors, 1, 7, axis=1))
    assert padded["modularity_score"] == modularity(codes, factors)["modularity_score"]


def test_modularity_does_not_depend_on_jobs():
    codes, factors = train("mixed")
    found = [modularity(np.tile(codes, (1, 20)), factors, jobs=jobs)["modularities"] for jobs in (1, 2)]
    np.testing.assert_array_equal(*found)


def test_modularity_refuses_one_varying_factor():
    with pytest.raises(ValueError, match="1 of 2 vary, expected 2"):
        modularity(random_codes(10, 2), np.stack([np.arange(10), np.ones(10, int)], axis=1))


def test_modularity_names_a_code_that_is_not_finite():
    codes = random_codes(10, 3)
    codes[4, 1] = np.nan
    with pytest.raises(ValueError, match="codes: latent 1 is NaN"):
        modularity(codes, draw_factors(10))


def test_modularity_refuses_other_numbers_of_samples():
    with pytest.raises(ValueError, match="9 samples, expected 10"):
        modularity(random_codes(10, 2), draw_factors(9))
