"""Encoding: every distinct image that the metrics ask for once, in the order of the file, in large batches.

Codes are consumed as they come: what the metrics keep is the codes of 15,000 points, and per vote of FactorVAE the
variance of each latent. So memory depends on the number of latents alone, not on that of images.
"""

from typing import NamedTuple, Optional

import numpy as np

from evaluation.protocol import VOTE_SIZE
from utils.compiled import njit
from utils.errors import InputError

BATCH = 512


class Encoded(NamedTuple):
    """All that the metrics need of an encoder; None for what was not asked for."""

    points: Optional[np.ndarray] = None  # (NUM_TRAIN + NUM_TEST, D) float32 codes
    variances: Optional[np.ndarray] = None  # (D,) float32 over FactorVAE's reference points, ddof=1
    local_variances: Optional[np.ndarray] = None  # (votes, D) float32 within each vote, ddof=1


def encode(represent, images, points=None, votes=None, as_uint8=False, batch=BATCH, progress=None):
    """Encode what `points` and `votes` (of evaluation.protocol; either may be None) ask for: an Encoded.

    represent  images (N, height, width, channels) -> codes (N, D), D >= 2, finite
    images     the data set's: an array or memory map, uint8 or float
    as_uint8   whether `represent` takes uint8 images as they are; else it gets float32 in [0, 1]
    progress   called with (images just encoded, of how many)

    Raises InputError for codes of another shape, fewer than two latents, NaN or infinite codes.
    """
    consumers = [_Gather(votes.reference), _Spread(votes.images)] if votes is not None else []
    consumers += [_Gather(points.images)] if points is not None else []
    wanted = _distinct(points, votes)
    for first in range(0, len(wanted), batch):
        chosen = wanted[first : first + batch]
        codes = _checked(represent(_prepared(images[chosen], as_uint8)), chosen, consumers[0].num_codes)
        for consumer in consumers:
            consumer.take(chosen, codes)
        if progress is not None:
            progress(len(chosen), len(wanted))
    found = Encoded(points=consumers[-1].codes if points is not None else None)
    if votes is not None:
        variances = np.var(consumers[0].codes, axis=0, ddof=1)
        found = found._replace(variances=variances, local_variances=consumers[1].variances())
    return found


def _distinct(points, votes):
    asked = [points.images] if points is not None else []
    asked += [votes.reference, votes.images.ravel()] if votes is not None else []
    return np.unique(np.concatenate(asked))


def _prepared(images, as_uint8):
    images = np.asarray(images)
    if as_uint8 or images.dtype != np.uint8:
        return images
    return images.astype(np.float32) / np.float32(255)


def _checked(codes, images, expected):
    codes = np.asarray(codes)
    if codes.ndim != 2 or len(codes) != len(images) or codes.dtype.kind not in "fiu":
        raise InputError(
            f"encoder: returned {codes.dtype} {codes.shape} for {len(images)} images, expected numbers "
            f"({len(images)}, latents)"
        )
    if codes.shape[1] < 2:
        raise InputError(f"encoder: {codes.shape[1]} latent, expected at least 2 (the metrics compare latents)")
    if expected is not None and codes.shape[1] != expected:
        raise InputError(f"encoder: {codes.shape[1]} latents after {expected} for earlier images")
    codes = np.ascontiguousarray(codes, dtype=np.float32)
    if not np.isfinite(codes).all():
        row, latent = np.argwhere(~np.isfinite(codes))[0]
        raise InputError(f"encoder: latent {latent} of image {images[row]} is {codes[row, latent]}, expected numbers")
    return codes


class _Requests:
    """Which images are asked for, and by whom, laid out in the order in which the images come."""

    num_codes = None

    def __init__(self, images):
        self.order = np.argsort(images, axis=None, kind="stable")
        self.images = images.ravel()[self.order]

    def take(self, chosen, codes):
        """Serve the requests for the images `chosen` (ascending), which have `codes`."""
        first, last = np.searchsorted(self.images, [chosen[0], chosen[-1] + 1])
        if self.num_codes is None:
            self.num_codes = codes.shape[1]
            self.allocate(self.num_codes)
        self.serve(self.order[first:last], np.searchsorted(chosen, self.images[first:last]), codes)


class _Gather(_Requests):
    """The codes of given images, one row a request."""

    def allocate(self, num_codes):
        self.codes = np.empty((len(self.order), num_codes), dtype=np.float32)

    def serve(self, requests, rows, codes):
        self.codes[requests] = codes[rows]


class _Spread(_Requests):
    """The variance of each latent within each group of VOTE_SIZE requests, by Welford's running update."""

    def allocate(self, num_codes):
        groups = len(self.order) // VOTE_SIZE
        self.counts = np.zeros(groups, dtype=np.int64)
        self.means, self.squares = np.zeros((groups, num_codes)), np.zeros((groups, num_codes))

    def serve(self, requests, rows, codes):
        _update(self.counts, self.means, self.squares, requests // VOTE_SIZE, rows, codes)

    def variances(self):
        return (self.squares / (VOTE_SIZE - 1)).astype(np.float32)


@njit
def _update(counts, means, squares, groups, rows, codes):
    for request in range(len(groups)):
        group, row = groups[request], rows[request]
        counts[group] += 1
        share = 1.0 / counts[group]
        for code in range(codes.shape[1]):
            difference = codes[row, code] - means[group, code]
            means[group, code] += difference * share
            squares[group, code] += difference * (codes[row, code] - means[group, code])
