"""numba's `njit` for the kit's kernels: compiled code is cached where it can be, and compiled anew elsewhere.

With `cache=True` numba raises while the module is being imported if neither the folder of the source nor the
user's cache folder can be written (a read-only repository and a user without a home, as in containers), and it raises
at a kernel's first call if a file of the cache is damaged or cannot be written. None of this stops a kernel here.

Two rules for kernels, because numba renews a cached kernel only when the kernel's own file changes: whatever
a kernel calls stands in the same file, and constants of other modules come in as arguments, not as globals.
"""

import contextlib
import functools
import os
import re
import sys

THREADS = "NUMBA_NUM_THREADS"
if re.fullmatch(r"\s*(0+|-[0-9]+)\s*", os.environ.get(THREADS, "")):  # with it numba cannot even be imported
    print(f"note: {THREADS}={os.environ.pop(THREADS)!r} is ignored; expected at least 1", file=sys.stderr, flush=True)

import numba  # noqa: E402


def njit(function=None, **options):
    """`numba.njit` with a cache where one can be written; use it bare or with numba's options.

    The GIL is released (`nogil=True`) unless the options say otherwise, so that threads share the work.
    """
    if function is None:
        return functools.partial(njit, **options)
    options.setdefault("nogil", True)
    try:
        kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function …: no locator available"
        return numba.njit(**options)(function)
    if hasattr(kernel, "_cache"):  # with NUMBA_DISABLE_JIT=1 a kernel is the plain function
        kernel._cache = _ForgivingCache(kernel._cache)
    return kernel


class _ForgivingCache:
    """A kernel's cache that is a cache miss where numba's raises.

    numba has no public place for it: this stands on `Dispatcher._cache` and the two methods it calls there.
    """

    def __init__(self, cache):
        self._cache = cache

    def __getattr__(self, name):
        return getattr(self._cache, name)

    def load_overload(self, signature, target_context):
        try:
            return self._cache.load_overload(signature, target_context)
        except Exception:  # unpickling a damaged file raises nearly anything
            with contextlib.suppress(OSError):
                self._cache.flush()  # an empty index, so that the next process finds sound files
            return None

    def save_overload(self, signature, data):
        with contextlib.suppress(OSError):  # no space left, no permission
            self._cache.save_overload(signature, data)
