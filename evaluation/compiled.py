"""numba's `njit` for the kit's kernels: compiled code is cached where it can be, and compiled anew elsewhere.

With `cache=True` numba raises while the module is being imported if neither the folder of the source nor the
user's cache folder can be written (a read-only repository and a user without a home, as in containers).

Two rules for kernels, because numba renews a cached kernel only when the kernel's own file changes: whatever
a kernel calls stands in the same file, and constants of other modules come in as arguments, not as globals.
"""

import functools

import numba


def njit(function=None, **options):
    """`numba.njit` with a cache where one can be written; use it bare or with numba's options.

    The GIL is released (`nogil=True`) unless the options say otherwise, so that threads share the work.
    """
    if function is None:
        return functools.partial(njit, **options)
    options.setdefault("nogil", True)
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function …: no locator available"
        return numba.njit(**options)(function)
