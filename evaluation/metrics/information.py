"""Mutual information between codes, cut into bins, and discrete variables."""

import joblib
import numpy as np

from ..compiled import njit
from .bins import digitize

CHUNK = 64  # codes a task


def information_matrix(codes, variables, num_bins, jobs=1, progress=None):
    """Mutual information (D, V) in nats between codes and variables of the same n points.

    codes      (n, D) float32; each is cut into `num_bins` bins of equal width between its extremes
    variables  (V, n) integers from 0
    jobs       threads
    progress   called with (codes just done, of how many)

    A constant code has exactly 0 with every variable.
    """
    values = int(variables.max()) + 1
    chunks = [codes[:, first : first + CHUNK] for first in range(0, codes.shape[1], CHUNK)]
    tasks = (joblib.delayed(_rows)(chunk, variables, num_bins, values) for chunk in chunks)
    rows = []
    for row in joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator")(tasks):
        rows.append(row)
        if progress is not None:
            progress(len(row), codes.shape[1])
    return np.concatenate(rows)


def into_bins(codes, num_bins):
    """Bin (D, n) of each code (n, D), numbered from 1."""
    return np.stack([digitize(code, num_bins) for code in codes.T])


def as_variables(factors):
    """Factors (n, F) of any integers as variables (F, n) from 0."""
    return np.stack([np.unique(column, return_inverse=True)[1].reshape(-1) for column in factors.T])


def _rows(codes, variables, num_bins, values):
    return _mutual_information(into_bins(codes, num_bins), variables, num_bins + 1, values)


@njit
def _mutual_information(binned, variables, num_bins, num_values):
    """Nats between each row of `binned` (D, n) and each row of `variables` (V, n): (D, V)."""
    n = binned.shape[1]
    information = np.zeros((len(binned), len(variables)))
    for d in range(len(binned)):
        for v in range(len(variables)):
            joint = np.zeros((num_bins, num_values))
            for i in range(n):
                joint[binned[d, i], variables[v, i]] += 1
            by_bin, by_value = joint.sum(axis=1), joint.sum(axis=0)
            for b in range(num_bins):
                for c in range(num_values):
                    if joint[b, c] > 0:
                        information[d, v] += joint[b, c] / n * np.log(joint[b, c] * n / (by_bin[b] * by_value[c]))
    return information
