"""SAP: the separated attribute predictability score.

Kumar, Sattigeri & Balakrishnan 2018, "Variational inference of disentangled latent concepts from unlabeled
observations", section 3, https://openreview.net/forum?id=H1kG7GZAW
"""

import joblib
import numpy as np

from ..annotations import Array, Progress, Result
from ..sklearn_0_20.linear_svm import fit_classes
from .arrays import as_classes, check_halves, varying

PENALTY = 0.01  # C
CHUNK = 8  # codes a task


def sap(
    codes_train: Array,
    factors_train: Array,
    codes_test: Array,
    factors_test: Array,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = None,
) -> Result:
    """How much better the best code predicts a factor than the next best does, each code alone by a linear SVM.

    codes_train, codes_test      (n, D), (m, D), cast to float32
    factors_train, factors_test  (n, F), (m, F) integers
    seed                         of the solver's random order; 0 is what numpy's global state seeded with 0 gives
    jobs                         threads
    progress                     called with (codes just done, of how many)

    Returns a dictionary; the official score is 'SAP_score', in [0, 1], higher is better: the gap between the two
    largest test accuracies, averaged over factors. Also 'score_matrix' (D, F), the accuracies.

    Degenerate input: a constant code predicts one class. Factors with a single value in training are left out of the
    average, their column is NaN (the original raises); NotDefined (a ValueError) if no factor is left.

    >>> factors = np.random.RandomState(0).randint(2, size=(1000, 2))
    >>> round(sap(factors, factors, factors, factors)["SAP_score"], 2)
    0.49
    """
    codes_train, factors_train, codes_test, factors_test = check_halves(
        codes_train, factors_train, codes_test, factors_test
    )
    kept = varying(factors_train)
    sides = [_Factor(factors_train[:, f], factors_test[:, f]) for f in kept]
    matrix = np.full((codes_train.shape[1], factors_train.shape[1]), np.nan)
    matrix[:, kept] = _score_matrix(codes_train, codes_test, sides, seed, jobs, progress)
    ranked = np.sort(matrix[:, kept], axis=0)
    return {"SAP_score": float(np.mean(ranked[-1] - ranked[-2])), "score_matrix": matrix}


def _score_matrix(codes_train, codes_test, factors, seed, jobs, progress):
    """Test accuracy of each code (rows) for each of `factors` (_Factor): (D, factors)."""
    num_codes = codes_train.shape[1]
    seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=(num_codes, len(factors)))
    tasks = (
        joblib.delayed(_accuracies)(codes_train[:, chunk].T, codes_test[:, chunk].T, factors, seeds[chunk])
        for chunk in (slice(first, first + CHUNK) for first in range(0, num_codes, CHUNK))
    )
    rows = []
    for row in joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator")(tasks):
        rows.append(row)
        if progress is not None:
            progress(len(row), num_codes)
    return np.concatenate(rows)


class _Factor:
    """One factor's classes: the training points sorted by class, how many of each, and the test points' classes."""

    def __init__(self, train, test):
        classes, self.test, count = as_classes(train, test)
        self.order = np.argsort(classes, kind="stable")
        self.counts = np.bincount(classes, minlength=count)


def _accuracies(codes_train, codes_test, factors, seeds):
    """The rows of the score matrix for some codes (rows of `codes_…`), with their `seeds` (codes, factors)."""
    matrix = np.empty((len(codes_train), len(factors)))
    for row, (train, test) in enumerate(zip(codes_train.astype(np.float64), codes_test.astype(np.float64))):
        for column, factor in enumerate(factors):
            machines = fit_classes(train[factor.order], factor.counts, PENALTY, seeds[row, column])
            matrix[row, column] = np.mean(_predict(test, machines) == factor.test)
    return matrix


def _predict(x, machines):
    decisions = np.outer(machines[:, 0], x) + machines[:, 1:]
    return decisions[0] > 0 if len(decisions) == 1 else decisions.argmax(axis=0)
