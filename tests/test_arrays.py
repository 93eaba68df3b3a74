"""One check for all array functions: what does not fit together is refused by name."""

import numpy as np
import pytest
from scored_codes import draw_factors, random_codes

from evaluation import dci, explicitness, factor_vae, infomec, irs, mig, modularity, sap
from evaluation.metrics.arrays import check_codes

N = 60
FACTORS = draw_factors(N)
CODES = random_codes(N, 4)


def halves(function):
    """`function` of training points that are right."""
    return lambda codes, factors: function(CODES, FACTORS, codes, factors)


SINGLE = {"mig": mig, "irs": irs, "modularity": modularity, "infomec": infomec}
HALVES = {"dci": halves(dci), "sap": halves(sap), "explicitness": halves(explicitness)}
ALL = {**SINGLE, **HALVES}


def with_code(value, row=3, column=2):
    codes = CODES.copy()
    codes[row, column] = value
    return codes


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("codes", "factors", "what"),
    [
        (CODES[:-1], FACTORS, r"factors\w*: 60 samples, expected 59"),
        (CODES[:, :1], FACTORS, r"codes\w*: 1 latent, expected at least 2"),
        (CODES[:, 0], FACTORS, r"codes\w*: float32 \(60,\), expected numbers"),
        (CODES[:0], FACTORS[:0], r"codes\w*: float32 \(0, 4\), expected numbers"),
        (with_code(np.nan), FACTORS, r"codes\w*: latent 2 is NaN or infinite"),
        (with_code(-3e38), FACTORS, r"codes\w*: latent 2 reaches -3.0e\+38, expected numbers of size 1e\+16"),
        (CODES, FACTORS.astype(float), r"factors\w*: float64 \(60, 3\), expected integers"),
        (CODES, FACTORS[:, 0], r"factors\w*: int64 \(60,\), expected integers"),
        (CODES, FACTORS.astype(np.uint64) + 2**63, r"factors\w*: 92233\d+, expected integers below 2\*\*63"),
        (np.ma.masked_less(CODES, 0), FACTORS, r"codes\w*: some values are masked, expected a value for each"),
        (CODES, np.ma.masked_equal(FACTORS, 1), r"factors\w*: some values are masked, expected a value for each"),
    ],
)
def test_array_functions_refuse_by_name(name, codes, factors, what):
    with pytest.raises(ValueError, match=what):
        ALL[name](codes, factors)


def test_codes_of_the_largest_size_that_is_allowed_are_so_in_single_precision_too():
    largest = check_codes(with_code(1e16).astype(np.float64))
    np.testing.assert_array_equal(check_codes(largest), largest)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize(
    ("codes", "what"),
    [(CODES, "3 samples, expected 4"), (CODES[:, :3], "3 samples of 60 factors, expected more samples than factors")],
)
def test_array_functions_refuse_transposed_arrays(name, codes, what):
    with pytest.raises(ValueError, match=f"factors: {what}"):
        SINGLE[name](codes.T, FACTORS.T)


@pytest.mark.parametrize("name", HALVES)
def test_array_functions_refuse_test_codes_of_another_width(name):
    with pytest.raises(ValueError, match="codes_test: 3 latents, expected 4, as in training"):
        HALVES[name](CODES[:, :3], FACTORS)


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("factors", [FACTORS[:, :2], FACTORS[:, [0, 1, 2, 0]]])
def test_array_functions_refuse_another_number_of_test_factors(name, factors):
    with pytest.raises(ValueError, match=rf"factors_test: {factors.shape[1]} factors, expected 3, as in training"):
        HALVES[name](CODES, factors)


VOTES = random_codes(10 * 8, 4).reshape(10, 8, 4)
FIXED = np.arange(10) % 3


def votes_with(value):
    votes = VOTES.copy()
    votes[1, 2, 3] = value
    return votes


@pytest.mark.parametrize(
    ("votes", "fixed", "what"),
    [
        (votes_with(np.nan), FIXED, "codes_train: latent 3 is NaN or infinite"),
        (votes_with(3e38), FIXED, r"codes_train: latent 3 reaches 3.0e\+38"),
        (VOTES[:, :, :3], FIXED, r"codes_train: float32 \(10, 8, 3\), expected numbers \(votes, size, 4\)"),
        (VOTES[:, :1], FIXED, "size at least 2"),
        (VOTES[:, 0], FIXED, r"expected numbers \(votes, size, 4\)"),
        (VOTES, FIXED - 1, "fixed_train: factor -1, expected numbers of factors, which count from 0"),
        (VOTES, FIXED[:-1], r"fixed_train: int64 \(9,\), expected integers \(10,\)"),
        (VOTES, FIXED.astype(float), "fixed_train: float64"),
        (np.ma.masked_less(VOTES, 0), FIXED, "codes_train: some values are masked"),
        (VOTES, np.ma.masked_equal(FIXED, 1), "fixed_train: some values are masked"),
    ],
)
def test_factor_vae_refuses_by_name(votes, fixed, what):
    with pytest.raises(ValueError, match=what):
        factor_vae(CODES, votes, fixed, VOTES, FIXED)
