"""log.csv: a row of numbers every so many steps, for programs and people; written, continued and read back here."""

import csv
import errno
import io
import math
import os
from pathlib import Path

import numpy as np

from utils.files import set_aside, write_text
from utils.notes import note


class CsvLog:
    """log.csv: a header, then a row a call; continued on resume without gaps or repeats.

    A spreadsheet may have written the file meanwhile (semicolons, 2.0 for 2, empty lines): its rows are kept. A
    file that is not such a table any more is set aside as log.csv.1, so that nothing of the user's is lost.
    """

    def __init__(self, path, first_step):
        self.path, self.first_step = Path(path), first_step
        self.names = None  # the file's columns; None: it is not open yet

    def open(self):
        """Drop the rows after `first_step`; OSError as the file system gives it. Without effect if it is open."""
        if self.names is not None:
            return
        names, rows = _read_table(self.path)
        if names and "step" not in names:
            self._set_aside()
            names, rows = [], []
        kept = sorted((row for row in rows if _step(row) <= self.first_step), key=_step)
        if self.path.exists():
            self._write(names, kept)
        self.names = names

    def add(self, row):
        """Append the mapping `row`, whole or, on a full disk, not at all; the header first where the file is new."""
        self.open()
        missing = [name for name in row if name not in self.names]
        if missing:
            if self.path.exists():
                self._write(self.names + missing, _read_table(self.path)[1])
            self.names = self.names + missing
        values = {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()}
        with self.path.open("ab", buffering=0) as out:
            size = out.tell()
            data = _table(self.names, [values], header=size == 0).encode()
            if out.write(data) < len(data):
                out.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _write(self, names, rows):
        write_text(self.path, _table(names, [{**row, "step": _step(row)} for row in rows]) if names else "")

    def _set_aside(self):
        aside = set_aside(self.path)
        note(f"{self.path} is not a table of steps; it is now {aside}")


def read_log(path):
    """{column: (rows,) float64} of log.csv; empty if there is none. A value that is not a number is NaN."""
    try:
        names, rows = _read_table(Path(path))
    except OSError:
        return {}
    if "step" not in names or not rows:
        return {}
    return {name: np.array([_number(row[name]) for row in rows]) for name in names}


def _read_table(path):
    """(names, rows as {name: text}) of log.csv, by whatever wrote it last; rows without a step are left out.

    A line that a kill cut short, without its end, is left out. Numbers with decimal commas get points.
    """
    if not path.exists():
        return [], []
    text = path.read_text(encoding="utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    text = text[: text.rfind("\n") + 1]
    first_line = text.partition("\n")[0]
    separator = max(",;\t", key=first_line.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=separator) if any(line)]
    except csv.Error:
        return [first_line], []
    names = [name.strip() for name in lines[0]] if lines else []
    rows = [dict.fromkeys(names, "") for _ in lines[1:]]
    for row, line in zip(rows, lines[1:]):
        cells = (cell.strip() if separator == "," else cell.strip().replace(",", ".") for cell in line)
        row.update(zip(names, cells))
    return names, [row for row in rows if 0 <= _number(row.get("step")) < 1e15]


def _step(row):
    return int(_number(row["step"]))


def _table(names, rows, header=True):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n", restval="")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan
