"""What every metric asks of codes and factors, and the classes of a factor."""

import numpy as np

from ..errors import InputError, NotDefined

LARGEST = float(np.float32(1e16))  # size of a code; sums of squares of larger ones overflow in single precision


def as_array(values, name):
    """`values` as an array. InputError for what is none, and for masked values, whose mask an array would lose."""
    if np.ma.is_masked(values):
        raise InputError(f"{name}: some values are masked, expected a value for each")
    try:
        return np.asarray(values)
    except (RuntimeError, TypeError, ValueError) as error:  # a tensor with gradients or on a GPU, ragged lists
        raise InputError(f"{name}: {type(values).__name__}, which is not an array ({error})") from None


def check_codes(codes, name="codes", num_codes=None):
    """`codes` as float32 (num_samples, num_codes), C order. InputError names what is wrong with them.

    num_codes  how many there must be; None: at least 2
    """
    codes = as_array(codes, name)
    if codes.ndim != 2 or codes.dtype.kind not in "fiu" or not len(codes):
        raise InputError(f"{name}: {codes.dtype} {codes.shape}, expected numbers of shape (num_samples, num_codes)")
    if codes.shape[1] < 2:
        raise InputError(f"{name}: {codes.shape[1]} latent, expected at least 2 (the metrics compare latents)")
    if num_codes not in (None, codes.shape[1]):
        raise InputError(f"{name}: {codes.shape[1]} latents, expected {num_codes}, as in training")
    check_sizes(codes, name)
    return np.ascontiguousarray(codes, dtype=np.float32)


def check_sizes(codes, name):
    """InputError unless all `codes` (…, num_codes) are numbers that single precision can square and sum."""
    over = tuple(range(codes.ndim - 1))
    low, high = codes.min(axis=over).astype(np.float64), codes.max(axis=over).astype(np.float64)
    bad = np.flatnonzero(~((low >= -LARGEST) & (high <= LARGEST)))  # NaN fails too
    if len(bad):
        latent, found = bad[0], [low[bad[0]], high[bad[0]]]
        what = f"reaches {max(found, key=abs):.1e}" if np.isfinite(found).all() else "is NaN or infinite"
        raise InputError(
            f"{name}: latent {latent} {what}, expected numbers of size {LARGEST:.0e} at most "
            f"({len(bad)} of {codes.shape[-1]} latents fail)"
        )


def check_factors(factors, num_samples, name="factors", num_factors=None, like="codes"):
    """`factors` as int64 (num_samples, num_factors). InputError names what is wrong with them.

    num_factors  how many there must be; None: at least 1
    like         what `num_samples` counts, for messages
    """
    factors = as_array(factors, name)
    if factors.ndim != 2 or factors.dtype.kind not in "iu" or factors.shape[1] < 1:
        raise InputError(f"{name}: {factors.dtype} {factors.shape}, expected integers (num_samples, num_factors)")
    if len(factors) != num_samples:
        raise InputError(f"{name}: {len(factors)} samples, expected {num_samples}, as there are {like}")
    if factors.shape[1] > len(factors):
        raise InputError(
            f"{name}: {len(factors)} samples of {factors.shape[1]} factors, expected more samples than factors; "
            "arrays are (num_samples, num_codes) and (num_samples, num_factors)"
        )
    if factors.dtype == np.uint64 and int(factors.max()) >= 2**63:
        raise InputError(f"{name}: {factors.max()}, expected integers below 2**63")
    if num_factors not in (None, factors.shape[1]):
        raise InputError(f"{name}: {factors.shape[1]} factors, expected {num_factors}, as in training")
    return factors.astype(np.int64)


def check_pair(codes, factors, suffix="", like=None):
    """Codes and factors of the same points, checked.

    suffix  of the names `codes` and `factors` in messages
    like    another pair, checked, which has as many codes and factors; None: any number
    """
    widths = [None, None] if like is None else [array.shape[1] for array in like]
    codes = check_codes(codes, "codes" + suffix, widths[0])
    return codes, check_factors(factors, len(codes), "factors" + suffix, widths[1])


def check_halves(codes_train, factors_train, codes_test, factors_test):
    """Training and test points, checked: the four arrays, of as many codes and factors in both."""
    train = check_pair(codes_train, factors_train, "_train")
    return (*train, *check_pair(codes_test, factors_test, "_test", like=train))


def check_variances(variances, name, num_codes):
    """`variances` as float32 (…, num_codes). InputError names what is wrong with them."""
    variances = as_array(variances, name)
    if variances.dtype.kind not in "fiu" or variances.shape[-1:] != (num_codes,):
        raise InputError(f"{name}: {variances.dtype} {variances.shape}, expected numbers (…, {num_codes})")
    if not (np.isfinite(variances) & (variances >= 0)).all():
        raise InputError(f"{name}: found NaN, infinite or negative numbers, expected variances")
    return variances.astype(np.float32)


def check_fixed(fixed, num_votes, name):
    """`fixed` as int64 (num_votes,), the factor that each vote holds fixed. InputError names what is wrong."""
    fixed = as_array(fixed, name)
    if fixed.ndim != 1 or fixed.dtype.kind not in "iu" or len(fixed) != num_votes or num_votes == 0:
        raise InputError(f"{name}: {fixed.dtype} {fixed.shape}, expected integers ({num_votes},), one for each vote")
    if fixed.min() < 0:
        raise InputError(f"{name}: factor {fixed.min()}, expected numbers of factors, which count from 0")
    return fixed.astype(np.int64)


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
