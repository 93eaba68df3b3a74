"""Encoding: every distinct image that the metrics ask for once, in the order of the file, in large batches.

Codes are consumed as they come: what the metrics keep is the codes of 15,000 points, and per vote of FactorVAE the
variance of each latent. So memory depends on the number of latents alone, not on that of images.
"""

from typing import NamedTuple, Optional

import numpy as np

from .compiled import njit
from .errors import InputError
from .protocol import VOTE_SIZE

BATCH = 128  # images that are read and given to the encoder at once


class Encoded(NamedTuple):
    """All that the metrics need of an encoder; None for what was not asked for."""

    points: Optional[np.ndarray] = None  # (NUM_TRAIN + NUM_TEST, D) float32 codes
    variances: Optional[np.ndarray] = None  # (D,) float32 over FactorVAE's reference points, ddof=1
    local_variances: Optional[np.ndarray] = None  # (votes, D) float32 within each vote, ddof=1

    def updated(self, other):
        """This one, with what `other` has."""
        return self._replace(**{name: array for name, array in other._asdict().items() if array is not None})


class Encoder:
    """`represent`, checked: images as a data set stores them -> codes float32 (N, D), C order.

    represent  images (N, height, width, channels) -> codes (N, D), D >= 2, finite
    as_uint8   whether it takes uint8 images as they are; else it gets float32 in [0, 1]

    Raises InputError for codes of another shape, fewer than two latents, NaN or infinite codes.
    """

    def __init__(self, represent, as_uint8=False):
        self.represent, self.as_uint8, self.num_codes = represent, as_uint8, None

    def __call__(self, images):
        images = np.asarray(images)
        if images.dtype == np.uint8 and not self.as_uint8:
            images = images.astype(np.float32) / np.float32(255)
        return self._checked(np.asarray(self.represent(images)), len(images))

    def _checked(self, codes, num_images):
        if codes.ndim != 2 or len(codes) != num_images or codes.dtype.kind not in "fiu":
            raise InputError(
                f"encoder: returned {codes.dtype} {codes.shape} for {num_images} images, expected numbers "
                f"({num_images}, latents)"
            )
        if codes.shape[1] < 2:
            raise InputError(f"encoder: {codes.shape[1]} latent, expected at least 2 (the metrics compare latents)")
        if codes.shape[1] != (self.num_codes or codes.shape[1]):
            raise InputError(f"encoder: {codes.shape[1]} latents, but {self.num_codes} for earlier images")
        self.num_codes = codes.shape[1]
        with np.errstate(over="ignore"):
            codes = np.ascontiguousarray(codes, dtype=np.float32)
        bad = np.flatnonzero(~np.isfinite(codes).all(axis=0))
        if len(bad):
            raise InputError(f"encoder: latent {bad[0]} is NaN or infinite for some images, expected numbers")
        return codes


def encode(encoder, images, points=None, votes=None, batch=BATCH, progress=None):
    """Encode what `points` and `votes` (of evaluation.protocol; either may be None) ask for: an Encoded.

    encoder   an Encoder
    images    the data set's: an array or memory map, uint8 or float
    progress  called with (images just encoded, of how many)
    """
    gathers = {name: _Gather(asked) for name, asked in _asked(points, votes) if name != "votes"}
    spread = _Spread(votes.looks) if votes is not None else None
    wanted = np.unique(np.concatenate([asked.ravel() for _, asked in _asked(points, votes)]))
    for first in range(0, len(wanted), batch):
        chosen = wanted[first : first + batch]
        codes = encoder(images[chosen])
        for consumer in [*gathers.values()] + ([spread] if spread else []):
            consumer.take(chosen, codes)
        if progress is not None:
            progress(len(chosen), len(wanted))
    return Encoded(
        points=gathers["points"].codes if points is not None else None,
        variances=np.var(gathers["reference"].codes, axis=0, ddof=1) if votes is not None else None,
        local_variances=spread.variances() if votes is not None else None,
    )


def _asked(points, votes):
    asked = [("points", points.looks)] if points is not None else []
    return asked + ([("reference", votes.reference), ("votes", votes.looks)] if votes is not None else [])


class _Requests:
    """Which images are asked for, and by whom, laid out in the order in which the images come."""

    def __init__(self, images):
        self.order = np.argsort(images, axis=None, kind="stable")
        self.images = images.ravel()[self.order]
        self.allocated = False

    def take(self, chosen, codes):
        """Serve the requests for the images `chosen` (ascending), which have `codes`."""
        if not self.allocated:
            self.allocate(codes.shape[1])
            self.allocated = True
        first, last = np.searchsorted(self.images, [chosen[0], chosen[-1] + 1])
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
