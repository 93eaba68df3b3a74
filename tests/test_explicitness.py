import numpy as np
import pytest
from scored_codes import draw_factors, frozen, frozen_codes, halves, random_codes
from sklearn.metrics import roc_auc_score

from evaluation.metrics.explicitness import _mean_area, _standardise, explicitness

KEYS = ("explicitness_score_train", "explicitness_score_test")


def scores(*arguments):
    found = explicitness(*arguments)
    return [found[key] for key in KEYS]


@pytest.mark.parametrize("name", ["mixed", "aligned", "random_encoder_10"])
def test_explicitness_equals_the_official_scores(name):
    expected = [frozen_codes(name)[key] for key in KEYS]
    # coefficients agree to 1e-12; a pair of points that changed its order would show at 1e-8
    assert scores(*halves(frozen(name))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["mixed", "aligned", "random_encoder_10"])
@pytest.mark.parametrize("key", ["explicitness_train", "explicitness_test"])
def test_explicitness_equals_the_official_one_of_each_factor(name, key):
    np.testing.assert_allclose(explicitness(*halves(frozen(name)))[key], frozen_codes(name)[key], atol=1e-9)


def test_explicitness_sets_constant_codes_aside():
    expected = [frozen_codes("degenerate_varying")[key] for key in KEYS]
    assert scores(*halves(frozen("degenerate"))) == pytest.approx(expected, abs=1e-9)


def test_explicitness_of_perfect_codes():
    factors = draw_factors(400)
    codes = np.hstack([factors[:, [f]] == value for f in range(3) for value in range(4)]).astype(np.float32)
    assert scores(codes, factors, codes, factors) == [1, 1]


def test_explicitness_of_constant_codes():
    factors = draw_factors(400)
    codes = np.ones((400, 3), dtype=np.float32)
    assert scores(codes, factors, codes, factors) == [0.5, 0.5]


def test_explicitness_of_random_codes():
    factors = draw_factors(4000)
    test = explicitness(random_codes(2000, 4), factors[:2000], random_codes(2000, 4, seed=1), factors[2000:])
    assert test["explicitness_score_test"] == pytest.approx(0.5, abs=0.03)


def test_explicitness_of_duplicated_codes():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    doubled = scores(np.hstack([codes, codes]), factors, np.hstack([codes_test, codes_test]), factors_test)
    assert doubled == pytest.approx(scores(codes, factors, codes_test, factors_test), abs=0.01)  # the penalty halves


def test_explicitness_of_a_code_that_is_right_four_times_in_five():
    factors = np.stack([np.repeat([0, 1], 100), np.tile([0, 1], 100)], axis=1)
    signs = np.where(np.arange(200) % 5 == 0, -1, 1) * (2 * factors[:, 0] - 1)
    codes = np.stack([signs, np.zeros(200)], axis=1).astype(np.float32)
    found = explicitness(codes, factors, codes, factors)
    # pairs ranked rightly: 0.8 * 0.8; ties, which count half: 2 * 0.8 * 0.2
    assert found["explicitness_train"][0] == pytest.approx(0.64 + 0.16)


def test_explicitness_ignores_the_order_of_codes():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    turned = scores(codes[:, ::-1], factors, codes_test[:, ::-1], factors_test)
    assert turned == pytest.approx(scores(codes, factors, codes_test, factors_test), abs=1e-4)


def test_explicitness_ignores_scale_and_shift_of_codes():
    codes, factors, codes_test, factors_test = halves(frozen("aligned"))
    moved = scores(codes * 1024, factors, codes_test * 1024, factors_test)
    assert moved == pytest.approx(scores(codes, factors, codes_test, factors_test), abs=1e-6)


def test_explicitness_leaves_constant_factors_out():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    padded = explicitness(codes, np.insert(factors, 0, 1, axis=1), codes_test, np.insert(factors_test, 0, 1, axis=1))
    assert np.isnan(padded["explicitness_test"][0])
    assert padded["explicitness_score_test"] == scores(codes, factors, codes_test, factors_test)[1]


def test_explicitness_leaves_values_out_that_training_lacks():
    codes, factors, codes_test, factors_test = halves(frozen("aligned"))
    with_new = explicitness(codes, factors, codes_test, np.where(factors_test == 0, 99, factors_test))
    assert with_new["explicitness_score_test"] > 0.9


def test_explicitness_reports_every_factor():
    seen = []
    explicitness(*halves(frozen("mixed")), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4)] * 4


def test_explicitness_refuses_test_points_of_one_value():
    with pytest.raises(ValueError, match="factors_test: no factor has two values"):
        explicitness(random_codes(20, 2), draw_factors(20), random_codes(5, 2), np.zeros((5, 3), int))


def test_explicitness_refuses_factors_that_do_not_vary():
    with pytest.raises(ValueError, match="0 of 2 vary"):
        explicitness(random_codes(10, 2), np.ones((10, 2), int), random_codes(10, 2), np.ones((10, 2), int))


def test_explicitness_names_the_array_that_is_wrong():
    with pytest.raises(ValueError, match="factors_test: 9 samples, expected 10"):
        explicitness(random_codes(10, 2), draw_factors(10), random_codes(10, 2), draw_factors(9))


def test_mean_area_equals_scikit_learns():
    random_state = np.random.RandomState(0)
    classes, found = random_state.randint(3, size=200), np.round(random_state.rand(200, 3), 1)  # with many ties
    expected = [roc_auc_score(classes == one, found[:, one]) for one in range(3)]
    assert _mean_area(found, classes) == pytest.approx(np.mean(expected))


def test_explicitness_sets_aside_a_constant_that_has_a_deviation_by_rounding():
    points = np.random.RandomState(0).randn(10000, 1).astype(np.float32)
    train = np.hstack([points, np.full((len(points), 2), [0.1, -1.1], np.float32)])
    assert not _standardise(train, train)[0][:, 1:].any()


def test_explicitness_sets_aside_codes_whose_deviation_underflows():
    factors, codes = draw_factors(400), random_codes(400, 3)
    codes[:, 1] *= np.float32(1e-23)
    found = explicitness(codes, factors, codes, factors)
    codes[:, 1] = 0
    assert found["explicitness_score_test"] == explicitness(codes, factors, codes, factors)["explicitness_score_test"]
