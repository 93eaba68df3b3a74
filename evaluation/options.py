"""The options of an evaluation, checked before its work begins."""

from numbers import Integral

from .errors import InputError
from .protocol import SEEDS, Sizes

MOST_JOBS = 1024  # threads


def check_options(seed, jobs, sizes):
    """InputError names the option of `evaluate` that is not as its docstring says."""
    check_seed(seed)
    if not _is_whole(jobs) or not (jobs == -1 or 1 <= jobs <= MOST_JOBS):
        raise InputError(f"jobs {jobs!r}: expected a number of threads from 1 to {MOST_JOBS}, or -1 for all cores")
    if not isinstance(sizes, Sizes):
        raise InputError(f"sizes: {type(sizes).__name__}, expected a protocol.Sizes")
    for name, size in sizes._asdict().items():
        least = 2 if name == "reference" else 1  # a single point has no variance
        if not _is_whole(size) or size < least:
            raise InputError(f"sizes: {name} {size!r}, expected a whole number, at least {least}")


def check_seed(seed):
    """InputError unless `seed` is one that numpy's RandomState takes."""
    if not _is_whole(seed) or not 0 <= seed < SEEDS:
        raise InputError(f"seed {seed!r}: expected a whole number from 0 to {SEEDS - 1}")


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
