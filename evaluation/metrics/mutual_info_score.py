"""Mutual information score: how much information codes have about each other. It needs no factors.

Locatello, Bauer, Lucic, Rätsch, Gelly, Schölkopf & Bachem 2019, "Challenging common assumptions in the unsupervised
learning of disentangled representations", section 5.2, https://arxiv.org/abs/1811.12359
"""

import numpy as np

from ..annotations import Array, Progress, Result
from .arrays import check_codes
from .information import information_matrix, into_bins


def mutual_info_score(codes: Array, jobs: int = 1, progress: Progress = None, num_bins: int = 20) -> Result:
    """Mutual information between two codes, averaged over all pairs of them.

    codes     (n, D), cast to float32; each is cut into `num_bins` bins of equal width between its extremes
    jobs      threads
    progress  called with (codes just done, of how many)

    Returns a dictionary; the score is 'mutual_info_score' in nats, in [0, log num_bins], lower is better. Few points
    raise it: independent codes of n points have about (num_bins - 1)^2 / 2n.

    Degenerate input: a constant code has no information (0).
    """
    codes = check_codes(codes)
    information = information_matrix(codes, into_bins(codes, num_bins), num_bins, jobs, progress)
    others = ~np.eye(len(information), dtype=bool)
    return {"mutual_info_score": float(information[others].mean())}
