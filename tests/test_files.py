import argparse
import errno
import os
import stat

import pytest

from evaluation.files import TEMPORARY
from utils.files import atomic_path, remove_leftovers, set_aside, user_path, write_text


def test_write_text_replaces_the_file(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_atomic_path_makes_the_folder(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "text")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "text"


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_atomic_path_keeps_the_old_file_and_nothing_else_on_an_error(tmp_path, error):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(type(error)), atomic_path(tmp_path / "a.txt") as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_atomic_path_shows_nothing_before_its_end(tmp_path):
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "a.txt").exists()


def test_atomic_path_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda file: done.append("fsync") or fsync(file))
    monkeypatch.setattr("os.replace", lambda *paths: done.append("replace") or replace(*paths))
    write_text(tmp_path / "a.txt", "text")
    assert done == ["fsync", "replace"]


def test_atomic_path_gives_the_users_usual_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def test_write_text_escapes_what_is_not_utf_8(tmp_path):
    write_text(tmp_path / "a.txt", "bilder_\udce4")
    assert (tmp_path / "a.txt").read_text() == "bilder_\\udce4"


def test_remove_leftovers_removes_a_half_written_file(tmp_path):
    with atomic_path(tmp_path / "a.ckpt") as temporary:
        copy = temporary.read_bytes()
    (tmp_path / temporary.name).write_bytes(copy)
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.parametrize(
    "name", [".gitlab-ci.yml", ".notes-1.swp", ".a-b.c", f"{TEMPORARY}-abcdefgh.txt", f".x.{TEMPORARY}-short.txt"]
)
def test_remove_leftovers_leaves_other_files(tmp_path, name):
    (tmp_path / name).write_text("the user's")
    remove_leftovers(tmp_path)
    assert (tmp_path / name).exists()


def test_remove_leftovers_leaves_folders_and_links_of_such_a_name(tmp_path):
    (tmp_path / f".a.{TEMPORARY}-abcdefgh.txt").mkdir()
    (tmp_path / f".b.{TEMPORARY}-abcdefgh.txt").symlink_to(tmp_path)
    remove_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_remove_leftovers_of_no_folder_is_nothing(tmp_path):
    remove_leftovers(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_atomic_path_does_not_replace_what_is_not_a_regular_file(tmp_path):
    os.mkfifo(str(tmp_path / "pipe"))
    with pytest.raises(OSError, match="not a regular file"):
        write_text(tmp_path / "pipe", "text")
    assert stat.S_ISFIFO(os.stat(str(tmp_path / "pipe")).st_mode)


def test_atomic_path_leaves_the_umask_alone_which_is_of_all_threads(tmp_path, monkeypatch):
    def changed(mask):
        raise AssertionError("umask")

    monkeypatch.setattr("os.umask", changed)
    write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"


def test_atomic_path_takes_another_name_where_a_temporary_one_is_taken(tmp_path, monkeypatch):
    names = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda size: next(names))
    with atomic_path(tmp_path / "a.txt") as one, atomic_path(tmp_path / "a.txt") as other:
        assert one != other


def test_write_text_does_without_flushing_where_a_file_system_has_none(tmp_path, monkeypatch):
    def refuse(reason):
        return lambda *arguments: (_ for _ in ()).throw(OSError(reason, os.strerror(reason)))

    monkeypatch.setattr("os.fsync", refuse(errno.EINVAL))
    write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"


def test_user_path_is_below_the_user_s_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/a.png") == tmp_path / "a.png"
    assert str(user_path("a~b")) == "a~b"


def test_user_path_of_an_empty_argument_is_not_the_working_folder():
    with pytest.raises(argparse.ArgumentTypeError, match="expected a path"):
        user_path("")


def test_set_aside_takes_no_name_of_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / "a.1").symlink_to("gone")
    write_text(tmp_path / "a", "kept")
    assert set_aside(tmp_path / "a") == tmp_path / "a.2"
    assert (tmp_path / "a.1").is_symlink()
