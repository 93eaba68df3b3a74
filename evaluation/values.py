"""Values of a factor as people write them: names, numbers that are strings, and numbers to be cut into ranges."""

import re
import unicodedata

import numpy as np

from .metrics.bins import digitize

WHOLE = re.compile("[+-]?[0-9]{1,18}")  # strings read as numbers; longer ones, which rounding would merge, are names
NUMBER = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?inf(inity)?", re.IGNORECASE)

MISSING = ("", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "nat", "null")  # as spreadsheets and pandas write it
HUGE = 1e308  # a range that is wider would overflow


def natural(name):
    """A key that sorts the numbers in names by their values: 9.png before 10.png."""
    parts = re.split("([0-9]+)", name)
    return [(len(part.lstrip("0")), part.lstrip("0")) if place % 2 else part for place, part in enumerate(parts)]


def as_text(value):
    """`value` as a string; bytes that are not UTF-8 become escapes, so that different ones stay different."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def composed(text):
    """`text` with its accents as one sign each: some systems write é as e and ´."""
    return unicodedata.normalize("NFC", text)


def as_written(value):
    """`value` as a string without blanks around it, its accents as one sign each."""
    return composed(as_text(value).strip())


def is_missing(text):
    """Whether a value is written as one that is not there."""
    return text.strip().casefold() in MISSING


def as_numbers(texts):
    """The strings `texts` (n,) as int64, as float64 if not all are whole; None if some are not numbers."""
    found = np.unique(texts).tolist()
    if not all(NUMBER.fullmatch(text) for text in found):
        return None
    return texts.astype(np.int64 if all(WHOLE.fullmatch(text) for text in found) else np.float64)


def written_twice(texts, numbers):
    """Two different strings of `texts` (n,) that are one and the same of `numbers` (n,), such as 007 and 7; or None."""
    found, first = np.unique(texts, return_index=True)
    order = np.argsort(numbers[first], kind="stable")
    ranked = numbers[first][order]
    same = np.flatnonzero(ranked[1:] == ranked[:-1])
    return tuple(found[order[same[0] : same[0] + 2]].tolist()) if len(same) else None


def number_names(names):
    """Numbers int64 (n,) of the strings `names` (n,), from 0 in their natural order."""
    found, numbers = np.unique(names, return_inverse=True)
    in_order = sorted(range(len(found)), key=lambda place: natural(found[place]))
    return np.argsort(in_order)[numbers.reshape(-1)].astype(np.int64)


def cut(values, bins):
    """Which of `bins` ranges of equal width, counted from 1, each of `values` (n,) is in, the largest in the last."""
    values = values.astype(np.float64)
    if float(values.max()) - float(values.min()) > HUGE:
        values = values / 4
    return digitize(values, bins)
