import numpy as np
import pytest
from scored_codes import ALL, draw_factors, frozen, frozen_codes, random_codes

from evaluation.metrics.infomec import infoe, infom_and_infoc, infomec

KEYS = ("infom", "infoe", "infoc")


def train(name):
    arrays = frozen(name)
    return arrays["codes_train"], arrays["factors_train"]


def scores(codes, factors, **options):
    found = infomec(codes, factors, **options)
    return [found[key] for key in KEYS]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seed", [0, 1])
def test_infomec_equals_the_authors_scores(name, seed):
    expected = [frozen_codes(name)["infomec"][seed][key] for key in KEYS]
    # infom and infoc agree to 1e-13; infoe ends where L-BFGS ends, which rounding moves by up to 2e-10
    assert scores(*train(name), seed=seed) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_infomec_equals_the_authors_information(name):
    found = infomec(*train(name))["nmi"]
    np.testing.assert_allclose(found.T, frozen_codes(name)["infomec_nmi"], atol=1e-12)


def test_infomec_of_perfect_codes():
    factors = draw_factors(2000, sizes=(3, 4))
    found = infomec(factors.astype(np.float32) + 0.01 * random_codes(2000, 2), factors)
    assert [found[key] for key in KEYS] == pytest.approx([1, 1, 1], abs=0.02)


def test_infomec_of_constant_codes():
    factors = draw_factors(300)
    assert scores(np.full((300, 3), 0.1, np.float32), factors)[::2] == [0, 0]


def test_infoe_of_constant_codes():
    factors = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 50, axis=0)  # as many of each value
    assert infomec(np.ones((200, 3), np.float32), factors)["infoe"] == pytest.approx(0, abs=1e-9)


def test_infoe_of_random_codes():
    factors = draw_factors(4000)
    assert infomec(random_codes(4000, 4), factors)["infoe"] == pytest.approx(0, abs=0.01)


def test_infoc_of_duplicated_codes():
    factors = draw_factors(2000, sizes=(3, 4))
    codes = factors.astype(np.float32) + 0.01 * random_codes(2000, 2)
    # the largest of four shares is a half: (1/2 - 1/4) / (1 - 1/4)
    found = infomec(np.hstack([codes, codes]), factors)
    assert (found["infom"], found["infoc"]) == (pytest.approx(1, abs=0.02), pytest.approx(1 / 3, abs=0.02))


def test_infomec_of_one_code_for_two_factors():
    factors = draw_factors(4000, sizes=(2, 2, 2))
    codes = np.stack([factors @ [2, 1, 0], factors[:, 2]], axis=1) + 0.01 * random_codes(4000, 2)
    # infom: shares (1/2, 1), (3/4 - 1/3) / (2/3)
    assert infomec(codes, factors)["infom"] == pytest.approx(0.625, abs=0.02)


def test_infomec_ignores_the_order_of_codes():
    codes, factors = train("mixed")
    # noise of 1e-10 breaks the few ties in another order; the authors' own seeds differ by 1e-5
    assert scores(codes[:, ::-1], factors) == pytest.approx(scores(codes, factors), abs=1e-3)


def test_infomec_leaves_out_codes_that_hardly_vary():
    codes, factors = train("aligned")
    tiny = np.hstack([codes, 0.01 * codes])
    found = infomec(tiny, factors)
    assert found["active_dims"].tolist() == infomec(codes, factors)["active_dims"].tolist()
    assert found["infom"] == pytest.approx(infomec(codes, factors)["infom"], abs=1e-3)


def test_infomec_takes_a_code_for_active_by_a_twentieth_of_the_widest_range():
    factors = draw_factors(500)
    wide = factors[:, 0] + random_codes(500, 1)[:, 0]
    found = infom_and_infoc(np.stack([wide, wide / 15, wide / 25], axis=1), factors)
    assert found["active_dims"].tolist() == [0, 1]


def test_infomec_of_a_single_active_code():
    factors = draw_factors(500)
    codes = np.stack([factors[:, 1], np.zeros(500)], axis=1) + 0.001 * random_codes(500, 2)
    found = infomec(codes, factors)
    assert (found["active_dims"].tolist(), found["infoc"]) == ([0], 0)
    assert found["infom"] > 0.9


def test_infomec_leaves_constant_factors_out():
    codes, factors = train("mixed")
    padded = infomec(codes, np.insert(factors, 1, 7, axis=1))
    assert np.isnan(padded["nmi"][:, 1]).all()
    assert [padded[key] for key in KEYS] == scores(codes, factors)


def test_infomec_does_not_depend_on_jobs():
    assert scores(*train("mixed"), jobs=1) == scores(*train("mixed"), jobs=2)


def test_infomec_reports_every_factor():
    seen = []
    infomec(*train("aligned"), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 8)] * 8


def test_infomec_refuses_one_varying_factor():
    with pytest.raises(ValueError, match="1 of 2 vary, expected 2"):
        infomec(random_codes(10, 2), np.stack([np.arange(10) // 2, np.ones(10, int)], axis=1))


def test_infoe_by_factor():
    factors = draw_factors(2000, sizes=(3, 4))
    codes = np.stack([factors[:, 0], factors[:, 0] == 1], axis=1) + 0.01 * random_codes(2000, 2)
    found = infoe(codes, factors)
    assert found["explicitness"] == pytest.approx([1, 0], abs=0.02)
    assert found["infoe"] == pytest.approx(found["explicitness"].mean())


def test_infomec_names_a_code_that_is_not_finite():
    codes = random_codes(10, 3)
    codes[4, 1] = np.nan
    with pytest.raises(ValueError, match="codes: latent 1 is NaN"):
        infomec(codes, draw_factors(10))
