"""The numbers that the paper reports (utils/report/paper.yml), to be set beside one's own and never mixed with them."""

from pathlib import Path

import yaml


def source():
    """Where the numbers come from, in words."""
    return _read()["source"]


def entry():
    """The paper's entry to the challenge: its name, and {metric: score}."""
    values = _read()
    return values["entry"]["label"], _named(values, values["entry"]["scores"])


def table(name):
    """Rows of the paper's table `name` ('table1' ... 'table3'), None if it has no such table.

    {row's key: {metric: score as reported, or None where it could not be read}}
    """
    values = _read()
    if name not in values or name in ("source", "columns", "entry"):
        return None
    return {str(key): _named(values, scores) for key, scores in values[name].items()}


def _read():
    return yaml.safe_load((Path(__file__).with_name("paper.yml")).read_text(encoding="utf-8"))


def _named(values, scores):
    return dict(zip(values["columns"], scores))
