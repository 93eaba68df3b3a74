"""Names of data sets: known ones, and paths."""

import os

import numpy as np
import pytest
from data_files import noise

from utils.data import load, names, refuse_among_pictures, resolve
from utils.errors import InputError


@pytest.fixture
def root(tmp_path):
    for folder in ("here", "data"):
        (tmp_path / folder).mkdir()
        np.save(str(tmp_path / folder / "mine.npy"), noise(len(folder), 2, 64, 64, 1))
    return tmp_path / "data"


@pytest.mark.parametrize("name", names())
def test_resolve_leaves_known_names_alone(root, name):
    assert resolve(name, root) == name


def test_resolve_gives_a_path_that_loads_from_anywhere(root, monkeypatch):
    monkeypatch.chdir(root.parent / "here")
    found = resolve("mine.npy", "../data")
    monkeypatch.chdir("/")
    assert found == str(root.parent / "here" / "mine.npy")
    assert load(found, "/nowhere").images.shape == (2, 64, 64, 1)


def test_resolve_finds_paths_under_the_root(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    assert resolve("mine.npy", "data") == str(root / "mine.npy")


def test_resolve_keeps_links(root, monkeypatch):
    (root / "link.npy").symlink_to("mine.npy")
    assert resolve("link.npy", root) == str(root / "link.npy")


def test_resolve_goes_up_from_where_a_link_leads(root, monkeypatch):
    (root / "below").mkdir()
    (root.parent / "here" / "link").symlink_to(root / "below")
    monkeypatch.chdir(root.parent / "here")
    assert resolve("link/../mine.npy", "/nowhere") == str(root / "mine.npy")
    assert load("link/../mine.npy", "/nowhere").images.tolist() == np.load(str(root / "mine.npy")).tolist()


def test_resolve_keeps_a_link_behind_the_way_up(root, monkeypatch):
    (root / "below").mkdir()
    (root / "link.npy").symlink_to("mine.npy")
    monkeypatch.chdir(root / "below")
    assert resolve("../link.npy", "/nowhere") == str(root / "link.npy")


@pytest.mark.parametrize("place", ["", "below", "link/below"])
def test_refuse_among_pictures_names_the_folder(root, place):
    (root.parent / "link").symlink_to(root)
    path = root.parent / place if place.startswith("link") else root / place
    with pytest.raises(InputError, match=r"run's folder .*data.*: lies among the pictures of .*data"):
        refuse_among_pictures(path, str(root), "run's folder")


def test_refuse_among_pictures_takes_other_places(root):
    refuse_among_pictures(root.parent / "data2", str(root), "run's folder")
    refuse_among_pictures(root / ".runs" / "first", str(root), "run's folder")  # nothing is read there
    refuse_among_pictures(root, "synthetic_arm", "run's folder")


def test_load_refuses_a_pipe_by_name(root):
    os.mkfifo(str(root / "pipe.npz"))
    with pytest.raises(InputError, match=r"pipe\.npz: a pipe, a socket or a device found; expected a file"):
        load("pipe.npz", root)


def test_resolve_takes_the_home_folder(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root))
    assert resolve("~/mine.npy", "/nowhere") == str(root / "mine.npy")


def test_resolve_gives_back_what_is_not_there(root, monkeypatch):
    monkeypatch.chdir(root)
    assert resolve("nobodys", root) == "nobodys"
    with pytest.raises(InputError, match="data set 'nobodys' is neither known nor a path"):
        load("nobodys", root)


@pytest.mark.parametrize("is_here", [True, False])
def test_load_names_a_link_to_nothing(root, monkeypatch, is_here):
    monkeypatch.chdir(root if is_here else "/")
    (root / "gone.npy").symlink_to("moved.npy")
    with pytest.raises(InputError, match=r"gone\.npy: cannot be read \(a link to moved\.npy: No such file"):
        load("gone.npy", "/nowhere" if is_here else root)


def test_load_names_a_path_that_cannot_be_looked_at(root):
    os.symlink("loop", str(root / "loop"))
    with pytest.raises(InputError, match="loop: cannot be read"):
        load("loop", root)


@pytest.mark.parametrize(("place", "is_noted"), [("here", True), ("data", False)])
def test_load_notes_a_folder_of_one_s_own_with_a_known_name(root, monkeypatch, capsys, place, is_noted):
    """Under the root such a folder is the data set's own."""
    monkeypatch.chdir(root.parent / place)
    os.mkdir("sprites")
    with pytest.raises(InputError, match="not rendered yet"):
        load("sprites", root, render=False)
    note = f"note: sprites is the kit's data set; the folder {root.parent / place / 'sprites'} is called ./sprites\n"
    assert capsys.readouterr().err == (note if is_noted else "")


def test_load_refuses_an_empty_name(root, monkeypatch):
    monkeypatch.chdir(root)
    with pytest.raises(InputError, match="data set '' is neither known nor a path"):
        load("", root)
