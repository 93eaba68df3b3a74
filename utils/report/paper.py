"""The numbers that the paper reports (utils/report/paper.yml), to be set beside one's own and never mixed with them."""

from pathlib import Path
from typing import NamedTuple

import yaml


class PaperTable(NamedTuple):
    """One of the paper's tables."""

    title: str
    claim: str  # what the paper concludes from it
    rows: dict  # {row's key: {metric: score as reported, or None where it could not be read}}


def source():
    """Where the numbers come from, in words."""
    return _read()["source"]


def entry():
    """The paper's entry to the challenge: its name, and {metric: score}."""
    values = _read()
    return values["entry"]["label"], _named(values, values["entry"]["scores"])


def table(name):
    """The PaperTable `name` ('table1' ... 'table3'), or None if the paper has no such table."""
    values = _read()
    if name not in values or name in ("source", "columns", "entry"):
        return None
    found = values[name]
    rows = {str(key): _named(values, scores) for key, scores in found["rows"].items()}
    return PaperTable(found["title"], found["claim"], rows)


def _read():
    return yaml.safe_load((Path(__file__).with_name("paper.yml")).read_text(encoding="utf-8"))


def _named(values, scores):
    return dict(zip(values["columns"], scores))
