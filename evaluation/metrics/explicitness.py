"""Explicitness: whether each value of a factor can be read off the codes linearly.

Ridgeway & Mozer 2018, "Learning deep disentangled embeddings with the F-statistic loss", section 3,
https://arxiv.org/abs/1802.05312
"""

import numpy as np

from ..annotations import Array, Progress, Result
from ..errors import NotDefined
from ..sklearn_0_20.logistic import fit_machines, probabilities
from .arrays import as_classes, check_halves, varying


def explicitness(
    codes_train: Array, factors_train: Array, codes_test: Array, factors_test: Array, progress: Progress = None
) -> Result:
    """How well a logistic regression on all codes ranks the points of one value before all others.

    codes_train, codes_test      (n, D), (m, D), cast to float32, standardised by mean and deviation in training
    factors_train, factors_test  (n, F), (m, F) integers
    progress                     called with (factors just done, of how many)

    Returns a dictionary; the score is 'explicitness_score_test', in [0, 1], higher is better, 0.5 by chance: the
    area under the ROC curve of a value's probability, averaged over the values of a factor, then over factors. Also
    'explicitness_score_train', and 'explicitness_train' and 'explicitness_test' (F,) of each factor.

    Degenerate input: constant codes, and those whose deviation is 0 in single precision, are set to 0 (the original
    raises for constant ones). Values that occur only in training, or only in test, are left out of the test's average
    (the original raises). Factors with a single value, or with none left, are left out and are NaN; NotDefined (a
    ValueError) if no factor is left. The regression is scikit-learn 0.20.3's, see sklearn_0_20/logistic.py.
    """
    codes_train, factors_train, codes_test, factors_test = check_halves(
        codes_train, factors_train, codes_test, factors_test
    )
    kept = varying(factors_train)
    train, test = _standardise(codes_train, codes_test)
    areas = np.full((2, factors_train.shape[1]), np.nan)
    for f in kept:
        classes, test_classes, count = as_classes(factors_train[:, f], factors_test[:, f])
        machines = fit_machines(train, classes, count)
        areas[0, f] = _mean_area(probabilities(train, machines), classes)
        areas[1, f] = _mean_area(probabilities(test, machines), test_classes)
        if progress is not None:
            progress(1, len(kept))
    if np.isnan(areas[1]).all():
        raise NotDefined("factors_test: no factor has two values, expected one that has, as in factors_train")
    return {
        "explicitness_score_train": float(np.nanmean(areas[0])),
        "explicitness_score_test": float(np.nanmean(areas[1])),
        "explicitness_train": areas[0],
        "explicitness_test": areas[1],
    }


def _standardise(train, test):
    """Both (n, D) in the units of `train`, in single precision as the original computes them."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    varies = (train.min(axis=0) < train.max(axis=0)) & (deviation > 0)  # squares of tiny codes underflow to 0
    scale = np.where(varies, deviation, np.float32(np.inf))
    return (train - mean) / scale, (test - mean) / scale


def _mean_area(scores, classes):
    """Area under the ROC curve of each column of `scores` (n, classes) for its class, averaged; NaN if there is none.

    The area is the share of pairs, one of the class and one not, that are ranked rightly; ties count half.
    """
    from scipy.stats import rankdata  # takes time to import

    areas = []
    for one, column in enumerate(scores.T):
        inside = classes == one
        positives, negatives = int(inside.sum()), int((~inside).sum())
        if positives and negatives:
            above = rankdata(column)[inside].sum() - positives * (positives + 1) / 2
            areas.append(above / (positives * negatives))
    return float(np.mean(areas)) if areas else float("nan")
