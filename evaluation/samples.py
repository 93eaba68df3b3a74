"""The arrays that metrics take, from codes and labels of the draws."""

from typing import NamedTuple, Optional, Tuple

import numpy as np

Arrays = Optional[Tuple[np.ndarray, ...]]

PARTS = {  # what a metric can need: the part of the protocol that gives it
    "train": "points",
    "test": "points",
    "points": "points",
    "codes": "points",
    "votes": "votes",
    "pairs": "pairs",
}


class Counts(NamedTuple):
    """How the rows of the arrays are shared out."""

    train: int  # points that train DCI and SAP, the first ones
    test: int  # points that test them, the next ones
    points: int  # points that MIG and IRS take, the first ones
    train_votes: int  # votes that train, the first ones


class Samples(NamedTuple):
    """Arrays by what metrics need of them; None for what was not asked for."""

    train: Arrays = None  # codes (n, D), factors (n, F)
    test: Arrays = None  # codes (m, D), factors (m, F)
    points: Arrays = None  # codes (p, D), factors (p, F)
    votes: Arrays = None  # variances (D,); of train and test votes: local variances (votes, D), fixed (votes,)
    pairs: Arrays = None  # of train and test votes: mean differences (votes, D), fixed (votes,)

    @property
    def codes(self):
        """The points' codes (p, D) alone."""
        return self.points[:1]


def parts_of(metrics):
    """The parts of the protocol that `metrics` (Metric records) need: a list of names, see protocol.DRAWS."""
    return sorted({PARTS[need] for metric in metrics for need in metric.needs})


def assemble(codes, labels, counts):
    """Samples from what the draws gave.

    codes   {array: codes or what they were reduced to}, labels {array: …}, as protocol.Draw names the arrays
    counts  a Counts
    """
    train = test = points = votes = pairs = None
    if "points" in codes:
        ends = counts.train, counts.train + counts.test
        train, test, points = (
            (codes["points"][rows], labels["points"][rows])
            for rows in (slice(ends[0]), slice(*ends), slice(counts.points))
        )
    if "local_variances" in codes:
        votes = (codes["variances"], *_halves(codes["local_variances"], labels["local_variances"], counts.train_votes))
    if "differences" in codes:
        pairs = _halves(codes["differences"], labels["differences"], counts.train_votes)
    return Samples(train, test, points, votes, pairs)


def _halves(rows, fixed, count):
    return rows[:count], fixed[:count], rows[count:], fixed[count:]
