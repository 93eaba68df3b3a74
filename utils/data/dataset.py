"""What training and evaluation know of a data set: images, and, for scoring alone, the factors behind them."""

import numpy as np

from utils.errors import InputError


class DataSet:
    """Images of every combination of some factors, the last factor varying fastest (the MPI3D layout).

    name          the registry's name, e.g. 'mpi3d_toy'
    images        uint8 (n, 64, 64, channels), n = product of factor_sizes; usually a memory map
    factor_names  one name a factor; factor_sizes: how many values each takes

    Training reads `images` and nothing else.
    """

    def __init__(self, name, images, factor_sizes, factor_names):
        self.name, self.images = name, images
        self.factor_sizes, self.factor_names = tuple(factor_sizes), tuple(factor_names)
        if len(images) != np.prod(self.factor_sizes):
            raise InputError(
                f"data set {name}: {len(images)} images found, but factor sizes {self.factor_sizes} "
                f"make {np.prod(self.factor_sizes)}"
            )
        self._strides = np.prod(self.factor_sizes) // np.cumprod(self.factor_sizes)

    def sample_factors(self, num, random_state):
        """Draw `num` points uniformly as the official code does: int64 (num, num_factors).

        One `randint(size, size=num)` per factor in order; for a factor of size 1 that consumes nothing.
        """
        return np.stack([random_state.randint(size, size=num) for size in self.factor_sizes], axis=1)

    def index(self, factors):
        """Positions in `images` of the points `factors` (num, num_factors): int64 (num,)."""
        return np.asarray(factors, dtype=np.int64) @ self._strides
