"""Errors that are the user's to fix, and how every command reports them: evaluation/ has both, as it stands alone."""

from evaluation.entry import Parser, entry_point
from evaluation.errors import InputError

__all__ = ["InputError", "Parser", "entry_point"]
