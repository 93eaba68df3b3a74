"""DCI: disentanglement, completeness and informativeness.

Eastwood & Williams 2018, "A framework for the quantitative evaluation of disentangled representations",
https://openreview.net/forum?id=By-7dz-AZ
"""

import numpy as np

from ..annotations import Array, Progress, Result
from ..sklearn_0_20.boosting import boost
from .arrays import as_classes, check_halves, varying


def dci(
    codes_train: Array,
    factors_train: Array,
    codes_test: Array,
    factors_test: Array,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = None,
) -> Result:
    """How exclusively a code serves one factor (section 2 of the paper), by the importances of boosted trees.

    codes_train, codes_test      (n, D), (m, D), cast to float32
    factors_train, factors_test  (n, F), (m, F) integers
    seed, jobs, progress         as in `boosting.boost`

    Returns a dictionary; the official score is 'disentanglement'.
      disentanglement, completeness  in [0, 1], higher is better: 1 - entropy of a code's (a factor's) importances
                                     after adding 1e-11, logarithms to base F (D), weighted by its share of all
      informativeness_train, _test   accuracy of the trees, averaged over factors, in [0, 1]
      importance_matrix              (D, F), columns sum to 1

    Degenerate input: codes that let no tree split score 0 (the original divides 0 by 0 and returns NaN). Factors
    with a single value in training are left out, their column is 0 (the original raises); NotDefined (a ValueError) if
    fewer than two factors are left. The trees are scikit-learn 0.20.3's; importances differ from the original's only
    where codes are equally good but for rounding, which it decides by the last bit or at random.

    >>> factors = np.random.RandomState(0).randint(2, size=(1000, 2))
    >>> round(dci(factors, factors, factors, factors)["disentanglement"], 2)
    1.0
    """
    codes_train, factors_train, codes_test, factors_test = check_halves(
        codes_train, factors_train, codes_test, factors_test
    )
    kept = varying(factors_train, at_least=2)
    classes = [as_classes(factors_train[:, f], factors_test[:, f]) for f in kept]
    train, test = (np.stack([one[part] for one in classes], axis=1) for part in (0, 1))
    found, predicted_train, predicted_test = boost(
        codes_train, train, codes_test, [count for _, _, count in classes], seed, jobs, progress
    )
    importances = np.zeros((codes_train.shape[1], factors_train.shape[1]))
    importances[:, kept] = found
    return {
        "disentanglement": weighted_concentration(found),
        "completeness": weighted_concentration(found.T),
        "informativeness_train": float(np.mean(predicted_train == train)),
        "informativeness_test": float(np.mean(predicted_test == test)),
        "importance_matrix": importances,
    }


def weighted_concentration(importances):
    """1 - entropy of each row of `importances` (rows, columns), to base `columns`, weighted by the row's share."""
    shares = importances + 1e-11
    shares = shares / shares.sum(axis=1, keepdims=True)
    concentration = 1 + np.sum(shares * np.log(shares), axis=1) / np.log(importances.shape[1])
    weights = importances.sum(axis=1)
    if not weights.sum() > 0:
        weights = np.ones(len(weights))
    return float(np.sum(concentration * weights) / weights.sum())
