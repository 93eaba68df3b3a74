"""Images with a label for each: a data set that need not hold every combination of its factors."""

from __future__ import annotations

import numpy as np

from utils.data.dataset import DataSet
from utils.data.storage.fingerprint import digest_of
from utils.errors import InputError


class LabelledSet(DataSet):
    """Images, and a table with the values of their factors.

    labels        int64 (n, F), from 0 to the factor's size - 1, each value taken by some image
    factor_names  one name a factor; factor_sizes: how many values each takes

    Training reads `images` and nothing else. Scoring reads `labels`; there is no grid to draw points from.
    """

    def __init__(self, name, images, labels, factor_names):
        super().__init__(name, images, (), ())
        self.labels = np.ascontiguousarray(labels, np.int64)
        if self.labels.shape != (len(images), len(factor_names)) or not len(factor_names):
            raise InputError(
                f"data set {name}: labels {self.labels.shape} found, expected ({len(images)}, {len(factor_names)})"
            )
        self.factor_names = tuple(factor_names)
        self.factor_sizes = tuple(int(column.max()) + 1 for column in self.labels.T)
        for factor, size, column in zip(self.factor_names, self.factor_sizes, self.labels.T):
            if len(np.unique(column)) != size or column.min() < 0:
                raise InputError(f"data set {name}: factor {factor!r} does not take every value from 0 to {size - 1}")

    @property
    def fingerprint(self):
        """A string that stands for what scoring reads: the images, the labels and the factors' names."""
        return digest_of(self.images_fingerprint, self.factor_names, self.labels.shape, self.labels.tobytes())

    def require_factors(self):
        raise InputError(f"data set {self.name}: has a label for each image and no full grid of its factors")
