"""Unpacking happens once, is done anew whenever its origin may have changed, and goes on where it was stopped."""

import errno
import os
import shutil

import numpy as np
import pytest
from data_files import noise

from utils.data.storage import convert, places
from utils.data.storage.convert import converted
from utils.data.storage.copies import is_copy, written_digest
from utils.errors import InputError

IMAGES = noise(0, 8, 64, 64, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NDC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "source").write_bytes(b"source")
    return tmp_path / "data" / "source"


@pytest.fixture
def unwritable(monkeypatch):
    """A function after which no file can be made below a folder (tests may run as root, whom no mode stops)."""

    def lock(folder):
        real = places.tempfile.TemporaryFile

        def refuse(*arguments, **options):
            if folder == options["dir"] or f"{folder}{os.sep}" in options["dir"]:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            return real(*arguments, **options)

        monkeypatch.setattr(places.tempfile, "TemporaryFile", refuse)

    return lock


def one_by_one(first):
    for image in IMAGES[first:]:
        yield image[np.newaxis]


def never(first):
    raise AssertionError(f"read again from {first}")


def unpack(source, read_from=one_by_one, shape=IMAGES.shape, sources=None, options=("test", 1)):
    return converted(source, sources or [source], options, lambda: (shape, read_from))


def copies(folder):
    return sorted(path.name for path in folder.iterdir() if is_copy(path.name))


def test_converted_holds_what_was_read(source):
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_is_made_once(source):
    unpack(source)
    np.testing.assert_array_equal(unpack(source, never), IMAGES)


def test_converted_copy_is_read_by_numpy(source):
    unpack(source)
    np.testing.assert_array_equal(np.load(str(source.parent / copies(source.parent)[0])), IMAGES)


def test_converted_goes_on_where_it_was_stopped(source):
    def stopped(first):
        yield IMAGES[:3]
        raise KeyboardInterrupt

    starts = []

    def go_on(first):
        starts.append(first)
        return one_by_one(first)

    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    np.testing.assert_array_equal(unpack(source, go_on), IMAGES)
    assert starts == [3]


def test_converted_goes_on_where_only_the_name_was_missing(source, monkeypatch):
    def interrupt(*names):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("utils.data.storage.partial.os.replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            unpack(source)
    np.testing.assert_array_equal(unpack(source, never), IMAGES)


def test_converted_states_the_same_digest_however_it_was_made(source):
    def stopped(first):
        yield IMAGES[:3]
        raise KeyboardInterrupt

    unpack(source)
    name = copies(source.parent)[0]
    digest = written_digest(source.parent / name)
    (source.parent / name).unlink()
    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    unpack(source)
    assert written_digest(source.parent / name) == digest


def test_converted_starts_over_when_the_source_has_changed(source):
    def stopped(first):
        yield 255 - IMAGES[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    source.write_bytes(b"another source")
    np.testing.assert_array_equal(unpack(source), IMAGES)
    assert len(copies(source.parent)) == 1


@pytest.mark.parametrize("length", [0, 10, -1, -33])
def test_converted_makes_a_cut_copy_anew(source, length):
    unpack(source, lambda first: iter([255 - IMAGES]))
    path = source.parent / copies(source.parent)[0]
    path.write_bytes(path.read_bytes()[:length])
    np.testing.assert_array_equal(unpack(source), IMAGES)


def another_size(source):
    source.write_bytes(b"another size")


def later(source):
    os.utime(str(source), (2e9, 2e9))


def earlier(source):
    os.utime(str(source), ns=(10**9, source.stat().st_mtime_ns - 1))


def same_size_and_time(source):
    """As `cp -p` of another file leaves it."""
    (source.parent / "other").write_bytes(b"SOURCE")
    shutil.copystat(str(source), str(source.parent / "other"))
    os.replace(str(source.parent / "other"), str(source))


@pytest.mark.parametrize("change", [another_size, later, earlier, same_size_and_time])
def test_converted_is_made_anew_of_a_changed_source(source, change):
    unpack(source, lambda first: iter([255 - IMAGES]))
    change(source)
    np.testing.assert_array_equal(unpack(source), IMAGES)


@pytest.mark.parametrize("options", [("test", 2), ("test", 1, "key"), ("other", 1)])
def test_converted_is_made_anew_for_other_options(source, options):
    unpack(source, lambda first: iter([255 - IMAGES]))
    np.testing.assert_array_equal(unpack(source, options=options), IMAGES)


def test_converted_is_made_anew_when_files_exchange_their_names(source):
    folder = source.parent
    for name in "ab":
        (folder / name).write_bytes(name.encode())
        os.utime(str(folder / name), (1e9, 1e9))
    unpack(folder, lambda first: iter([255 - IMAGES]), sources=[folder / "a", folder / "b"])
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        (folder / old).rename(folder / new)
    np.testing.assert_array_equal(unpack(folder, sources=[folder / "a", folder / "b"]), IMAGES)


def test_converted_removes_copies_that_are_out_of_date(source):
    unpack(source)
    later(source)
    unpack(source)
    assert len(copies(source.parent)) == 1


def test_converted_removes_only_its_own_copies(source):
    others = [
        "source.unpacked.npy",
        "source.npy",
        "source.unpacked-notes.npy",
        "source2.unpacked-0123456789abcdef.npy",
        ".source.partial",
        "source.unpacked-0123456789abcdef.npy.txt",
    ]
    for name in others:
        (source.parent / name).write_bytes(b"mine")
    unpack(source)
    later(source)
    unpack(source)
    assert all((source.parent / name).read_bytes() == b"mine" for name in others)


def test_converted_notices_a_source_that_changes_meanwhile(source):
    def changing(first):
        later(source)
        return one_by_one(first)

    with pytest.raises(InputError, match="source: was changed while its images were unpacked"):
        unpack(source, changing)
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_names_a_link_to_nothing(source):
    (source.parent / "link").symlink_to("nothing")
    with pytest.raises(InputError, match=r"link: cannot be read \(a link to nothing: No such file"):
        unpack(source, sources=[source, source.parent / "link"])


@pytest.mark.parametrize("blocks", [[IMAGES[:7]], [IMAGES, IMAGES], [IMAGES[..., 0]], [IMAGES.astype(float)]])
def test_converted_refuses_other_images_than_described(source, blocks):
    with pytest.raises(InputError, match=r"source\.unpacked-"):
        unpack(source, lambda first: iter(blocks))
    assert not [name for name in copies(source.parent) if name.endswith(".npy")]


def test_converted_needs_room_on_the_disk(source, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(InputError, match="GB free on the disk"):
        unpack(source)


def test_converted_needs_room_for_the_rest_alone(source, monkeypatch):
    def stopped(first):
        yield IMAGES[:6]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(source, stopped)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": IMAGES[:2].nbytes}))
    np.testing.assert_array_equal(unpack(source), IMAGES)


def test_converted_goes_to_the_cache_where_the_folder_cannot_be_written(source, cache, unwritable, capsys):
    unwritable(str(source.parent))
    np.testing.assert_array_equal(unpack(source), IMAGES)
    assert os.listdir(str(source.parent)) == ["source"]
    (folder,) = cache.iterdir()
    assert len(copies(folder)) == 1
    assert f"{source.parent} cannot be written (Read-only file system): using {folder}" in capsys.readouterr().err


def test_converted_uses_what_is_in_the_cache(source, unwritable, capsys):
    unwritable(str(source.parent))
    unpack(source)
    capsys.readouterr()
    np.testing.assert_array_equal(unpack(source, never), IMAGES)
    assert capsys.readouterr().err == ""


def test_converted_uses_a_copy_beside_the_source_that_cannot_be_written(source, unwritable):
    unpack(source)
    unwritable(str(source.parent))
    np.testing.assert_array_equal(unpack(source, never), IMAGES)


def test_converted_says_where_it_could_not_write(source, unwritable, cache):
    unwritable(str(source.parent.parent))
    with pytest.raises(InputError, match=r"cannot be written .*nor can .*cache.*NDC_CACHE") as caught:
        unpack(source)
    assert str(source.parent) in str(caught.value)


def test_converted_leaves_copies_in_the_making_to_their_process(source):
    started = []

    def during(first):
        started.append([name for name in copies(source.parent) if name.startswith(".")])
        later(source)
        unpack(source)  # another process, of the changed source
        started.append([name for name in copies(source.parent) if name.startswith(".")])
        return one_by_one(first)

    with pytest.raises(InputError, match="was changed while"):
        unpack(source, during)
    assert started[0] == started[1] != []


def test_converted_reads_no_more_than_a_block_of_what_is_there(source, monkeypatch):
    monkeypatch.setattr(convert, "_BLOCK", 1000)
    test_converted_goes_on_where_it_was_stopped(source)
