"""MIG: the mutual information gap.

Chen, Li, Grosse & Duvenaud 2018, "Isolating sources of disentanglement in variational autoencoders", section 4.1,
https://arxiv.org/abs/1802.04942
"""

import numpy as np

from ..annotations import Array, Progress, Result
from .arrays import check_pair, varying
from .information import as_variables, information_matrix


def mig(codes: Array, factors: Array, jobs: int = 1, progress: Progress = None, num_bins: int = 20) -> Result:
    """How much more information one code has about a factor than the next best code has (eq. 6 of the paper).

    codes    (n, D), cast to float32; each is cut into `num_bins` bins of equal width between its extremes
    factors  (n, F) integers
    jobs     threads; progress: called with (codes just done, of how many)

    Returns a dictionary; the official score is 'discrete_mig', in [0, 1], higher is better: the gap between the two
    largest mutual informations over the factor's entropy, averaged over factors. Also 'mutual_information' (D, F)
    and 'factor_entropies' (F,), both in nats.

    Degenerate input: a constant code has no information (0). Factors with a single value are left out of the average
    (the original divides 0 by 0 and returns NaN); NotDefined (a ValueError) if no factor is left.

    >>> factors = np.random.RandomState(0).randint(2, size=(1000, 2))
    >>> round(mig(factors, factors)["discrete_mig"], 2)
    1.0
    """
    codes, factors = check_pair(codes, factors)
    kept = varying(factors)
    classes = as_variables(factors)
    information = information_matrix(codes, classes, num_bins, jobs, progress)
    entropies = np.array([_entropy(np.bincount(column)) for column in classes])
    ranked = np.sort(information, axis=0)
    gaps = (ranked[-1] - ranked[-2])[kept] / entropies[kept]
    return {
        "discrete_mig": float(np.mean(gaps)),
        "mutual_information": information,
        "factor_entropies": entropies,
    }


def _entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))
