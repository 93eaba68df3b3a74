"""The encoder that is scored, its codes checked."""

import numpy as np

from .errors import InputError
from .metrics.arrays import as_array, check_sizes

NUM_REPEATED = 16  # images that are encoded twice, to see whether their codes are the same
REPEATS = 1e-4  # change of a code, as a share of the largest code, that rounding does not make


class Encoder:
    """`represent`, checked: images as a data set stores them -> codes float32 (N, D), C order.

    represent  images (N, height, width, channels) -> codes (N, D), D >= 2, finite
    as_uint8   whether it takes uint8 images as they are; else it gets float32 in [0, 1]

    Raises InputError for images that are neither uint8 nor floats in [0, 1], for codes of another shape, fewer than two
    latents, NaN, infinite or huge codes.
    """

    stage = "encoding"  # what a report calls the work

    def __init__(self, represent, as_uint8=False):
        self.represent, self.as_uint8, self.num_codes = represent, as_uint8, None

    def __call__(self, images):
        images = self._prepared(as_array(images, "images"))
        return self._checked(_as_codes(self.represent(images)), len(images))

    def _prepared(self, images):
        """`images` as the function takes them; floats are copies, which it may change."""
        if images.dtype == np.uint8:
            return images if self.as_uint8 else images.astype(np.float32) / np.float32(255)
        if images.dtype.kind != "f":
            raise InputError(f"images: {images.dtype}, expected uint8 or floats in [0, 1]")
        low, high = images.min(), images.max()
        if not (low >= 0 and high <= 1):  # NaN fails too
            raise InputError(f"images: {images.dtype} from {low:g} to {high:g}, expected uint8 or floats in [0, 1]")
        return images.astype(np.float32)

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
        check_sizes(codes, "encoder")
        return np.array(codes, np.float32, order="C")  # a copy: the function may use its memory for the next batch

    def check_repeats(self, images, report):
        """Report codes that differ when the same `images` are encoded twice, the second time in two batches.

        They are sampled, or dropout is left on, or batch normalisation.
        """
        first = self(np.array(images))  # a copy: it may change what it gets
        second = np.concatenate([self(np.array(some)) for some in np.array_split(images, 2) if len(some)])
        moved = np.abs(first - second).max(axis=0)
        latents = np.flatnonzero(moved > REPEATS * np.abs(first).max())
        if len(latents):
            report.warn(
                f"encoder: encodes the same images differently each time, or in another batch (latent {latents[0]} by "
                f"up to {moved[latents[0]]:.2g}; {len(latents)} of {len(moved)} latents differ). Here each image is "
                "encoded once, by the original each time that it is drawn: the scores differ from its scores"
            )


def _as_codes(codes):
    try:
        return as_array(codes, "encoder")
    except InputError as error:
        hint = "; for a PyTorch tensor return codes.detach().cpu().numpy()" if hasattr(codes, "detach") else ""
        raise InputError(f"{error}{hint}") from None


class Given:
    """In place of an encoder where codes are given: an "image" is its code."""

    stage = "gathering codes"

    def __call__(self, codes):
        return codes

    def check_repeats(self, images, report):
        """Given codes are what they are."""
