"""`python -m utils.data` from the command line."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import REPOSITORY
from data_files import SPRITE_SIZES, noise, write_dsprites
from PIL import Image

from utils.data import load, names
from utils.data.__main__ import main
from utils.data.arm.scene import FACTOR_NAMES
from utils.data.contact_sheet import write_contact_sheet
from utils.data.labelled import LabelledSet
from utils.data.sets.dsprites import load as load_dsprites
from utils.errors import InputError


@pytest.fixture
def data(called):
    """A function that runs the main function of utils.data; returns what a finished process would."""
    return lambda *arguments: called(main, *arguments)


def test_list_names_every_data_set(command):
    output = command("-m", "utils.data", "list").stdout
    assert all(name in output for name in names())


def test_list_unpacks_nothing(data, tmp_path):
    (tmp_path / "data" / "cars").mkdir(parents=True)
    for number in range(183):
        (tmp_path / "data" / "cars" / f"car_{number:03d}_mesh.mat").touch()  # unreadable, and not to be read
    output = data("list").stdout
    assert f"{tmp_path / 'data' / 'cars'}: not unpacked yet" in output
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["cars"]


def test_render_writes_an_archive_that_numpy_reads(data, tmp_path):
    done = data("render", "--factor-sizes", "2,1,1,1,1,1,3", tmp_path / "out.npz")
    assert done.returncode == 0, done.stderr
    with np.load(str(tmp_path / "out.npz")) as archive:
        assert archive["images"].shape == (6, 64, 64, 3)


def test_render_leaves_a_set_that_can_be_scored(data, tmp_path):
    data("render", "--factor-sizes", "2,1,1,1,1,1,3", tmp_path / "out.npz")
    rendered = load(tmp_path / "out.npz", "/nowhere")
    assert (rendered.factor_names, rendered.factor_sizes) == (FACTOR_NAMES, (2, 1, 1, 1, 1, 1, 3))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("show", "mpi3d_tuy", "--out", "sheet.png"), "did you mean mpi3d_toy?"),
        (("show", "mpi3d_toy", "--out", "sheet.png"), "mpi3d_toy.npz"),
        (("render", "--factor-sizes", "4,4,x", "out.npz"), "4,4,x"),
        (("render", "--factor-sizes", "9,4,2,3,3,10,10", "out.npz"), "object_color is 9, expected 1 to 6"),
        (("render", "out.zip"), "out.zip"),
        (("render", "out.npz", "--workers", "-1"), "--workers -1: expected a number of at least 1"),
        (("render", "out.npz", "--workers", "0"), "--workers 0: expected a number of at least 1"),
        (
            ("show", "sprites", "--factor-sizes", "1,2", "--out", "sheet.png"),
            "--factor-sizes: expected with synthetic_arm",
        ),
        (("show", "synthetic_arm", "--factor-sizes", "", "--out", "sheet.png"), "--factor-sizes '': expected whole"),
        (("show", "", "--out", "sheet.png"), "data set '' is neither known nor a path"),
        (("list", "--data", "README.npz"), "README.npz: expected the data sets' folder, found a file in its place"),
        (("list", "--data", "~nobody-here/x"), "'~nobody-here/x': no home folder of this user is known"),
        (("show", "~nobody/x", "--out", "sheet.png"), "~nobody/x"),
        (("render", "README.npz/out.npz", "--factor-sizes", "1,1,1,1,1,1,1"), "README.npz/out.yml: cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(data, tmp_path, arguments, named):
    (tmp_path / "README.npz").write_text("a file, no folder")
    arguments = [str(tmp_path / a) if a.startswith(("out", "README")) else a for a in arguments]
    done = data(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert named in done.stderr


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet", "own.npz"])
def test_show_refuses_to_write_what_is_not_a_png(data, tmp_path, name):
    (tmp_path / "own.npz").write_bytes(b"mine")
    done = data("show", "sprites", "--out", tmp_path / name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{name}: expected a file name that ends in .png" in done.stderr
    assert (tmp_path / "own.npz").read_bytes() == b"mine"


@pytest.mark.parametrize("out", ["pictures/sheet.png", "pictures/a/sheet.png", "pictures/a/0.png"])
@pytest.mark.parametrize("shown", ["pictures", "link"])
def test_show_writes_nothing_among_the_pictures_that_it_shows(data, tmp_path, out, shown):
    (tmp_path / "pictures" / "a").mkdir(parents=True)
    Image.fromarray(noise(0, 64, 64, 3)).save(str(tmp_path / "pictures" / "a" / "0.png"))
    (tmp_path / "link").symlink_to(tmp_path / "pictures")
    before = (tmp_path / "pictures" / "a" / "0.png").read_bytes()
    done = data("show", tmp_path / shown, "--out", tmp_path / out)
    assert done.returncode == 2
    assert "lies among the pictures of" in done.stderr
    found = {path.name: path.read_bytes() for path in (tmp_path / "pictures" / "a").iterdir()}
    assert found == {"0.png": before}


def test_show_writes_beside_the_folder_that_it_shows(data, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number, image in enumerate(noise(0, 2, 64, 64, 3)):
        Image.fromarray(image).save(str(tmp_path / "pictures" / f"{number}.png"))
    done = data("show", tmp_path / "pictures", "--out", tmp_path / "pictures.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pictures.png").is_file()


def test_render_refuses_to_overwrite(data, tmp_path):
    (tmp_path / "out.npz").write_bytes(b"mine")
    assert data("render", tmp_path / "out.npz").returncode == 2
    assert (tmp_path / "out.npz").read_bytes() == b"mine"


def test_show_draws_a_row_for_each_factor(data, tmp_path):
    grid = ("--factor-sizes", "2,2,1,1,1,2,2")
    done = data("show", "synthetic_arm", *grid, "--out", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    with Image.open(str(tmp_path / "sheet.png")) as sheet:
        picture = np.asarray(sheet.convert("RGB"))
    colored = (picture.astype(int).max(axis=2) - picture.min(axis=2) > 40).any(axis=1)
    assert np.count_nonzero(np.diff(colored.astype(int)) == 1) >= 7


def test_show_does_not_mind_a_notebooks_plotting_back_end(command, tmp_path):
    arguments = ("show", "synthetic_arm", "--factor-sizes", "1,1,1,1,1,1,2", "--out", tmp_path / "sheet.png")
    done = command("-m", "utils.data", *arguments, MPLBACKEND="module://nobody_has_this")
    assert done.returncode == 0, done.stderr


def test_contact_sheet_replaces_no_device(tmp_path):
    os.mkfifo(str(tmp_path / "pipe"))
    data = LabelledSet("mine", noise(0, 6, 64, 64, 3), [[0], [1]] * 3, ("a",))
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match="is not a regular file"):
            write_contact_sheet(data, path)
    assert (tmp_path / "pipe").is_fifo()


def test_list_says_in_its_code_that_it_could_not_print(tmp_path):
    with open("/dev/full", "w") as full:
        line = [sys.executable, "-m", "utils.data", "list", "--data", str(tmp_path)]
        done = subprocess.run(line, cwd=str(REPOSITORY), stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_contact_sheet_draws_a_row_for_each_factor_of_labels(tmp_path):
    images = noise(0, 6, 64, 64, 3)
    few = LabelledSet("mine", images, [[0], [1]] * 3, ("a",))
    more = LabelledSet("mine", images, [[0, 0, 1], [1, 1, 0]] * 3, ("a", "b", "c"))
    heights = []
    for data in (few, more):
        write_contact_sheet(data, tmp_path / "sheet.png")
        with Image.open(str(tmp_path / "sheet.png")) as sheet:
            heights.append(sheet.size[1])
    assert heights[1] > 1.5 * heights[0]


def test_contact_sheet_draws_grey_pictures(tmp_path):
    write_dsprites(tmp_path)
    write_contact_sheet(load_dsprites("dsprites_noshape", tmp_path, SPRITE_SIZES), tmp_path / "sheet.png")
    with Image.open(str(tmp_path / "sheet.png")) as sheet:
        assert sheet.size[1] > 300
