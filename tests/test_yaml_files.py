"""YAML files are read without surprises: no key twice, no objects, errors by name."""

import pytest

from utils.errors import InputError
from utils.yaml_files import read_yaml


@pytest.fixture
def written(tmp_path):
    """A function that writes a YAML file and returns its path."""

    def write(text):
        (tmp_path / "a.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "a.yml"

    return write


def refused(path, match):
    with pytest.raises(InputError, match=match) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_read_yaml_gives_the_dictionary(written):
    assert read_yaml(written("a: 1\nb:\n  c: [x, 2.5]\n")) == {"a": 1, "b": {"c": ["x", 2.5]}}


@pytest.mark.parametrize(
    ("text", "line", "key", "first"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a'", 1),
        ("x: 0\nfactors:\n  size: 2\n  size: 2\n", 4, "'size'", 3),
        ("a: 1\n'a': 2\n", 2, "'a'", 1),
        ("{a: 1, b: {c: 1, c: 2}}\n", 1, "'c'", 1),
        ("list:\n- a: 1\n  a: 2\n", 3, "'a'", 2),
    ],
)
def test_read_yaml_refuses_a_key_given_twice(written, text, line, key, first):
    refused(written(text), rf"line {line}: key {key} is given twice \(first in line {first}\)")


def test_read_yaml_lets_a_merged_key_be_overridden(written):
    assert read_yaml(written("base: &base {a: 1, b: 2}\nmore:\n  <<: *base\n  a: 3\n"))["more"] == {"a": 3, "b": 2}


def test_read_yaml_takes_a_byte_order_mark(written):
    assert read_yaml(written(b"\xef\xbb\xbfa: 1\r\n")) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: !!python/object/apply:os.getcwd []",
        "a: 2024-99-99",
        "[" * 5000,
        "{[1]: 2}",
        "a: !!int x",
        "a: *nobody",
        "\x00",
    ],
)
def test_read_yaml_refuses_what_is_not_valid(written, text):
    refused(written(text), "not valid YAML")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text", "# a comment\n"])
def test_read_yaml_refuses_what_is_not_a_dictionary(written, text):
    refused(written(text), "expected key: value lines")


def test_read_yaml_names_a_file_that_is_not_text(written):
    refused(written(b"a: \xff\xfe"), "not UTF-8 text")


def test_read_yaml_names_a_missing_file_and_a_folder(tmp_path):
    refused(tmp_path / "none.yml", "cannot be read .No such file")
    refused(tmp_path, "cannot be read .Is a directory")
