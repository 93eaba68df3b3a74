"""Files of the kit: its repository's root, and writing that a reader never sees half done."""

import os
from pathlib import Path

from evaluation.files import atomic_path, in_home, remove_leftovers, user_path, write_text

__all__ = ["REPOSITORY", "atomic_path", "in_home", "remove_leftovers", "set_aside", "user_path", "write_text"]

REPOSITORY = Path(__file__).resolve().parent.parent


def set_aside(path):
    """Rename what stands at `path` to the first of PATH.1, PATH.2, ... that nothing stands at; that path."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.{number}")):
        number += 1
    path.rename(aside)
    return aside
