"""How every command reports errors that are the user's to fix."""

import argparse
import functools
import sys

from ..errors import InputError
from .streams import lasting_streams


def entry_point(main):
    """Wrap a command's main function: an InputError becomes one line on stderr and exit code 2, Ctrl-C 130.

    An OSError that names a file is reported like an InputError: it may lie in a folder that is closed to the user.

    Nothing that is printed can end the command (see streams.py). Where standard output could not be written, be it for
    a full disk, that is said on stderr and the code is 1 instead of 0.
    """

    @functools.wraps(main)
    def run(*args, **kwargs):
        with lasting_streams() as (stdout, _):
            code = _guarded(main, args, kwargs)
            stdout.flush()
            if stdout.failure is None:
                return code
            print(f"error: standard output could not be written ({stdout.failure.strerror})", file=sys.stderr)
            return code or 1

    return run


class Parser(argparse.ArgumentParser):
    """A command's arguments: its description is printed as it is written, and bad arguments are one line."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        raise InputError(f"{message}; {self.prog} --help lists the arguments")


def _guarded(main, args, kwargs):
    try:
        return main(*args, **kwargs)
    except InputError as error:
        _end_as_bad_input(str(error))
    except OSError as error:
        if error.filename is None:  # no file of the user's
            raise
        _end_as_bad_input(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _end_as_bad_input(text):
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(2)
