"""What a study consists of: a YAML file and key=value arguments into runs, each with its configuration."""

import re
from pathlib import Path
from typing import NamedTuple, Optional

from utils.config import FIELDS, Config, parse_value, read_yaml, scalar
from utils.errors import InputError

KEYS = {"title", "paper", "paper_rows", "seeds", "successive", "base", "rows", "vary", "values"}
WITHOUT_LIMIT = 365 * 86400.0  # seconds: a study compares equal steps, so only `steps` ends its runs


class Stage(NamedTuple):
    """One result of the study: a configuration trained to its last step, then scored."""

    row: str
    config: Config


class Study(NamedTuple):
    """A grid of runs."""

    name: str  # of its folder: file and overrides, so that another study never takes its place
    title: str  # with the overrides, since they make it another study than the file's
    paper: Optional[str]  # key of the paper's table, and the paper's key of a row where it differs
    paper_rows: dict
    rows: tuple  # keys in the order of the table
    runs: tuple  # of (folder's name, tuple of Stage): stages of one run are trained one after another


def read_study(path, overrides=()):
    """The Study of the YAML file `path`, changed by `overrides`, texts 'key=value' (a list for what the rows vary).

    Keys are those of utils/config.py, and `seeds`. Raises InputError for what is unknown, impossible or no study.
    """
    path = Path(path)
    text = read_yaml(path)
    _check(text, path)
    changed = dict(_split(one) for one in overrides)
    seeds = _seeds(changed.pop("seeds", text.get("seeds", 1)))
    varied = changed.pop(text["vary"], None) if "vary" in text else None
    rows = _rows(text, varied)
    named = {**({text["vary"]: varied} if varied is not None else {}), **changed}
    configs = {
        str(row): {seed: _config({**text.get("base", {}), **own, **changed, "seed": seed}, path) for seed in seeds}
        for row, own in rows.items()
    }
    told = ", ".join(f"{key}={value}" for key, value in named.items())
    return Study(
        name="-".join([path.stem, *(re.sub(r"[^\w.,=-]", "_", f"{key}={named[key]}") for key in sorted(named))]),
        title=f"{text['title']} ({told + '; ' if told else ''}{len(seeds)} seed{'s' if len(seeds) > 1 else ''})",
        paper=text.get("paper"),
        paper_rows={str(key): str(value) for key, value in text.get("paper_rows", {}).items()},
        rows=tuple(configs),
        runs=tuple(_runs(configs, seeds, text.get("successive", False), path)),
    )


def _check(text, path):
    unknown = sorted(set(text) - KEYS)
    if unknown:
        raise InputError(f"{path}: unknown key {unknown[0]!r}; expected some of {', '.join(sorted(KEYS))}")
    if "title" not in text or ("rows" in text) == ("vary" in text):
        raise InputError(f"{path}: no study; expected title, and either rows or vary and values")
    if "vary" in text and text["vary"] not in FIELDS:
        raise InputError(f"{path}: vary={text['vary']!r}: expected a key of utils/config.py")


def _split(text):
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"argument {text!r}: expected key=value")
    if key != "seeds" and key not in FIELDS:
        parse_value(key, value, where="argument")  # raises, naming the nearest key
    if key == "seed":
        raise InputError(f"argument {text!r}: a study has seeds=N, which runs seeds 0 ... N-1")
    return key, value


def _seeds(value):
    if not str(value).isdigit() or int(value) < 1:
        raise InputError(f"seeds={value!r}: expected a number from 1 on")
    return range(int(value))


def _rows(text, varied):
    """{row: its own keys}."""
    if "rows" in text:
        return text["rows"]
    values = text["values"] if varied is None else [scalar("values", one) for one in str(varied).split(",")]
    return {value: {text["vary"]: value} for value in values}


def _config(values, path):
    parsed = {
        key: parse_value(key, scalar(key, value) if isinstance(value, str) else value, where=str(path))
        for key, value in {"time_budget": WITHOUT_LIMIT, **values}.items()
    }
    return Config(**parsed)


def _runs(configs, seeds, successive, path):
    if not successive:
        for row, by_seed in configs.items():
            for seed, config in by_seed.items():
                yield f"{_plain(row)}-seed{seed}", (Stage(row, config),)
        return
    for seed in seeds:
        stages = sorted((Stage(row, by_seed[seed]) for row, by_seed in configs.items()), key=lambda s: s.config.steps)
        if stages[0].config.decay != "none":
            raise InputError(f"{path}: decay={stages[0].config.decay!r}: one run at several steps needs decay=none")
        yield f"seed{seed}", tuple(stages)


def _plain(row):
    return re.sub(r"[^\w.-]", "_", row)
