"""The YAML file beside one's own images is found by any spelling, and refused by name if it says something else."""

import pytest

from utils.data.sets.own_notes import read_notes
from utils.errors import InputError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def test_read_notes_without_a_file_is_empty(folder):
    notes = read_notes(folder)
    assert (notes.path, notes.grid, notes.key, notes.bits) == (None, {}, "images", None)


@pytest.mark.parametrize("name", ["factors.yml", "factors.yaml", "factors.YML", "factors.YAML"])
def test_read_notes_of_a_folder_is_found_by_any_spelling(folder, name):
    (folder / name).write_text("factors: {a: 2, b: 3}\n")
    assert read_notes(folder).grid == {"a": 2, "b": 3}


@pytest.mark.parametrize("name", ["a.b.yml", "a.b.yaml", "a.b.YML"])
def test_read_notes_of_a_file_has_its_name(folder, name):
    (folder / name).write_text("key: pictures\n")
    assert read_notes(folder / "a.b.npz").key == "pictures"


def test_read_notes_refuses_two_files(folder):
    (folder / "factors.yml").write_text("factors: {a: 2}\n")
    (folder / "factors.yaml").write_text("factors: {a: 3}\n")
    with pytest.raises(InputError, match=r"factors\.yml and .*factors\.yaml: two files"):
        read_notes(folder)


def test_read_notes_names_a_link_to_nothing(folder):
    (folder / "factors.yml").symlink_to("gone.yml")
    with pytest.raises(InputError, match=r"factors\.yml: cannot be read \(a link to gone\.yml: No such file"):
        read_notes(folder)


def test_read_notes_takes_all_keys_of_a_folder(folder):
    (folder / "factors.yml").write_text("factors: [a, b]\nbins: {a: 4}\nbits: 12\n")
    notes = read_notes(folder)
    assert (notes.names, notes.bins, notes.bits) == (("a", "b"), {"a": 4}, 12)


def test_read_notes_takes_all_keys_of_a_file(folder):
    (folder / "c.yml").write_text("factors: [a, b]\nkey: x\nlabels: y\nbins: {a: 4}\n")
    notes = read_notes(folder / "c.h5")
    assert (notes.names, notes.key, notes.labels, notes.bins) == (("a", "b"), "x", "y", {"a": 4})


@pytest.mark.parametrize(
    ("images", "text", "key"),
    [
        ("", "key: pictures", "key"),
        ("", "labels: my.csv", "labels"),
        ("c.npz", "bits: 12", "bits"),
        ("c.npy", "key: x", "key"),
        ("c.npz", "factors: {a: 2}\nbins: {a: 2}", "bins"),
        ("c.npz", "factors: {a: 2}\nlabels: x", "labels"),
    ],
)
def test_read_notes_refuses_a_key_that_would_do_nothing(folder, images, text, key):
    (folder / ("c.yml" if images else "factors.yml")).write_text(text)
    with pytest.raises(InputError, match=f"key {key} found; it means nothing for"):
        read_notes(folder / images)


@pytest.mark.parametrize(
    "text",
    [
        "factors:\n  shape: two\n",
        "factors:\n  shape: 0\n",
        "factors:\n  shape: 2.0\n",
        "factors:\n  shape: true\n",
        "factors:\n  3: 2\n",
        "factors: {}",
        "factors: []",
        "factors: 3",
        "factors: [6]",
        "factors: [a, a]",
        "factors:\n  shape: 2\n  shape: 3\n",
        "colours: 3",
        "",
        "factors: {a: 6",
        "\x00",
        "key: [a]",
        "key: ",
        "labels: 3",
        "bins: {a: 1}",
        "bins: {a: 257}",
        "bins: {a: 99999999999999999999999}",
        "bins: 4",
        "bits: 17",
        "bits: twelve",
    ],
)
def test_read_notes_refuses_what_it_does_not_know_by_name(folder, text):
    (folder / "factors.yml").write_text(text)
    with pytest.raises(InputError, match=r"factors\.yml: "):
        read_notes(folder)


def test_read_notes_names_a_key_given_twice_and_its_line(folder):
    (folder / "factors.yml").write_text("factors:\n  shape: 2\n  place: 3\n  shape: 3\n")
    with pytest.raises(InputError, match=r"factors\.yml: line 4: key 'shape' is given twice"):
        read_notes(folder)
