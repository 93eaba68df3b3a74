"""Mutual information between a continuous and a discrete variable, from nearest neighbours.

Ross 2014, "Mutual information between discrete and continuous data sets", PLoS ONE 9(2),
https://doi.org/10.1371/journal.pone.0087357
"""

import numpy as np
from scipy.special import digamma

from ..compiled import njit

NOISE = 1e-10  # standard deviations


def neighbour_information(values, classes, noise, neighbours=10):
    """Mutual information in nats, at least 0, as scikit-learn's mutual_info_classif estimates it.

    values   (n,) float64
    classes  (n,) integers from 0; points that are the only ones of their class are left out
    noise    (n,) standard normal numbers, which break ties

    In classes of 21 points or fewer scikit-learn computes distances by another formula, whose rounding can lose a
    neighbour; here all are computed alike.
    """
    spread = values.std()
    scaled = values / (spread if spread > 0 else 1.0)
    scaled = scaled + NOISE * max(1.0, np.mean(np.abs(scaled))) * noise
    counts = np.bincount(classes)
    kept = counts[classes] > 1
    if not kept.any():
        return 0.0
    scaled, classes = scaled[kept], classes[kept]
    order = np.lexsort((scaled, classes))
    by_class, counts = scaled[order], counts[counts > 1]
    inside = _count_inside(by_class, counts, np.sort(scaled), neighbours)
    nearest = np.minimum(neighbours, counts - 1)
    share = counts / len(scaled)
    found = digamma(len(scaled)) + np.sum(share * (digamma(nearest) - digamma(counts))) - np.mean(digamma(inside))
    return float(max(0.0, found))


@njit
def _count_inside(by_class, counts, ranked, neighbours):
    """How many of all points `ranked` lie nearer to each point than its k-th neighbour of its own class, itself too.

    by_class  (n,) the points class by class, ascending in each; counts: (classes,) points of each
    """
    found = np.empty(len(by_class), dtype=np.int64)
    start = 0
    for count in counts:
        own = by_class[start : start + count]
        k = min(neighbours, count - 1)
        for i in range(count):
            radius = np.inf
            for first in range(max(0, i - k), min(i, count - 1 - k) + 1):
                radius = min(radius, max(own[i] - own[first], own[first + k] - own[i]))
            radius = np.nextafter(radius, 0.0)
            found[start + i] = _first_beyond(ranked, own[i], radius) - _first_within(ranked, own[i], radius)
        start += count
    return found


@njit
def _first_within(ranked, centre, radius):
    low, high = 0, len(ranked)
    while low < high:
        middle = (low + high) // 2
        if centre - ranked[middle] <= radius:
            high = middle
        else:
            low = middle + 1
    return low


@njit
def _first_beyond(ranked, centre, radius):
    low, high = 0, len(ranked)
    while low < high:
        middle = (low + high) // 2
        if ranked[middle] - centre <= radius:
            low = middle + 1
        else:
            high = middle
    return low
