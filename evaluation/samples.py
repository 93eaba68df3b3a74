"""The arrays that metrics take, from codes and labels of the challenge's draws."""

from typing import NamedTuple, Optional, Tuple

import numpy as np

PARTS = {"train": "points", "test": "points", "codes": "points", "votes": "votes", "pairs": "pairs"}


class Samples(NamedTuple):
    """Arrays by what metrics need of them; None for what was not asked for."""

    train: Optional[Tuple[np.ndarray, ...]] = None  # codes (n, D), factors (n, F)
    test: Optional[Tuple[np.ndarray, ...]] = None  # codes (m, D), factors (m, F)
    votes: Optional[Tuple[np.ndarray, ...]] = None  # variances (D,); for train and test: (votes, D), fixed (votes,)
    pairs: Optional[Tuple[np.ndarray, ...]] = None  # for train and test: mean differences (votes, D), fixed (votes,)

    @property
    def codes(self):
        """The training points' codes (n, D) alone."""
        return self.train[:1]


def parts_of(metrics):
    """The parts of the protocol that `metrics` (Metric records) need: a list of names, see protocol.DRAWS."""
    needed = [PARTS[need] for metric in metrics for need in metric.needs]
    return sorted(set(needed))


def assemble(codes, labels, sizes):
    """Samples from what the draws gave.

    codes   {array: codes or what they were reduced to}, labels {array: …}, as protocol.Draw names the arrays
    sizes   a protocol.Sizes
    """
    train = test = votes = pairs = None
    if "points" in codes:
        train, test = _halves(codes["points"], labels["points"], sizes.train)
    if "local_variances" in codes:
        train_votes, test_votes = _halves(codes["local_variances"], labels["local_variances"], sizes.train_votes)
        votes = (codes["variances"], *train_votes, *test_votes)
    if "differences" in codes:
        train_pairs, test_pairs = _halves(codes["differences"], labels["differences"], sizes.train_votes)
        pairs = (*train_pairs, *test_pairs)
    return Samples(train, test, votes, pairs)


def _halves(codes, labels, count):
    return (codes[:count], labels[:count]), (codes[count:], labels[count:])
