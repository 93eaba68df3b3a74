"""`labels.csv` in a folder of pictures: a line for each picture, in the forms that spreadsheets and pandas write."""

from __future__ import annotations

import csv
import os
import re
from typing import NamedTuple

import numpy as np

from evaluation.values import NUMBER
from utils.data.storage.places import stat
from utils.errors import InputError

TABLE = "labels.csv"
STATED = re.compile("sep=([,;\t])[\r\n]*", re.IGNORECASE)  # Excel's first line, which names the separator
COMMA_NUMBER = re.compile("[+-]?[0-9]+(,[0-9]+)?([eE][+-]?[0-9]+)?")  # 2,5 as most of Europe writes it
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")  # 1,000 as English has it
POINT_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+")  # 1.000 as most of Europe writes it


class Table(NamedTuple):
    """What a table holds, line by line."""

    head: str  # what stands above the pictures' names
    names: tuple  # of the factors
    lines: list  # the number of each picture's line in the file
    pictures: list  # their names, as written
    columns: list  # of each factor its values: strings (n,), numbers with a decimal point


def find_table(folder):
    """The path of the table in `folder`, its name in capitals or not; None: there is none. InputError: two."""
    try:
        found = [folder / name for name in sorted(os.listdir(str(folder))) if name.lower() == TABLE]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from error
    if len(found) > 1:
        raise InputError(f"{' and '.join(map(str, found))}: two tables of labels; expected one")
    for path in found:
        stat(path)
    return found[0] if found else None


def parse_table(path):
    """The Table in the file `path`: the first line with the factors' names, then a line for each picture.

    Separated by commas, semicolons or tabs. Empty lines and empty last columns are left out. InputError: no such table,
    or a column of numbers whose commas or points may be read in two ways.
    """
    mark, rows = _read_rows(path)
    while rows and all(not row[-1].strip() for _, row in rows):  # each line ends with a separator
        rows = [(line, row[:-1]) for line, row in rows]
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise InputError(f"{path}: expected a line of names (file, factor, ...) and a line for each picture")
    head, *names = (field.strip() for field in rows[0][1])
    for line, row in rows:
        if len(row) != len(names) + 1:
            raise InputError(f"{path}, line {line}: {len(row)} fields found, expected {len(names) + 1}")
    pictures, *columns = zip(*([field.strip() for field in row] for _, row in rows[1:]))
    if mark == ";":  # as spreadsheets write it where a comma stands before decimals
        for name, column in zip(names, columns):
            _refuse_point_thousands(path, name, column)
    columns = [np.array(_with_points(path, name, column)) for name, column in zip(names, columns)]
    return Table(head, tuple(names), [line for line, _ in rows[1:]], list(pictures), columns)


def _read_rows(path):
    """What separates the fields, and of each line that is not empty its number and fields."""
    try:
        with open(str(path), encoding="utf-8-sig", newline="") as file:
            lines = file.readlines()
        first = next((line for line in lines if line.strip()), "")
        stated = STATED.fullmatch(first)
        mark = stated.group(1) if stated else max(",;\t", key=first.count)
        reader = csv.reader(lines, delimiter=mark, skipinitialspace=True)  # people write `a.png, "cube"`
        rows = [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no readable table ({error}); expected text in UTF-8") from error
    return mark, rows[1:] if stated else rows


def _refuse_point_thousands(path, name, column):
    """InputError if the points in the strings `column`, all of them numbers, may stand before thousands."""
    points = [text for text in column if "." in text]
    if points and all(_is_number(text) for text in column) and all(map(POINT_THOUSANDS.fullmatch, points)):
        decimals = f" or {points[0]}0" if points[0].count(".") == 1 else ""
        raise InputError(
            f"{path}: factor {name!r} has {points[0]!r}, whose point may stand before thousands or before decimals; "
            f"expected {points[0].replace('.', '')}{decimals}"
        )


def _with_points(path, name, column):
    """The strings `column` of the factor `name` with decimal points for commas, if all are numbers."""
    commas = [text for text in column if "," in text]
    if not commas or not all(_is_number(text) for text in column):
        return column
    if all(THOUSANDS.fullmatch(text) for text in commas):
        raise InputError(
            f"{path}: factor {name!r} has {commas[0]!r}, whose comma may stand before thousands or before decimals; "
            "expected thousands without a comma, decimals with a point"
        )
    others = [text for text in column if not COMMA_NUMBER.fullmatch(text)]
    if others:
        raise InputError(
            f"{path}: factor {name!r} has {commas[0]!r} and {others[0]!r}; expected decimal points in all its numbers"
        )
    return [text.replace(",", ".") for text in column]


def _is_number(text):
    return any(form.fullmatch(text) for form in (NUMBER, COMMA_NUMBER, THOUSANDS, POINT_THOUSANDS))
