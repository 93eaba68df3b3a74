"""The challenge's settings, and the points that its metrics draw.

The draws do not depend on the encoder. Each part is drawn from a fresh `RandomState(seed)` as disentanglement_lib
draws it, step by step: what makes pictures of a step's points may draw from the same random state, as the library
does, before the next step is drawn.
"""

from typing import NamedTuple, Optional

import numpy as np

from .errors import InputError
from .metrics.arrays import as_array

BATCH = 16  # points of DCI, SAP, MIG and IRS that are drawn at a time
VOTE_SIZE = 64  # points in a vote of FactorVAE; pairs of points in a vote of BetaVAE
SEEDS = 2**32  # RandomState takes seeds below this
VERSION = 1  # in the keys of kept codes: to be raised with any change of what is drawn or of what codes are reduced to
LIBLINEAR_SEEDS = np.iinfo(np.int32).max  # scikit-learn draws liblinear's seed below this


class Sizes(NamedTuple):
    """How much is drawn; the defaults are the challenge's."""

    train: int = 10000  # points of DCI and SAP, MIG and IRS
    test: int = 5000  # points of DCI and SAP
    reference: int = 10000  # points that give each latent's variance for FactorVAE
    train_votes: int = 10000
    test_votes: int = 5000


CHALLENGE = Sizes()


class Draw(NamedTuple):
    """One step: points whose codes go to an array of this name."""

    array: str
    factors: np.ndarray  # (n, F) int64 the points
    labels: Optional[np.ndarray] = None  # (rows, …) int64 that the metric gets with their codes; None: none


def draw_points(dataset, random_state, sizes=CHALLENGE):
    """Yield Draws of training points, then of test points, in batches of BATCH, the last one cut short."""
    for total in (sizes.train, sizes.test):
        for first in range(0, total, BATCH):
            factors = _sample(dataset, min(BATCH, total - first), random_state)
            yield Draw("points", factors, factors)


def draw_votes(dataset, random_state, sizes=CHALLENGE):
    """Yield a Draw of the reference points, then for each vote of FactorVAE one that shares a factor's value."""
    yield Draw("variances", _sample(dataset, sizes.reference, random_state))
    for _ in range(sizes.train_votes + sizes.test_votes):
        fixed = random_state.randint(len(dataset.factor_sizes))
        factors = _sample(dataset, VOTE_SIZE, random_state)
        factors[:, fixed] = factors[0, fixed]
        yield Draw("local_variances", factors, np.array([fixed]))


def draw_pairs(dataset, random_state, sizes=CHALLENGE):
    """Yield two Draws for each vote of BetaVAE: points, and others that share one factor's values with them.

    Between training and test votes the original fits its classifier with the same random state, from which
    scikit-learn draws a seed that its solver does not use; that draw is replayed.
    """
    _sample(dataset, 1, np.random.RandomState(0))  # says what is wrong with a data set before its factors are counted
    for vote in range(sizes.train_votes + sizes.test_votes):
        if vote == sizes.train_votes:
            random_state.randint(LIBLINEAR_SEEDS)
        fixed = random_state.randint(len(dataset.factor_sizes))
        first, second = (_sample(dataset, VOTE_SIZE, random_state) for _ in range(2))
        second[:, fixed] = first[:, fixed]
        yield Draw("differences", first, np.array([fixed]))
        yield Draw("differences", second)


def _sample(dataset, num, random_state):
    """`num` points of `dataset`, integers (num, F); InputError for anything else."""
    factors = as_array(dataset.sample_factors(num, random_state), "sample_factors")
    expected = num, len(dataset.factor_sizes)
    if factors.dtype.kind not in "iu" or factors.shape != expected or not factors.shape[1]:
        raise InputError(
            f"sample_factors: {factors.dtype} {factors.shape}, expected integers {expected}, a factor at least"
        )
    return factors.copy()  # it may be part of the data set's own table, or be filled again by its next call


DRAWS = {"points": draw_points, "votes": draw_votes, "pairs": draw_pairs}  # {part: its draws}
ARRAYS = {"points": ("points",), "votes": ("variances", "local_variances"), "pairs": ("differences",)}  # of each part


def num_points(part, sizes=CHALLENGE):
    """How many points a part draws."""
    votes = (sizes.train_votes + sizes.test_votes) * VOTE_SIZE
    return {"points": sizes.train + sizes.test, "votes": sizes.reference + votes, "pairs": 2 * votes}[part]


def draws_key(seed, sizes):
    """A string for all that the draws from a data set, and what codes are reduced to, depend on."""
    return f"{VERSION} {seed} {tuple(sizes)}"
