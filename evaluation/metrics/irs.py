"""IRS: the interventional robustness score.

Suter, Miladinovic, Schölkopf & Bauer 2019, "Robustly disentangled causal mechanisms: validating deep representations
for interventional robustness", https://arxiv.org/abs/1811.00007
"""

import numpy as np

from ..annotations import Array, Progress, Result
from ..errors import InputError
from .arrays import check_pair
from .bins import digitize

CHUNK = 64  # codes a step, which bounds the memory


def irs(codes: Array, factors: Array, progress: Progress = None, quantile: float = 0.99, num_bins: int = 20) -> Result:
    """How far a code strays when all factors but one change (section 4 of the paper).

    codes     (n, D), cast to float32
    factors   (n, F) integers; cut into `num_bins` bins as MIG cuts codes, so that an axis of 40 values is merged
              in pairs
    progress  called with (codes just done, of how many)
    quantile  of the deviations |code - mean in the bin| that counts (1.0 in the paper)

    Returns a dictionary; the official score is 'IRS', at most 1, higher is better: 1 - deviation over the code's
    largest deviation, for the best factor of each code, weighted by that largest deviation. It is below 0 where codes
    stray further from their mean in a bin than from the mean of all: those of two values do.
    Further
      num_active_dims          number of codes that vary (the original returns the sum of their values)
      IRS_matrix               (active, F) robustness; disentanglement_scores: (active,) its row maxima
      parents, max_deviations  (active,) best factor, largest deviation from the mean
      active_dims              (active,) which codes these are

    Degenerate input: constant codes are dropped; if all are, IRS is 0. The original drops those whose variance in
    single precision is 0; for others rounding decides its score. So it does here for codes a million times as far from
    0 as they vary, whose score may even be far below 0: means are taken in single precision.

    >>> factors = np.random.RandomState(0).randint(2, size=(1000, 2))
    >>> round(irs(factors, factors)["IRS"], 2)
    1.0
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile: {quantile!r}, expected a number from 0 to 1")
    codes, factors = check_pair(codes, factors)
    active = np.flatnonzero(codes.min(axis=0) < codes.max(axis=0))  # a constant's variance may be above 0 by rounding
    bins = np.stack([digitize(column, num_bins) for column in factors.T])
    chunks = [active[first : first + CHUNK] for first in range(0, len(active), CHUNK)]
    rows = []
    for chunk in chunks:
        rows.append(_robustness(np.ascontiguousarray(codes[:, chunk].T), bins, quantile))
        if progress is not None:
            progress(len(chunk), len(active))
    matrix = np.concatenate([np.zeros((0, len(bins)))] + [row for row, _ in rows])
    largest = np.concatenate([np.zeros(0)] + [deviation for _, deviation in rows])
    scores = matrix.max(axis=1)
    return {
        "IRS": float(np.average(scores, weights=largest)) if len(active) else 0.0,
        "num_active_dims": len(active),
        "IRS_matrix": matrix,
        "disentanglement_scores": scores,
        "parents": matrix.argmax(axis=1),
        "max_deviations": largest,
        "active_dims": active,
    }


def _robustness(codes, bins, quantile):
    """Robustness (D, F) of `codes` (D, n) to all factors but one, and their largest deviations (D,)."""
    largest = np.abs(codes - codes.mean(axis=1, keepdims=True)).max(axis=1).astype(np.float64)
    strayed = np.zeros((len(codes), len(bins)))
    for f, bin_of in enumerate(bins):
        present = np.unique(bin_of)
        for one in present:
            inside = codes[:, bin_of == one]
            deviations = np.abs(inside - inside.mean(axis=1, keepdims=True))
            strayed[:, f] += _quantile(deviations, quantile)
        strayed[:, f] /= len(present)
    return 1.0 - strayed / largest[:, None], largest


def _quantile(values, quantile):
    """The quantile of each row of `values`, interpolated linearly between neighbours."""
    position = quantile * (values.shape[1] - 1)
    below = int(np.floor(position))
    above = min(below + 1, values.shape[1] - 1)
    ranked = np.partition(values, (below, above), axis=1).astype(np.float64)
    share = position - below
    return ranked[:, below] * (1 - share) + ranked[:, above] * share
