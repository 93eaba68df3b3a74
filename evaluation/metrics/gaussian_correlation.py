"""Total correlation and Wasserstein correlation of codes, taken for a Gaussian. They need no factors.

Locatello, Bauer, Lucic, Rätsch, Gelly, Schölkopf & Bachem 2019, "Challenging common assumptions in the unsupervised
learning of disentangled representations", section 5.2, https://arxiv.org/abs/1811.12359
"""

import numpy as np

from ..annotations import Array, Result
from ..errors import InputError
from .arrays import check_codes


def gaussian_correlation(codes: Array) -> Result:
    """How far a Gaussian with the covariance of the codes is from one with the same variances and no correlation.

    codes  (n, D), cast to float32; n at least 2

    Returns a dictionary; all values are 0 for uncorrelated codes, and lower is better:
      gaussian_total_correlation             KL divergence between the two in nats, at least 0:
                                             (sum of the logarithms of the variances - log det of the covariance) / 2
      gaussian_wasserstein_correlation       squared 2-Wasserstein distance between the two, in the codes' unit squared
      gaussian_wasserstein_correlation_norm  that over the sum of the variances, in [0, 2)

    Degenerate input: constant codes are left out, as they correlate with nothing (the original returns NaN for the
    total correlation); all values are 0 if none is left. The total correlation is infinite if a code is a linear
    function of others, to working precision (the original returns what rounding leaves, some 15 to 20 nats, and
    complex distances). InputError (a ValueError) for a single point.
    """
    codes = check_codes(codes)
    if len(codes) < 2:
        raise InputError("codes: 1 sample, expected at least 2 (a covariance needs them)")
    varying = codes[:, codes.min(axis=0) < codes.max(axis=0)]
    total = distance = normalised = 0.0
    if varying.shape[1]:
        covariance = np.atleast_2d(np.cov(varying.T.astype(np.float64)))
        total, distance = total_correlation(covariance), wasserstein_correlation(covariance)
        normalised = distance / float(np.trace(covariance))
    return {
        "gaussian_total_correlation": total,
        "gaussian_wasserstein_correlation": distance,
        "gaussian_wasserstein_correlation_norm": normalised,
    }


def total_correlation(covariance):
    """Total correlation in nats of a Gaussian with `covariance` (D, D), whose diagonal is positive."""
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    if np.linalg.matrix_rank(correlation, hermitian=True) < len(correlation):
        return float("inf")
    return float(max(0.0, -np.linalg.slogdet(correlation)[1] / 2))


def wasserstein_correlation(covariance):
    """Squared 2-Wasserstein distance of Gaussians with `covariance` (D, D) and with its diagonal alone.

    2 (trace of S - trace of the square root of V S V), where S is the covariance and V the standard deviations.
    """
    deviations = np.sqrt(np.diag(covariance))
    squares = np.linalg.eigvalsh(covariance * np.outer(deviations, deviations))
    roots = np.sqrt(np.maximum(squares, 0))
    return float(max(0.0, 2 * np.trace(covariance) - 2 * roots.sum()))
