"""Copies of this repository, as a clone would be: without what git ignores."""

import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LEFT_OUT = (".git", ".venv", "scratch", "__pycache__", ".*_cache", ".hypothesis")


def copy_repository(folder):
    """Copy this repository to `folder`, which is made; returns `folder`."""
    shutil.copytree(str(REPOSITORY), str(folder), ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    return folder
