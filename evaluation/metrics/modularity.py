"""Modularity: whether each code has information about one factor alone.

Ridgeway & Mozer 2018, "Learning deep disentangled embeddings with the F-statistic loss", section 3,
https://arxiv.org/abs/1802.05312
"""

import numpy as np

from ..annotations import Array, Progress, Result
from .arrays import check_pair, varying
from .information import as_variables, information_matrix


def modularity(codes: Array, factors: Array, jobs: int = 1, progress: Progress = None, num_bins: int = 20) -> Result:
    """How little information a code has about the factors other than its best one.

    codes     (n, D), cast to float32; each is cut into `num_bins` bins of equal width between its extremes
    factors   (n, F) integers
    jobs      threads
    progress  called with (codes just done, of how many)

    Returns a dictionary; the score is 'modularity_score', in [0, 1], higher is better: 1 - the sum of the squared
    mutual informations with the other factors over (F - 1) times the largest squared one, averaged over codes. Also
    'mutual_information' (D, F) in nats, and 'modularities' (D,) of each code.

    The score does not say how much information there is: codes of noise score high where one factor of many values
    has most of the little mutual information that arises by chance.

    Degenerate input: a constant code has modularity 0. (The original means the same, but there rounding can leave a
    constant code a mutual information of 1e-16, and then any modularity.) Factors with a single value are left out
    and not counted in F; NotDefined (a ValueError) if fewer than two factors are left.
    """
    codes, factors = check_pair(codes, factors)
    kept = varying(factors, at_least=2)
    information = information_matrix(codes, as_variables(factors), num_bins, jobs, progress)
    squares = np.square(information[:, kept])
    largest = squares.max(axis=1)
    others = squares.sum(axis=1) - largest
    informative = largest > 0
    modularities = np.zeros(len(squares))
    modularities[informative] = 1 - others[informative] / (largest[informative] * (len(kept) - 1))
    return {
        "modularity_score": float(modularities.mean()),
        "modularities": modularities,
        "mutual_information": information,
    }
