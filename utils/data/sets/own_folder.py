"""A folder of pictures as images: which files count, and in which order."""

from __future__ import annotations

import collections
import os
from pathlib import Path

from evaluation.values import natural
from utils.data.storage.convert import converted
from utils.data.storage.copies import is_copy
from utils.data.storage.pictures import SIDE, SUFFIXES, form, is_picture, largest_value, read_picture
from utils.data.storage.places import require_file
from utils.errors import InputError
from utils.notes import note

READER = 3  # to be raised with any change of what a picture is read as
COMPANIONS = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".yml", ".yaml", ".xml", ".html", ".pdf", ".log", "")
IGNORED = ("Thumbs.db", "desktop.ini", "__MACOSX")  # left by other systems; so are names that begin with a dot


def load_images(folder, files, bits=None):
    """The pictures `files` in `folder`, unpacked once: uint8 (n, 64, 64, 1) if all are grey, else (n, 64, 64, 3).

    bits    used bits of pictures of 16 bits; None: what the largest value of all of them needs
    """

    def describe():
        channels, used = _common_form(folder, files, bits)

        def read_from(first):
            for path in files[first:]:
                yield read_picture(path, channels, used)

        return (len(files), 64, 64, channels), read_from

    return converted(folder, files, ("pictures", READER, bits), describe)


def find_pictures(folder):
    """All pictures in `folder` and its subfolders, in natural order (9.png before 10.png): list of Path.

    InputError: none, or other files among them, which would be left out. Hidden files and texts may be there.
    """
    found, others = [], collections.Counter()
    for path in _visible_files(folder):
        suffix = os.path.splitext(path)[1].lower()
        if suffix in SUFFIXES:
            found.append(path)
        elif suffix not in COMPANIONS or (not suffix and is_picture(path)):
            others[suffix or "pictures whose names have no ending"] += 1
    if not found:
        raise InputError(f"{folder}: no pictures found, expected files that end in {', '.join(SUFFIXES)}")
    if others:
        listed = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
        raise InputError(
            f"{folder}: {len(found):,} pictures and {sum(others.values()):,} files that are not read found ({listed}); "
            f"expected pictures alone ({', '.join(SUFFIXES)}): convert the others or move them elsewhere"
        )
    start = len(os.path.join(str(folder), ""))
    return [Path(path) for path in sorted(found, key=lambda path: (natural(path[start:]), path))]


def _visible_files(folder):
    """Paths (str) of files below `folder`, links followed, each folder once."""
    for place, names in _folders(str(folder), {}):
        for name in names:
            if not name.startswith(".") and name not in IGNORED and not is_copy(name):
                path = os.path.join(place, name)
                require_file(path)
                yield path


def _folders(top, seen):
    """(folder, names of its files) of `top` and all below, but for those in `seen`: {real path: path}.

    Links are followed last: so a folder below has its own name and not a link's, in whatever order they are listed.
    """
    links = []
    for place, folders, names in os.walk(top, onerror=_refuse):
        first = seen.setdefault(os.path.realpath(place), place)
        if first != place:
            folders[:] = []
            note(f"{place}: is left out, since it leads to the folder that is read as {first}")
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in IGNORED)
        links += filter(os.path.islink, (os.path.join(place, name) for name in folders))
        yield place, names
    for link in sorted(links):
        yield from _folders(link, seen)


def _refuse(error):
    raise InputError(f"{error.filename}: cannot be read ({error.strerror})")


def _common_form(folder, files, bits):
    """Channels, and used bits of 16, for all pictures; notes on stderr what could be meant otherwise."""
    forms = [form(path) for path in files]
    grey = sum(each.is_grey for each in forms)
    for count, text in (
        (grey % len(files), "are grey; all are read as RGB"),  # where all are grey, they stay so
        (sum(each.has_alpha for each in forms), "may have transparent parts, which are laid over black"),
        (sum(not each.is_square for each in forms), "are not square: the square in their middle is taken"),
        (sum(each.is_small for each in forms), f"are smaller than {SIDE} pixels and enlarged"),
    ):
        if count:
            note(f"{folder}: {count:,} of {len(files):,} pictures {text}")
    if bits is None:
        largest = max(largest_value(path) for path in files)
        bits = next((bits for bits in (8, 10, 12, 14) if largest < 2**bits), 16) if largest else 16
        if largest and bits < 16:
            note(
                f"{folder}: no picture of 16 bits has a value above {largest:,}, so they are read as {bits} bits; "
                "`bits: 16` in factors.yml says otherwise"
            )
    return 1 if grey == len(files) else 3, bits


def note_order(folder, files):
    """A note if the order of `files`, which says what is on them in a full grid, is not that of their names as text."""
    for taken, by_text in zip(files, sorted(files, key=str)):
        if taken != by_text:
            first, second = taken.relative_to(folder), by_text.relative_to(folder)
            return note(f"{folder}: pictures are in the order of the numbers in their names, {first} before {second}")
    return None
