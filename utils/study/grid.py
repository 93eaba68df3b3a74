"""What a study consists of: a YAML file and key=value arguments into runs, each with its configuration."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Optional

from utils.config import FIELDS, Config, parse_value
from utils.errors import InputError
from utils.report import paper
from utils.yaml_files import read_yaml

KEYS = {  # of a study's file, and what their values are
    "title": str,
    "paper": str,
    "paper_rows": dict,
    "seeds": int,
    "successive": bool,
    "base": dict,
    "rows": dict,
    "vary": str,
    "values": list,
}
REFUSED = {  # keys of utils/config.py that no study sets, and why
    "seed": "a study has seeds: N, which runs seeds 0 ... N-1",
    "time_budget": "a study compares runs after equal updates, so only steps ends them",
}
KINDS = {str: "a string", int: "a number", bool: "true or false", dict: "key: value lines", list: "a list"}
SILENT = ("checkpoint_every", "device")  # keys that change no result: neither title nor folder names them
LONGEST_NAME = 200  # bytes; file systems take 255, and names of files and folders add to a row's
WITHOUT_LIMIT = 365 * 86400.0  # seconds: a study compares equal steps, so only `steps` ends its runs


class Stage(NamedTuple):
    """One result of the study: a configuration trained to its last step, then scored."""

    row: str
    config: Config


class Study(NamedTuple):
    """A grid of runs."""

    name: str  # of its folder: file and overrides
    title: str  # with the overrides, since they make it another study than the file's
    paper: Optional[str]  # key of the paper's table, and the paper's key of a row where it differs
    paper_rows: dict
    rows: tuple  # keys in the order of the table
    runs: tuple  # of (folder's name, tuple of Stage): stages of one run are trained one after another


def read_study(path, overrides=()):
    """The Study of the YAML file `path`, changed by `overrides`, strings 'key=value' (a list for what the rows vary).

    Keys are those of utils/config.py, and `seeds`.
    InputError: unknown keys, impossible values, a file that is not a study.
    """
    path = Path(path)
    spec = read_yaml(path)
    _check(spec, path)
    changed = dict(_split(one) for one in overrides)
    seeds = _seeds(changed.pop("seeds", spec.get("seeds", 1)))
    varied = changed.pop(spec["vary"], None) if "vary" in spec else None
    rows = _rows(spec, varied)
    _check_rows(rows, path)
    base = spec.get("base", {})
    _refuse_what_tells_rows_apart(changed, base, rows, path)
    given = {**({spec["vary"]: varied} if varied is not None else {}), **changed}
    named = {key: value for key, value in given.items() if key not in SILENT}
    configs = {
        str(row): {seed: _config({**base, **own, **changed, "seed": seed}, given, path) for seed in seeds}
        for row, own in rows.items()
    }
    return Study(
        name="-".join([path.stem, *(re.sub(r"[^\w.,=-]", "_", f"{key}={named[key]}") for key in sorted(named))]),
        title=_title(spec["title"], named, len(seeds)),
        paper=spec.get("paper"),
        paper_rows={str(key): str(value) for key, value in spec.get("paper_rows", {}).items()},
        rows=tuple(configs),
        runs=tuple(_runs(configs, seeds, spec.get("successive", False), path)),
    )


def _title(title, named, seeds):
    changes = ", ".join(f"{key}={value}" for key, value in named.items())
    return f"{title} ({changes + '; ' if changes else ''}{counted(seeds, 'seed')})"


def counted(number, noun):
    """'1 run', '2 runs'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check(spec, path):
    for key, value in spec.items():
        if key not in KEYS:
            raise InputError(f"{path}: unknown key {key!r}; expected some of {', '.join(sorted(KEYS))}")
        if not isinstance(value, KEYS[key]):
            raise InputError(f"{path}: {key}={value!r}: expected {KINDS[KEYS[key]]}")
    if "title" not in spec or ("rows" in spec) == ("vary" in spec) or ("vary" in spec) != ("values" in spec):
        raise InputError(f"{path}: not a study; expected title, and either rows or vary and values")
    if "vary" in spec and spec["vary"] not in FIELDS:
        raise InputError(f"{path}: vary={spec['vary']!r}: expected a key of utils/config.py")
    parts = [spec.get("base", {}), *(own for own in spec.get("rows", {}).values() if isinstance(own, dict))]
    for key, reason in REFUSED.items():
        if spec.get("vary") == key or any(key in part for part in parts):
            raise InputError(f"{path}: {key}: {reason}")
    if set(map(str, spec.get("paper_rows", {}))) - set(map(str, spec.get("rows", spec.get("values", ())))):
        raise InputError(f"{path}: paper_rows={spec['paper_rows']!r}: expected rows of this file")
    if "paper" in spec and paper.table(spec["paper"]) is None:
        raise InputError(f"{path}: paper={spec['paper']!r}: expected a table of utils/report/paper.yml")


def _check_rows(rows, path):
    """Each row has keys of its own and a folder of its own, and there is one at least."""
    for row, own in rows.items():
        if not isinstance(own, dict):
            raise InputError(f"{path}: row {row!r}: found {own!r}, expected keys of utils/config.py")
    if not rows or len({file_name(row) for row in rows}) < len(rows):
        raise InputError(f"{path}: rows {', '.join(map(str, rows)) or 'none'}: expected one or more, named differently")
    for row in rows:
        try:
            length = len(os.fsencode(file_name(row)))
        except UnicodeEncodeError as error:
            encoding = f"this locale's encoding of file names ({error.encoding})"
            raise InputError(f"{path}: row {row!r}: expected a name that {encoding} has") from None
        if length > LONGEST_NAME:
            raise InputError(f"{path}: row {str(row)[:40]!r}...: expected a name of {LONGEST_NAME} bytes at most")


def _split(text):
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"argument {text!r}: expected key=value")
    if key != "seeds" and key not in FIELDS:
        parse_value(key, value, where="argument")  # raises, naming the nearest key
    if key in REFUSED:
        raise InputError(f"argument {text!r}: {REFUSED[key]}")
    return key, value


def _seeds(value):
    if not re.fullmatch("[0-9]{1,6}", str(value)) or int(value) < 1:
        raise InputError(f"seeds={value!r}: expected a whole number, at least 1")
    return range(int(value))


def _rows(spec, varied):
    """{row: its own keys}."""
    if "rows" in spec:
        return spec["rows"]
    chosen = spec["values"] if varied is None else varied.split(",")
    rows = {}
    for value in chosen:
        if str(value) in rows:
            raise InputError(f"{spec['vary']}: {value} stands twice among the values, expected each once")
        rows[str(value)] = {spec["vary"]: value}
    return rows


def _refuse_what_tells_rows_apart(changed, base, rows, path):
    """InputError for an override of a key in which rows differ: they would no longer be what they are called."""
    for key in changed:
        usual = base.get(key, FIELDS[key].default)
        if any(key in own for own in rows.values()) and len({str(own.get(key, usual)) for own in rows.values()}) > 1:
            differing = ", ".join(f"{row} has {own[key]}" for row, own in rows.items() if key in own)
            raise InputError(
                f"argument {key}={changed[key]}: the rows of {path} differ in it ({differing}); expected "
                "other keys, or a file with other rows"
            )


def _config(values, overridden, path):
    """The Config of `values`, those of `overridden` from the command line and the others from the file `path`."""
    whole = {**values, "time_budget": WITHOUT_LIMIT}
    where = {key: "argument" if key in overridden else str(path) for key in whole}
    config = Config(**{key: parse_value(key, value, where=where[key]) for key, value in whole.items()})
    if config.decay == "budget":
        raise InputError(f"{where['decay']}: decay='budget': a study's runs have no budget; expected none or steps")
    return config


def _runs(configs, seeds, successive, path):
    if not successive:
        for row, by_seed in configs.items():
            for seed, config in by_seed.items():
                yield f"{file_name(row)}-seed{seed}", (Stage(row, config),)
        return
    for seed in seeds:
        stages = sorted((Stage(row, by_seed[seed]) for row, by_seed in configs.items()), key=lambda s: s.config.steps)
        if stages[0].config.decay != "none":
            raise InputError(f"{path}: decay={stages[0].config.decay!r}: one run at several steps needs decay=none")
        if len({replace(stage.config, steps=1) for stage in stages}) > 1:
            raise InputError(f"{path}: successive: one run serves all rows, expected rows that differ in steps alone")
        yield f"seed{seed}", tuple(stages)


def file_name(row):
    """How files and folders of a row are called; never hidden ones."""
    return re.sub(r"[^\w.-]|^\.", "_", str(row))
