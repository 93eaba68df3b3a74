"""How far two measures of the same runs agree, with the interval that few runs leave, and what a choice gains."""

from itertools import combinations
from math import comb, nan
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

RESAMPLES = 2000
LEVEL = 0.95
FEWEST = 5  # runs more than groups: with fewer, nearly every resample is perfectly ordered, and the interval is a lie


class Correlation(NamedTuple):
    """Spearman's correlation and its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13)."""

    value: float  # in [-1, 1]; NaN where one of the two is constant or not a number
    low: float  # NaN where the runs are too few for an interval, or too orderly: it would have no width
    high: float
    reason: str = "all equal"  # why it is undefined, where it is

    def __str__(self):
        if np.isnan(self.value):
            return f"undefined ({self.reason})"
        if np.isnan(self.low):
            return f"{self.value:+.2f} [too few runs]"
        return f"{self.value:+.2f} [{self.low:+.2f}, {self.high:+.2f}]"


def rank_correlation(one, other, groups=None):
    """The Correlation of two arrays (runs,); the runs are what is drawn again, 2,000 times, with replacement.

    groups  (runs,) labels: ranks are taken within each group, so that differences between groups do not count;
            groups of a single run are left out. None: all are one group
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    groups = np.zeros(len(one), int) if groups is None else np.unique(groups, return_inverse=True)[1]
    if np.isnan(one).any() or np.isnan(other).any():
        return Correlation(nan, nan, nan, "a score is not a number")
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    members = [found for found in members if len(found) > 1]
    if not members:
        return Correlation(nan, nan, nan, "no two runs in a group")
    value = float(_of_groups(one, other, [found[None] for found in members])[0])
    if sum(map(len, members)) - len(members) < FEWEST:
        return Correlation(value, nan, nan)
    generator = np.random.RandomState(0)
    drawn = [found[generator.randint(len(found), size=(RESAMPLES, len(found)))] for found in members]
    resampled = _of_groups(one, other, drawn)
    resampled = resampled[~np.isnan(resampled)]
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail]) if len(resampled) else (nan, nan)
    return Correlation(value, float(low), float(high)) if low < high else Correlation(value, nan, nan)


def _of_groups(one, other, members):
    """Pearson's of the ranks within each of `members`, (resamples, runs of the group) positions: (resamples,).

    NaN where nothing varies.
    """
    x, y = (np.concatenate([_centred_ranks(values[found]) for found in members], axis=1) for values in (one, other))
    length = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    return np.where(length > 0, (x * y).sum(axis=1) / np.where(length > 0, length, 1), nan)


def _centred_ranks(values):
    """Ranks along the last axis, from -0.5 to 0.5 whatever the number of values, with mean 0."""
    count = values.shape[-1]
    return (rankdata(values, axis=-1) - (count + 1) / 2) / max(1, count - 1)


def gain_of_choice(within, scores, candidates):
    """How much higher the score is of the best by a criterion among `candidates` random runs than of a random run.

    within  gives the criterion's values (sets, candidates) of the runs at the positions (sets, candidates), higher is
            better: what it would be if there were no runs beside those of the set
    scores  (runs,)

    Averaged over all sets of `candidates` of the runs, or RESAMPLES random ones if there are more. Runs that the
    criterion holds equal are chosen equally often.
    """
    scores, sets = np.asarray(scores, float), _sets(len(scores), candidates)
    values = within(sets)
    best = values == values.max(axis=1, keepdims=True)
    return float(np.mean((scores[sets] * best).sum(axis=1) / best.sum(axis=1)) - scores[sets].mean())


def _sets(runs, candidates):
    """Sets of `candidates` of the positions of `runs` runs, in order: (sets, candidates)."""
    if comb(runs, candidates) <= RESAMPLES:
        return np.array(list(combinations(range(runs), candidates)))
    generator = np.random.RandomState(0)
    return np.array([np.sort(generator.permutation(runs)[:candidates]) for _ in range(RESAMPLES)])
