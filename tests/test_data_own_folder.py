"""A folder of pictures: all of them, in the right order, and none left out without a word."""

import os
import shutil

import numpy as np
import pytest
from data_files import noise
from PIL import Image

from utils.data import load
from utils.data.sets.own_folder import find_pictures
from utils.errors import InputError

IMAGES = noise(0, 6, 64, 64, 3)


@pytest.fixture
def folder(tmp_path):
    """Six pictures of different sizes, numbered from 0."""
    (tmp_path / "pictures").mkdir()
    for number, image in enumerate(IMAGES):
        enlarged = image.repeat(2, axis=0).repeat(2, axis=1) if number % 2 else image
        Image.fromarray(enlarged).save(str(tmp_path / "pictures" / f"{number}.png"))
    return tmp_path / "pictures"


def test_own_folder_holds_its_pictures_in_order(folder):
    np.testing.assert_array_equal(load(folder, "/nowhere").images[::2], IMAGES[::2])


def test_own_folder_is_scaled_to_64_by_64(folder):
    assert np.abs(load(folder, "/nowhere").images[1].astype(int) - IMAGES[1]).mean() < 32


def test_own_folder_cuts_the_middle_square(tmp_path):
    (tmp_path / "wide").mkdir()
    wide = np.concatenate([np.zeros_like(IMAGES[0]), IMAGES[0], np.zeros_like(IMAGES[0])], axis=1)
    Image.fromarray(wide).save(str(tmp_path / "wide" / "a.png"))
    np.testing.assert_array_equal(load("wide", tmp_path).images[0], IMAGES[0])


def test_own_folder_of_grey_pictures_has_one_channel(tmp_path):
    (tmp_path / "grey").mkdir()
    Image.fromarray(IMAGES[0, :, :, 0]).save(str(tmp_path / "grey" / "a.png"))
    np.testing.assert_array_equal(load("grey", tmp_path).images, IMAGES[:1, :, :, :1])


@pytest.mark.parametrize("grey", [0, 5])
def test_own_folder_with_grey_among_colour_is_read_as_colour(folder, capsys, grey):
    Image.fromarray(IMAGES[0, :, :, 0]).save(str(folder / f"{grey}.png"))
    np.testing.assert_array_equal(load(folder, "/nowhere").images[grey], np.repeat(IMAGES[0, :, :, :1], 3, axis=2))
    assert "1 of 6 pictures are grey; all are read as RGB" in capsys.readouterr().err


def test_own_folder_follows_its_pictures(folder):
    load(folder, "/nowhere")
    (folder / "5.png").unlink()
    assert len(load(folder, "/nowhere").images) == 5


def test_own_folder_names_a_broken_picture(folder):
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:500])
    with pytest.raises(InputError, match=r"3\.png: no readable picture"):
        load(folder, "/nowhere")


def test_own_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match="no pictures found"):
        load(tmp_path, "/nowhere")


@pytest.mark.parametrize(
    ("height", "width", "told"),
    [(64, 128, "are not square: the square in their middle"), (8, 8, "are smaller than 64")],
)
def test_own_folder_says_how_many_pictures_are_cut_or_enlarged(folder, capsys, height, width, told):
    load(folder, "/nowhere")
    assert "square" not in capsys.readouterr().err
    Image.fromarray(np.resize(IMAGES[0], (height, width, 3))).save(str(folder / "0.png"))
    load(folder, "/nowhere")
    assert f"1 of 6 pictures {told}" in capsys.readouterr().err


def test_own_folder_says_that_transparent_parts_are_laid_over_black(folder, capsys):
    Image.fromarray(np.dstack([IMAGES[0], IMAGES[0, ..., :1]])).save(str(folder / "0.png"))
    load(folder, "/nowhere")
    assert "1 of 6 pictures may have transparent parts, which are laid over black" in capsys.readouterr().err


def test_own_folder_is_unpacked_once_whatever_it_is_called(folder, monkeypatch):
    (folder / "labels.csv").write_text("file,a\n" + "".join(f"{number}.png,1\n" for number in range(6)))
    found = set()
    for place, name in ((folder, "."), (folder.parent, folder.name), (folder.parent, folder)):
        monkeypatch.chdir(place)
        load(name, "/nowhere")
        (copy,) = folder.parent.glob("*.npy")
        found.add((copy.name, copy.stat().st_mtime_ns))
    assert len(found) == 1


def write(folder, *names):
    """Pictures, each of them told by its first pixel's red."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), (number, 0, 9), np.uint8)).save(str(folder / name))
    return folder


def numbers(folder):
    return load(folder, "/nowhere").images[:, 0, 0, 0].tolist()


def test_own_folder_is_in_natural_order(tmp_path):
    names = [f"{number}.png" for number in range(12)]
    assert numbers(write(tmp_path / "p", *names)) == list(range(12))


def test_own_folder_says_each_time_in_which_order_a_full_grid_is_read(tmp_path, capsys):
    write(tmp_path / "p", *[f"{number}.png" for number in range(12)])
    (tmp_path / "p" / "factors.yml").write_text("factors: {a: 3, b: 4}\n")
    for _ in range(2):
        numbers(tmp_path / "p")
        assert "in the order of the numbers in their names, 2.png before 10.png" in capsys.readouterr().err


def test_own_folder_says_nothing_where_the_orders_agree(tmp_path, capsys):
    numbers(write(tmp_path / "p", "frame_00.png", "frame_01.png", "frame_10.png"))
    assert "order" not in capsys.readouterr().err


def test_own_folder_reads_subfolders(tmp_path):
    write(tmp_path / "p", "class_2/1.png", "class_10/1.png", "class_2/10.png", "class_2/9.png", "top.png")
    assert numbers(tmp_path / "p") == [0, 3, 2, 1, 4]


def test_own_folder_reads_every_kind_beside_another(tmp_path):
    write(tmp_path / "p", "a.png", *(f"b{number}.tif" for number in range(20)), "c.BMP")
    assert numbers(tmp_path / "p") == list(range(22))


def test_own_folder_follows_links(tmp_path):
    write(tmp_path / "elsewhere", "1.png")
    write(tmp_path / "p", "0.png")
    (tmp_path / "p" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "p" / "back").symlink_to(tmp_path / "p")
    assert [path.name for path in find_pictures(tmp_path / "p")] == ["0.png", "1.png"]


@pytest.fixture(params=[False, True])
def listing(request, monkeypatch):
    """Folders are listed in the order of their names, or the other way round."""
    real = os.walk

    def walk(*arguments, **options):
        for place, folders, names in real(*arguments, **options):
            folders.sort(reverse=request.param)
            yield place, folders, names

    monkeypatch.setattr(os, "walk", walk)


def test_own_folder_reads_a_folder_by_its_own_name_and_names_links_to_it(tmp_path, capsys, listing):
    folder = write(tmp_path / "p", "b/0.png")
    for link in "ac":
        (folder / link).symlink_to("b")
    assert [path.parent.name for path in find_pictures(folder)] == ["b"]
    notes = [f"note: {folder / link}: is left out, since it leads to the folder that is read as" for link in "ac"]
    assert capsys.readouterr().err == "".join(f"{note} {folder / 'b'}\n" for note in notes)


def test_own_folder_reads_the_first_of_two_links_to_a_folder(tmp_path, listing):
    write(tmp_path / "elsewhere", "0.png")
    (tmp_path / "p").mkdir()
    for link in "ac":
        (tmp_path / "p" / link).symlink_to(tmp_path / "elsewhere")
    assert [path.parent.name for path in find_pictures(tmp_path / "p")] == ["a"]


def test_own_folder_names_a_link_to_nothing(tmp_path):
    write(tmp_path / "p", "0.png")
    (tmp_path / "p" / "1.png").symlink_to("gone.png")
    with pytest.raises(InputError, match=r"1\.png: cannot be read \(a link to gone\.png: No such file"):
        load(tmp_path / "p", "/nowhere")


def test_own_folder_refuses_a_pipe_instead_of_waiting_for_it(tmp_path):
    os.mkfifo(str(tmp_path / "pipe.png"))
    with pytest.raises(InputError, match=r"pipe\.png: a pipe, a socket or a device found; expected a file"):
        find_pictures(tmp_path)


def test_own_folder_skips_hidden_companions(tmp_path):
    write(tmp_path / "p", "0.png")
    for name in ("._0.png", ".DS_Store", "Thumbs.db", "__MACOSX/0.png", ".hidden/1.png", "README", "notes.txt"):
        (tmp_path / "p" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "p" / name).write_bytes(b"not a picture")
    assert numbers(tmp_path / "p") == [0]


def test_own_folder_refuses_pictures_whose_names_have_no_ending(tmp_path):
    write(tmp_path / "p", "0.png", "1.png")
    (tmp_path / "p" / "1.png").rename(tmp_path / "p" / "1")
    with pytest.raises(InputError, match=r"1 files that are not read found \(1 pictures whose names have no ending\)"):
        load(tmp_path / "p", "/nowhere")


def test_own_folder_refuses_files_that_it_would_leave_out(tmp_path):
    write(tmp_path / "p", "0.png")
    for name in ("1.heic", "2.heic", "sub/3.exr"):
        (tmp_path / "p" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "p" / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"1 pictures and 3 files that are not read found \(2 \.heic, 1 \.exr\)"):
        load(tmp_path / "p", "/nowhere")


def test_own_folder_does_not_take_the_kits_copies_for_other_files(tmp_path):
    write(tmp_path / "p" / "sub", "0.png")
    numbers(tmp_path / "p" / "sub")
    assert numbers(tmp_path / "p") == [0]


@pytest.mark.parametrize(("peak", "bits"), [(4000, 12), (1023, 10), (16383, 14), (65535, 16)])
def test_own_folder_finds_the_used_bits_of_all_its_pictures(tmp_path, capsys, peak, bits):
    (tmp_path / "p").mkdir()
    for number, value in enumerate((0, 300, peak)):
        Image.fromarray(np.full((64, 64), value, np.uint16)).save(str(tmp_path / "p" / f"{number}.png"))
    expected = np.round(np.array([0, 300, peak]) * 255 / (2**bits - 1)).astype(int).tolist()
    assert numbers(tmp_path / "p") == expected
    assert (f"so they are read as {bits} bits" in capsys.readouterr().err) == (bits < 16)


def test_own_folder_takes_the_used_bits_from_its_notes(tmp_path):
    (tmp_path / "p").mkdir()
    Image.fromarray(np.full((64, 64), 257, np.uint16)).save(str(tmp_path / "p" / "0.png"))
    assert numbers(tmp_path / "p") == [64]  # 9 bits and more: read as 10
    (tmp_path / "p" / "factors.yml").write_text("bits: 16\n")
    assert numbers(tmp_path / "p") == [1]


def renamed(folder):
    for number in range(3):
        (folder / f"{number}.png").rename(folder / f"{2 - number}_.png")


def exchanged(folder):
    for old, new in (("0.png", "x"), ("2.png", "0.png"), ("x", "2.png")):
        (folder / old).rename(folder / new)


def replaced_by_older(folder):
    write(folder / "old", "a.png", "b.png", "c.png")
    os.utime(str(folder / "old" / "c.png"), (1e9, 1e9))
    shutil.copy2(str(folder / "old" / "c.png"), str(folder / "0.png"))
    shutil.rmtree(str(folder / "old"))


@pytest.mark.parametrize(
    ("change", "expected"), [(renamed, [2, 1, 0]), (exchanged, [2, 1, 0]), (replaced_by_older, [2, 1, 2])]
)
def test_own_folder_follows_changes_that_leave_times_alone(tmp_path, change, expected):
    """Pictures of one size and one time, as an archive leaves them."""
    write(tmp_path / "p", "0.bmp", "1.bmp", "2.bmp")
    for number in range(3):
        (tmp_path / "p" / f"{number}.bmp").rename(tmp_path / "p" / f"{number}.png")  # Pillow goes by the contents
        os.utime(str(tmp_path / "p" / f"{number}.png"), (15e8, 15e8))
    assert numbers(tmp_path / "p") == [0, 1, 2]
    change(tmp_path / "p")
    assert numbers(tmp_path / "p") == expected


def test_own_folder_notes_no_order_that_is_the_text_s(tmp_path, capsys):
    for name in ("a/1.png", "a/2.png", "a-b/1.png", "a-b/2.png"):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(IMAGES[0]).save(str(path))
    load(tmp_path / "p", "/nowhere")
    assert "pictures are in the order" not in capsys.readouterr().err
