"""Files of the kit: its repository's root, and writing that a reader never sees half done."""

from pathlib import Path

from evaluation.files import atomic_path, remove_leftovers, write_text

__all__ = ["REPOSITORY", "atomic_path", "numbered", "remove_leftovers", "write_text"]

REPOSITORY = Path(__file__).resolve().parent.parent


def numbered(path):
    """The first of PATH.1, PATH.2, ... that does not exist: where what stands at `path` is set aside."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return aside
