"""One's own images train as they are, and score when a YAML file names their factors."""

import numpy as np
import pytest
from data_files import noise
from PIL import Image

from utils.data import load
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


@pytest.mark.parametrize("images", [IMAGES, IMAGES[..., :1], IMAGES[..., 0], IMAGES.reshape(2, 3, 64, 64, 3)])
def test_own_npy_is_read_with_its_channels(tmp_path, images):
    np.save(str(tmp_path / "mine.npy"), images)
    loaded = load("mine.npy", tmp_path).images
    np.testing.assert_array_equal(loaded, images.reshape(6, 64, 64, -1))


def test_own_h5_is_read_in_one_piece_or_in_chunks(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(tmp_path / "mine.h5"), "w") as file:
        file["images"] = IMAGES
        file.create_dataset("packed", data=IMAGES, chunks=(4, 64, 64, 3), compression="gzip")
    np.testing.assert_array_equal(load("mine.h5", tmp_path).images, IMAGES)
    (tmp_path / "mine.yml").write_text("key: packed\n")
    np.testing.assert_array_equal(load("mine.h5", tmp_path).images, IMAGES)


def test_own_images_alone_are_not_scored(tmp_path):
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    with pytest.raises(InputError, match="its factors are not known"):
        load("mine.npy", tmp_path).sample_factors(3, np.random.RandomState(0))


def test_own_factors_are_those_of_the_notes(tmp_path):
    np.savez(str(tmp_path / "mine.npz"), images=IMAGES)
    (tmp_path / "mine.yml").write_text("factors:\n  shape: 2\n  place: 3\n")
    data = load("mine.npz", tmp_path)
    assert (data.factor_names, data.factor_sizes) == (("shape", "place"), (2, 3))
    assert data.index([[1, 2]]) == [5]


@pytest.mark.parametrize(
    "notes",
    [
        "factors:\n  shape: 2\n  place: 4\n",
        "factors:\n  shape: two\n",
        "factors:\n  shape: 0\n",
        "factors: {}",
        "factors: [6]",
        "colours: 3",
        "",
        "factors: {a: 6",
        "\x00",
    ],
)
def test_own_notes_that_do_not_fit_are_refused_by_name(tmp_path, notes):
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    (tmp_path / "mine.yml").write_text(notes)
    with pytest.raises(InputError, match=r"mine\.yml"):
        load("mine.npy", tmp_path)


def test_own_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("images")
    with pytest.raises(InputError, match=r"mine\.txt: expected a folder"):
        load("mine.txt", tmp_path)
