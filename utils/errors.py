"""Errors that are the user's to mend, and how every command reports them."""

import functools
import sys

from evaluation.errors import InputError

__all__ = ["InputError", "entry_point"]


def entry_point(main):
    """Wrap a command's main function: an InputError becomes one line on stderr and exit code 2, Ctrl-C 130."""

    @functools.wraps(main)
    def run(*args, **kwargs):
        try:
            return main(*args, **kwargs)
        except InputError as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(130)

    return run
