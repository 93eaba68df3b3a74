"""Images that are stored: all draws are replayed first, then each image that they ask for is encoded once.

Images are read in the order of the file, in large batches, and their codes are consumed as they come. What is kept is
the codes of the points and a row for each vote; BetaVAE's pairs alone need the codes of all images at once.
"""

import hashlib

import numpy as np

from ..compiled import njit
from ..encoder import NUM_REPEATED
from ..errors import InputError
from ..protocol import ARRAYS, DRAWS, VOTE_SIZE

BATCH = 128  # images that are read and given to the encoder at once


def plan(dataset, part, seed, sizes):
    """Where the images lie that `part` asks for, and its labels: {array: (n,) int64}, {array: (rows, …) int64}."""
    random_state = np.random.RandomState(seed)
    positions, labels = {}, {}
    for draw in DRAWS[part](dataset, random_state, sizes):
        found = np.array(dataset.index(draw.factors, random_state))  # a copy
        if found.shape != (len(draw.factors),) or found.dtype.kind not in "iu":
            expected = f"integers ({len(draw.factors)},), one for each point"
            raise InputError(f"index: {found.dtype} {found.shape}, expected {expected}")
        positions.setdefault(draw.array, []).append(found)
        if draw.labels is not None:
            labels.setdefault(draw.array, []).append(draw.labels)
    positions, labels = (
        {name: np.concatenate(pieces) for name, pieces in found.items()} for found in (positions, labels)
    )
    for found in positions.values():
        _check_positions(found, len(dataset.images))
    return positions, labels


def _check_positions(positions, num_images):
    """InputError unless an image lies at each of `positions`."""
    outside = positions[(positions < 0) | (positions >= num_images)]
    if len(outside):
        raise InputError(
            f"index: position {outside[0]}, expected 0 to {num_images - 1}, as there are {num_images} images"
        )


def encode_stored(encoder, images, positions, batch=BATCH, progress=None):
    """Encode the images at `positions`, {array: (n,)}: {array: what its codes are reduced to}.

    encoder   an Encoder
    images    the data set's: an array or memory map, uint8 or float
    progress  called with (images just encoded, of how many)
    """
    consumers = {name: _CONSUMERS[name](asked) for name, asked in positions.items()}
    wanted = np.unique(np.concatenate(list(positions.values())))
    for first in range(0, len(wanted), batch):
        chosen = wanted[first : first + batch]
        codes = encoder(images[chosen])
        for consumer in consumers.values():
            consumer.take(chosen, codes)
        if progress is not None:
            progress(len(chosen), len(wanted))
    return {name: consumer.result() for name, consumer in consumers.items()}


def codes_of_stored(encoder, images, plans, cache, key, report):
    """{array: codes or what they are reduced to} of the images that `plans` ask for.

    plans   {part: {array: (n,) positions in `images`}}
    cache   a cache.CodesCache or None; what it has for `key` (the draws' seed and sizes) and the same positions is not
            encoded again
    """
    keys = {} if cache is None else {part: f"{key} {_digest(positions)}" for part, positions in plans.items()}
    codes, missing = {}, {}
    for part, positions in plans.items():
        found = cache.load(part, keys[part]) if keys else None
        if found is None:
            missing[part] = positions
        else:
            report.say(f"codes of the {part} reused: same encoder, same data")
            codes.update(found)
    if missing:
        asked = {name: positions for part in missing.values() for name, positions in part.items()}
        with report.stage(encoder.stage) as progress:
            codes.update(encode_stored(encoder, images, asked, progress=progress))
        encoder.check_repeats(images[np.arange(min(NUM_REPEATED, len(images)))], report)
    for part in missing if keys else ():
        try:
            cache.save(part, keys[part], {name: codes[name] for name in ARRAYS[part]})
        except OSError as error:
            report.say(f"codes of the {part} not saved for another call: {error}")
    return codes


def _digest(positions):
    digest = hashlib.sha256()
    for name, found in positions.items():
        digest.update(name.encode() + np.ascontiguousarray(found, np.int64).tobytes())
    return digest.hexdigest()


class _Requests:
    """Which images are asked for, and by whom, laid out in the order in which the images come."""

    def __init__(self, positions):
        self.order = np.argsort(positions, kind="stable")
        self.positions = positions[self.order]
        self.allocated = False

    def take(self, chosen, codes):
        """Serve the requests for the images `chosen` (ascending), which have `codes`."""
        if not self.allocated:
            self.allocate(codes.shape[1])
            self.allocated = True
        first, last = np.searchsorted(self.positions, [chosen[0], chosen[-1] + 1])
        self.serve(self.order[first:last], np.searchsorted(chosen, self.positions[first:last]), codes)


class _Gather(_Requests):
    """The codes of given images, one row a request: (n, D) float32."""

    def allocate(self, num_codes):
        self.codes = np.empty((len(self.order), num_codes), dtype=np.float32)

    def serve(self, requests, rows, codes):
        self.codes[requests] = codes[rows]

    def result(self):
        return self.codes


class _Variance(_Gather):
    """The variance of each latent over all requests, ddof=1: (D,) float32."""

    def result(self):
        return np.var(self.codes, axis=0, ddof=1)


class _LocalVariances(_Requests):
    """The variance of each latent within each group of VOTE_SIZE requests, ddof=1, by Welford's running update."""

    def allocate(self, num_codes):
        groups = len(self.order) // VOTE_SIZE
        self.counts = np.zeros(groups, dtype=np.int64)
        self.means, self.squares = np.zeros((groups, num_codes)), np.zeros((groups, num_codes))

    def serve(self, requests, rows, codes):
        _update(self.counts, self.means, self.squares, requests // VOTE_SIZE, rows, codes)

    def result(self):
        return (self.squares / (VOTE_SIZE - 1)).astype(np.float32)


class _Differences(_Requests):
    """The mean absolute difference between the halves of each group of 2 * VOTE_SIZE requests: (groups, D) float32."""

    def __init__(self, positions):
        super().__init__(positions)
        self.distinct, self.places = np.unique(positions, return_inverse=True)

    def allocate(self, num_codes):
        self.codes = np.empty((len(self.distinct), num_codes), dtype=np.float32)

    def serve(self, requests, rows, codes):
        self.codes[self.places[requests]] = codes[rows]

    def result(self):
        groups = self.places.reshape(-1, 2, VOTE_SIZE)
        return np.stack([np.mean(np.abs(self.codes[one] - self.codes[two]), axis=0) for one, two in groups])


_CONSUMERS = {
    "points": _Gather,
    "variances": _Variance,
    "local_variances": _LocalVariances,
    "differences": _Differences,
}


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
