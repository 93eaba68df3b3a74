"""Bins of equal width between a variable's extremes, as numpy 1.18 drew them, whichever numpy runs."""

import numpy as np


def digitize(values, num_bins):
    """Bin of each of `values` (n,), numbered from 1 to `num_bins`.

    np.digitize(values, np.histogram(values, num_bins)[1][:-1]) of the official stack: edges are computed in double
    precision and rounded to the type of float values (newer numpy computes them in single precision, and refuses
    ranges of a few units in the last place). Constant values share one bin.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.arange(num_bins) * ((high - low) / num_bins) + low
    if values.dtype.kind == "f":
        edges = edges.astype(values.dtype)
    return np.searchsorted(edges, values, side="right")
