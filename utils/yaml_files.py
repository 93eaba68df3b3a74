"""Reading YAML files: plain values only, every key at most once."""

import yaml

from utils.errors import InputError


class _Loader(yaml.SafeLoader):
    """SafeLoader, but a key that stands twice in one mapping is an error (PyYAML takes the last one silently)."""

    def construct_mapping(self, node, deep=False):
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated_keys(node)
        return super().construct_mapping(node, deep)


class _RepeatedKey(Exception):
    """The message names key and lines."""


def read_yaml(path):
    """The dictionary in the YAML file `path` (a Path).

    InputError, naming the file: it cannot be read, it is not a valid YAML file, a key is given twice (key and lines
    are named), or it holds something else than `key: value` lines.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); expected a YAML file of key: value lines") from None
    except _RepeatedKey as error:
        raise InputError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2024-99-99, which looks like a date
        raise InputError(f"{path}: no valid YAML ({error})") from None
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
            raise _RepeatedKey(f"line {line}: key {key.value!r} is given twice (first in line {lines[same]})")
        lines[same] = line
