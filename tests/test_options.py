"""Options of an evaluation that are refused before its work begins."""

import numpy as np
import pytest
from scored_codes import draw_factors, random_codes

from evaluation import evaluate, evaluate_codes
from evaluation.errors import InputError
from evaluation.options import check_options
from evaluation.protocol import CHALLENGE

REFUSED = [
    ({"seed": None}, "seed None: expected a whole number from 0 to 4294967295"),
    ({"seed": np.nan}, "seed nan: expected a whole number"),
    ({"seed": np.inf}, "seed inf: expected a whole number"),
    ({"seed": "1"}, "seed '1': expected a whole number"),
    ({"jobs": 0}, "jobs 0: expected a number of threads from 1 to 1024, or -1 for all cores"),
    ({"jobs": -2}, "jobs -2: expected a number of threads"),
    ({"jobs": 10**9}, "jobs 1000000000: expected a number of threads"),
    ({"jobs": None}, "jobs None: expected a number of threads"),
    ({"jobs": 1.5}, "jobs 1.5: expected a number of threads"),
    ({"sizes": CHALLENGE._replace(train=0)}, "sizes: train 0, expected a whole number, at least 1"),
    ({"sizes": CHALLENGE._replace(test_votes=2.5)}, "sizes: test_votes 2.5, expected a whole number, at least 1"),
    ({"sizes": CHALLENGE._replace(reference=1)}, "sizes: reference 1, expected a whole number, at least 2"),
    ({"sizes": tuple(CHALLENGE)}, "sizes: tuple, expected a protocol.Sizes"),
]


@pytest.mark.parametrize(("options", "what"), REFUSED)
def test_evaluate_refuses_options_by_name(options, what):
    with pytest.raises(InputError, match=what):
        evaluate(lambda images: pytest.fail("began to encode"), None, **options)


@pytest.mark.parametrize(("options", "what"), REFUSED)
def test_evaluate_codes_refuses_options_by_name(options, what):
    with pytest.raises(InputError, match=what):
        evaluate_codes(random_codes(200, 3), draw_factors(200), **options)


@pytest.mark.parametrize("seed", [np.int64(3), np.uint32(2**32 - 1)])
def test_check_options_takes_numpy_s_whole_numbers(seed):
    check_options(seed, np.int32(2), CHALLENGE)


def test_check_options_takes_all_cores():
    check_options(0, -1, CHALLENGE)
