"""Errors that are the user's to fix, and how every command reports them: evaluation/ has both, as it stands alone."""

from evaluation.command.entry import Parser, entry_point
from evaluation.errors import InputError

__all__ = ["InputError", "Parser", "entry_point", "first_line", "one_line"]

LONGEST = 300  # characters of what an exception says


def one_line(error):
    """What an exception says, in one line, with the file of an OSError; the name of its class if it says nothing."""
    of_system = isinstance(error, OSError)
    text = " ".join(str((of_system and error.strerror) or error).split()) or type(error).__name__
    return text[:LONGEST] + (f" ({error.filename})" if of_system and error.filename else "")


def first_line(error):
    """The first line of what an exception says: below it PyTorch lists its own calls."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
