"""What training and evaluation know of a data set: images, and, for scoring alone, the factors behind them."""

from __future__ import annotations

import numpy as np

from utils.data.storage.fingerprint import digest_of, images_digest
from utils.data.storage.mapped import batched
from utils.errors import InputError


class DataSet:
    """Images of every combination of some factors, the last factor varying fastest (the MPI3D layout).

    name          the registry's name, e.g. 'mpi3d_toy'
    images        uint8 (n, 64, 64, channels), n = product of the sizes; usually a memory map
    factor_names  one name a factor; factor_sizes: how many values each takes; both empty for images without factors
    hidden        places of factors that are not scored: `index` draws them anew for each picture. They are left out
                  of factor_names and factor_sizes
    problem       why images without factors have none, for the error that says so; None: not known

    Training reads `images` and nothing else.
    """

    images_are_stored = True  # False: a point's picture comes from `observe` alone, each time another one

    def __init__(self, name, images, factor_sizes, factor_names, hidden=(), problem=None):
        self.name, self.images, self._problem = name, batched(images), problem
        self._sizes = tuple(int(size) for size in factor_sizes)
        self._names, self._hidden = tuple(factor_names), tuple(hidden)
        self._images_fingerprint = None
        self._visible = tuple(place for place in range(len(self._sizes)) if place not in self._hidden)
        self.factor_sizes = tuple(self._sizes[place] for place in self._visible)
        self.factor_names = tuple(factor_names[place] for place in self._visible)
        if self._sizes and len(images) != np.prod(self._sizes):
            raise InputError(
                f"data set {name}: {len(images)} images found, but factor sizes {self._sizes} "
                f"make {np.prod(self._sizes)}"
            )
        self._strides = (np.prod(self._sizes) // np.cumprod(self._sizes)).astype(np.int64)

    @property
    def images_fingerprint(self):
        """A string that stands for what training reads: the images alone, not their names and not their factors.

        It is computed when first asked for. See `images_digest` for what it reads, and what it cannot notice.
        """
        if self._images_fingerprint is None:
            self._images_fingerprint = images_digest(self.images)
        return self._images_fingerprint

    @property
    def fingerprint(self):
        """A string that stands for what scoring reads: images, and factors by sizes, names and which are hidden.

        Equal contents of up to 128 MiB have equal fingerprints, wherever they lie and whatever the data set is called;
        `images_digest` says what is read of more, and what it cannot notice.
        """
        return digest_of(self.images_fingerprint, self._sizes, self._names, self._hidden)

    @property
    def images_are_drawn(self):
        """Whether `index` or `observe` draws from the random state, so that factors alone don't fix a picture."""
        return any(self._sizes[place] > 1 for place in self._hidden)

    def sample_factors(self, num, random_state):
        """Draw `num` points uniformly as the official code does: int64 (num, num_factors).

        One `randint(size, size=num)` per factor in order; for a factor of size 1 that consumes nothing.
        InputError for images without factors.
        """
        self.require_factors()
        return np.stack([random_state.randint(size, size=num) for size in self.factor_sizes], axis=1)

    def index(self, factors, random_state=None):
        """Positions in `images` of the points `factors` (num, num_factors): int64 (num,).

        Hidden factors are drawn from `random_state` as the library does, one `randint(size, size=num)` per hidden
        factor in order, when it makes pictures of the points; a data set without any consumes nothing.
        InputError for points that are not on the grid.
        """
        self.require_factors()
        factors = self._on_grid(factors)
        if not self._hidden:
            return factors @ self._strides
        if random_state is None and self.images_are_drawn:
            raise InputError(f"data set {self.name}: its pictures are drawn, which needs a random state")
        points = np.zeros((len(factors), len(self._sizes)), np.int64)
        points[:, self._visible] = factors
        for place in self._hidden:
            if self._sizes[place] > 1:
                points[:, place] = random_state.randint(self._sizes[place], size=len(factors))
        return points @ self._strides

    def observe(self, factors, random_state=None):
        """Pictures of the points `factors`: uint8 (num, 64, 64, channels)."""
        return np.asarray(self.images[self.index(factors, random_state)])

    def require_more_than(self, held_out):
        """InputError if nothing is left to train on without `held_out` of the images."""
        if held_out >= len(self.images):
            raise InputError(f"held_out={held_out}: expected fewer than the {len(self.images):,} images of {self.name}")

    def _on_grid(self, factors):
        """`factors` as int64 (num, num_factors); InputError names one that is not a value of the grid."""
        found, num_factors = np.asarray(factors), len(self.factor_sizes)
        if found.dtype.kind not in "iu" or found.ndim != 2 or found.shape[1] != num_factors:
            expected = f"integers (num, {num_factors})"
            raise InputError(f"data set {self.name}: factors {found.dtype} {found.shape}, expected {expected}")
        points = found.astype(np.int64)
        outside = (points < 0) | (points >= np.array(self.factor_sizes))
        if outside.any():
            row, place = np.argwhere(outside)[0]
            raise InputError(
                f"data set {self.name}: {self.factor_names[place]} {found[row, place]}, expected 0 to "
                f"{self.factor_sizes[place] - 1}"
            )
        return points

    def require_factors(self):
        """InputError unless there is a grid of its factors, from which points can be drawn."""
        if not self.factor_sizes:
            reason = f" ({self._problem})" if self._problem else "; name them in a YAML file or give each image labels"
            raise InputError(
                f"data set {self.name}: its factors are not known, so it can be trained on but not scored{reason}; "
                "see docs/data.md"
            )
