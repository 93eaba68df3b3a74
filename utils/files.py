"""Files of the kit: its repository's root, and writing that a reader never sees half done."""

from pathlib import Path

from evaluation.files import atomic_path, remove_leftovers, write_text

__all__ = ["REPOSITORY", "atomic_path", "remove_leftovers", "write_text"]

REPOSITORY = Path(__file__).resolve().parent.parent
