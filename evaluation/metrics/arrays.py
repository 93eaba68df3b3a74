"""What every metric asks of codes and factors, and the classes of a factor."""

import numpy as np

from ..errors import InputError, NotDefined


def check_codes(codes, name="codes"):
    """`codes` as float32 (num_samples, num_codes), C order. InputError names what is wrong with them."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "fiu" or not len(codes):
        raise InputError(f"{name}: {codes.dtype} {codes.shape}, expected numbers of shape (num_samples, num_codes)")
    if codes.shape[1] < 2:
        raise InputError(f"{name}: {codes.shape[1]} latent, expected at least 2 (the metrics compare latents)")
    codes = np.ascontiguousarray(codes, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(codes).all(axis=0))
    if len(bad):
        raise InputError(f"{name}: latent {bad[0]} is NaN or infinite ({len(bad)} of {codes.shape[1]} latents are)")
    return codes


def check_factors(factors, num_samples, name="factors"):
    """`factors` as int64 (num_samples, num_factors). InputError names what is wrong with them."""
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.dtype.kind not in "iu" or factors.shape[1] < 1:
        raise InputError(f"{name}: {factors.dtype} {factors.shape}, expected integers (num_samples, num_factors)")
    if len(factors) != num_samples:
        raise InputError(f"{name}: {len(factors)} samples, expected {num_samples}, as there are codes")
    return factors.astype(np.int64)


def check_pair(codes, factors, suffix=""):
    """Codes and factors of the same points, checked."""
    codes = check_codes(codes, "codes" + suffix)
    return codes, check_factors(factors, len(codes), "factors" + suffix)


def varying(factors, at_least=1):
    """Indices of the factors that take more than one value. NotDefined if there are fewer than `at_least`."""
    found = np.flatnonzero((factors != factors[:1]).any(axis=0))
    if len(found) < at_least:
        raise NotDefined(f"factors: {len(found)} of {factors.shape[1]} vary, expected {at_least} or more that do")
    return found


def as_classes(train, test):
    """Number the values of one factor: (classes of `train`, classes of `test`, how many); unseen in train: -1."""
    values, train_classes = np.unique(train, return_inverse=True)
    place = np.minimum(np.searchsorted(values, test), len(values) - 1)
    return train_classes.reshape(-1), np.where(values[place] == test, place, -1), len(values)
