"""Reading YAML files: plain values only, every key at most once, every number decimal or hexadecimal."""

import re

import yaml

from utils.errors import InputError

OTHER_BASES = {"60": ".*:.*", "8": "[-+]?0[0-9]+", "2": "[-+]?0b[01]+"}  # how YAML 1.1 writes them


class _Loader(yaml.SafeLoader):
    """SafeLoader, but what it takes silently and few people mean is an error.

    That is a key which stands twice in one mapping (PyYAML takes the last one), and numbers that YAML 1.1 reads in
    another base: 010 is 8, 1:30 is 90, 0b10 is 2.
    """

    def construct_mapping(self, node, deep=False):
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated_keys(node)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node):
        return _decimal(node, super().construct_yaml_int(node))

    def construct_yaml_float(self, node):
        return _decimal(node, super().construct_yaml_float(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


class _Refused(Exception):
    """The message names key or value, and lines."""


def read_yaml(path):
    """The dictionary in the YAML file `path` (a Path).

    InputError, naming the file: it cannot be read, it is not a valid YAML file, a key is given twice or a number is
    neither decimal nor hexadecimal (key or number and lines are named), or it holds something else than `key: value`
    lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); expected a YAML file of key: value lines") from None
    return parse_yaml(text, path)


def parse_yaml(text, path):
    """The dictionary in the `text` of a YAML file; `path` names it in an InputError. See read_yaml."""
    try:
        values = yaml.load(text, _Loader)
    except _Refused as error:
        raise InputError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2024-99-99, which looks like a date
        raise InputError(f"{path}: not valid YAML ({error})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: found {type(values).__name__}; expected key: value lines")
    return values


def _refuse_repeated_keys(node):
    lines = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        same, line = (key.tag, key.value), key.start_mark.line + 1
        if same in lines:
            raise _Refused(f"line {line}: key {key.value!r} is given twice (first in line {lines[same]})")
        lines[same] = line


def _decimal(node, number):
    """`number`, which the scalar `node` stands for, unless it was written in a base that surprises."""
    text, line = node.value.replace("_", ""), node.start_mark.line + 1
    base = next((base for base, pattern in OTHER_BASES.items() if re.fullmatch(pattern, text)), None)
    if base:
        raise _Refused(
            f"line {line}: {node.value} is the number {number} in YAML, of base {base}; expected a decimal number, or "
            f'a string in quotes: "{node.value}"'
        )
    return number
