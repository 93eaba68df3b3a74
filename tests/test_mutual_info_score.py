import numpy as np
import pytest
from scored_codes import ALL, frozen, frozen_codes, random_codes

from evaluation.metrics.mutual_info_score import mutual_info_score

GRID = np.stack(np.meshgrid(range(3), range(4), range(2)), axis=-1).reshape(-1, 3).astype(np.float32)


def score(codes, **options):
    return mutual_info_score(codes, **options)["mutual_info_score"]


@pytest.mark.parametrize("name", ALL)
def test_mutual_info_score_equals_the_official_value(name):
    found = score(frozen(name)["codes_train"])
    assert found == pytest.approx(frozen_codes(name)["mutual_info_score"], abs=1e-12)  # sums in another order


def test_mutual_info_score_of_perfect_codes():
    assert score(GRID) == pytest.approx(0, abs=1e-12)


def test_mutual_info_score_of_constant_codes():
    assert score(np.full((50, 3), 0.1, np.float32)) == 0


def test_mutual_info_score_of_random_codes():
    assert score(random_codes(10000, 4)) == pytest.approx(0, abs=19**2 / 20000)


def test_mutual_info_score_of_duplicated_codes():
    found = score(np.stack([GRID[:, 0], GRID[:, 0]], axis=1))
    assert found == pytest.approx(np.log(3))


def test_mutual_info_score_of_one_pair_among_three_codes():
    codes = np.stack([GRID[:, 1], GRID[:, 1], GRID[:, 2]], axis=1)
    assert score(codes) == pytest.approx(np.log(4) / 3)


def test_mutual_info_score_ignores_the_order_of_codes():
    codes = frozen("mixed")["codes_train"]
    assert score(codes[:, ::-1]) == pytest.approx(score(codes))


def test_mutual_info_score_does_not_depend_on_jobs():
    codes = np.tile(frozen("mixed")["codes_train"], (1, 20))
    assert score(codes, jobs=1) == score(codes, jobs=2)


def test_mutual_info_score_refuses_one_code():
    with pytest.raises(ValueError, match="at least 2"):
        mutual_info_score(random_codes(10, 1))


def test_mutual_info_score_names_a_code_that_is_not_finite():
    codes = random_codes(10, 3)
    codes[4, 1] = np.nan
    with pytest.raises(ValueError, match="codes: latent 1 is NaN"):
        mutual_info_score(codes)
