"""The encoder that is scored, its codes checked."""

import numpy as np

from .errors import InputError


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
