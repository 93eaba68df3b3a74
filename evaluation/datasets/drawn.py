"""Images that are drawn: each picture has a surrounding of its own (noise, a background), so none can be used twice.

As the original code goes: points, their pictures from the same random state, codes, and then the next points.
"""

import numpy as np

from ..encoder import NUM_REPEATED
from ..errors import InputError
from ..protocol import DRAWS, VOTE_SIZE, num_points


def encode_drawn(encoder, dataset, parts, seed, sizes, report):
    """(codes, labels) of `parts`, each {array: …}: what the codes are reduced to; what the metrics get with them."""
    codes, labels, total = {}, {}, sum(num_points(part, sizes) for part in parts)
    with report.stage(encoder.stage) as progress:
        for part in parts:
            random_state, reducers = np.random.RandomState(seed), {}
            for draw in DRAWS[part](dataset, random_state, sizes):
                reduce = reducers.setdefault(draw.array, _REDUCERS[draw.array]())
                pictures = dataset.observe(draw.factors, random_state)
                if len(pictures) != len(draw.factors):
                    raise InputError(f"observe: {len(pictures)} images, expected {len(draw.factors)}, one a point")
                codes.setdefault(draw.array, []).append(reduce(_encode(encoder, pictures)))
                if draw.labels is not None:
                    labels.setdefault(draw.array, []).append(draw.labels)
                progress(len(draw.factors), total)
    encoder.check_repeats(pictures[:NUM_REPEATED], report)
    return tuple({name: np.concatenate(pieces) for name, pieces in found.items()} for found in (codes, labels))


def _encode(encoder, pictures):
    return np.concatenate([encoder(pictures[i : i + VOTE_SIZE]) for i in range(0, len(pictures), VOTE_SIZE)])


class _Codes:
    """The codes themselves: (n, D)."""

    def __call__(self, codes):
        return codes


class _Variance:
    """The variance of each latent: (D,)."""

    def __call__(self, codes):
        return np.var(codes, axis=0, ddof=1)


class _LocalVariances:
    """A row with the variance of each latent: (1, D)."""

    def __call__(self, codes):
        return np.var(codes, axis=0, ddof=1)[np.newaxis]


class _Differences:
    """Of every second call a row with the mean absolute difference from the codes before: (1, D); else no row."""

    def __init__(self):
        self.first = None

    def __call__(self, codes):
        if self.first is None:
            self.first = codes
            return codes[:0]
        first, self.first = self.first, None
        return np.mean(np.abs(first - codes), axis=0)[np.newaxis]


_REDUCERS = {
    "points": _Codes,
    "variances": _Variance,
    "local_variances": _LocalVariances,
    "differences": _Differences,
}
