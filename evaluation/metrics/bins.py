"""Bins of equal width between a variable's extremes, as numpy 1.18 drew them, whichever numpy runs."""

import numbers

import numpy as np

from ..errors import InputError

EXACT = 2**53  # integers above are not all numbers in double precision


def digitize(values, num_bins):
    """Bin of each of `values` (n,), numbered from 1 to `num_bins`.

    np.digitize(values, np.histogram(values, num_bins)[1][:-1]) of the official stack: edges are computed in double
    precision and rounded to the type of float values (newer numpy computes them in single precision, and refuses
    ranges of a few units in the last place). Constant values share one bin. Integers that double precision cannot tell
    apart are counted from the smallest, so that bins depend on their distances alone.
    """
    if not isinstance(num_bins, numbers.Integral) or num_bins < 1:
        raise InputError(f"num_bins: {num_bins!r}, expected a whole number, at least 1")
    if values.dtype.kind == "i" and not -EXACT <= values.min() <= values.max() <= EXACT:
        values = (values - values.min()).astype(np.uint64)  # a difference above 2**63 wraps to the right one
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.arange(num_bins) * ((high - low) / num_bins) + low
    if values.dtype.kind == "f":
        edges = edges.astype(values.dtype)
    return np.searchsorted(edges, values, side="right")
