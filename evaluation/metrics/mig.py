"""MIG: the mutual information gap.

Chen, Li, Grosse & Duvenaud 2018, "Isolating sources of disentanglement in variational autoencoders", section 4.1,
https://arxiv.org/abs/1802.04942
"""

import joblib
import numpy as np

from ..compiled import njit
from .arrays import check_pair, varying
from .bins import digitize

CHUNK = 64  # codes a task


def mig(codes, factors, jobs=1, progress=None, num_bins=20):
    """How much more one code tells of a factor than the next best code does (eq. 6 of the paper).

    codes    (n, D), cast to float32; each is cut into `num_bins` bins of equal width between its extremes
    factors  (n, F) integers
    jobs     for joblib; progress: called with (codes just done, of how many)

    Returns a dictionary; the official score is 'discrete_mig', in [0, 1], higher is better: the gap between the two
    largest mutual informations over the factor's entropy, averaged over factors. Also 'mutual_information' (D, F)
    and 'factor_entropies' (F,), both in nats.

    Degenerate input: a constant code tells nothing (0). Factors with a single value are left out of the average (the
    original divides 0 by 0 and returns NaN); ValueError if no factor is left.
    """
    codes, factors = check_pair(codes, factors)
    kept = varying(factors)
    classes = np.stack([np.unique(column, return_inverse=True)[1].reshape(-1) for column in factors.T])
    chunks = [codes[:, first : first + CHUNK].T for first in range(0, codes.shape[1], CHUNK)]
    tasks = (joblib.delayed(_information)(chunk, classes, num_bins) for chunk in chunks)
    rows = []
    for row in joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(tasks):
        rows.append(row)
        if progress is not None:
            progress(len(row), codes.shape[1])
    information = np.concatenate(rows)
    entropies = np.array([_entropy(np.bincount(column)) for column in classes])
    ranked = np.sort(information, axis=0)
    gaps = (ranked[-1] - ranked[-2])[kept] / entropies[kept]
    return {
        "discrete_mig": float(np.mean(gaps)),
        "mutual_information": information,
        "factor_entropies": entropies,
    }


def _information(codes, classes, num_bins):
    binned = np.stack([digitize(code, num_bins) for code in codes])
    return _mutual_information(binned, classes, num_bins + 1, classes.max() + 1)


@njit
def _mutual_information(binned, classes, num_bins, num_classes):
    """Nats between each row of `binned` (D, n) and each row of `classes` (F, n): (D, F)."""
    n = binned.shape[1]
    information = np.zeros((len(binned), len(classes)))
    for d in range(len(binned)):
        for f in range(len(classes)):
            joint = np.zeros((num_bins, num_classes))
            for i in range(n):
                joint[binned[d, i], classes[f, i]] += 1
            by_bin, by_class = joint.sum(axis=1), joint.sum(axis=0)
            for b in range(num_bins):
                for c in range(num_classes):
                    if joint[b, c] > 0:
                        information[d, f] += joint[b, c] / n * np.log(joint[b, c] * n / (by_bin[b] * by_class[c]))
    return information


def _entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))
