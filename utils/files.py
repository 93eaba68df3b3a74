"""Files of the kit: its repository's root, and writing that a reader never sees half done."""

from pathlib import Path

from evaluation.files import atomic_path, remove_leftovers, user_path, write_text

__all__ = ["REPOSITORY", "atomic_path", "remove_leftovers", "set_aside", "user_path", "write_text"]

REPOSITORY = Path(__file__).resolve().parent.parent


def set_aside(path):
    """Rename what stands at `path` to the first of PATH.1, PATH.2, ... that does not exist; that path."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    path.rename(aside)
    return aside
