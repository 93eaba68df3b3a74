"""The commands that the documentation and the kit's own help name are there."""

import importlib
import re

import pytest
from conftest import REPOSITORY

TEXTS = [
    path for pattern in ("*.md", "docs/*.md", "evaluation/*.md", "utils/**/*.py") for path in REPOSITORY.glob(pattern)
]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in TEXTS)
COMMANDS = sorted(set(re.findall(r"python -m (utils\.(?:data|bench|study|submission)) ([a-z]+)\b(?![/.])", TEXT)))
STUDIES = sorted(set(re.findall(r"configs/[\w/]+\.yml", TEXT)))


@pytest.mark.parametrize(("package", "command"), COMMANDS)
def test_a_named_command_has_a_help(package, command, capsys):
    main = importlib.import_module(f"{package}.__main__").main
    try:
        code = main([command, "--help"])
    except SystemExit as ended:
        code = ended.code
    assert not code, capsys.readouterr().err


@pytest.mark.parametrize("name", STUDIES)
def test_a_named_configuration_is_there(name):
    assert (REPOSITORY / name).is_file()


def test_commands_are_found_in_the_texts():
    assert {package for package, _ in COMMANDS} == {"utils.data", "utils.bench", "utils.study", "utils.submission"}
