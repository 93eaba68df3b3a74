import os
import stat

import pytest

from utils.files import atomic_path, write_text


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


def test_atomic_path_gives_the_users_usual_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644
