"""Which images a run was trained on, and finding them where they are now."""

import os

import numpy as np
import pytest
from runs import opened

from utils.data import load
from utils.data.dataset import DataSet
from utils.errors import InputError
from utils.run.trained_images import describe_images, load_run_data, refuse_other_images


def test_describe_images_tells_pictures_apart():
    images = np.zeros((4, 64, 64, 1), np.uint8)
    black = describe_images(DataSet("a", images, (), ()))
    images[3, 1, 2] = 1
    other = describe_images(DataSet("a", images, (), ()))
    assert (black["images"], black["channels"]) == (4, 1)
    assert black["fingerprint"] != other["fingerprint"]


def test_refuse_other_images_names_both(tmp_path, tiny_images):
    data, other = (DataSet("mine", images, (), ()) for images in (tiny_images, tiny_images[:30]))
    opened(tmp_path / "run", images=describe_images(data))
    refuse_other_images(tmp_path / "run", data)
    with pytest.raises(InputError, match=r"other images \(mine: 40 images of 3 channels; now mine: 30 images"):
        refuse_other_images(tmp_path / "run", other)


@pytest.fixture
def moved_images(tmp_path):
    """The folder and configuration of a run whose images were moved to tmp_path/new since."""
    np.save(str(tmp_path / "own.npy"), np.zeros((8, 64, 64, 1), np.uint8))
    dataset = str(tmp_path / "own.npy")
    run = opened(tmp_path / "run", images=describe_images(load(dataset, tmp_path)), dataset=dataset)
    (tmp_path / "new").mkdir()
    os.rename(dataset, str(tmp_path / "new" / "own.npy"))
    return run.folder, run.config


def test_load_run_data_finds_images_that_were_moved_to_the_data_folder(tmp_path, moved_images):
    assert load_run_data(*moved_images, tmp_path / "new").name == "own"


def test_load_run_data_says_where_moved_images_are_looked_for(tmp_path, moved_images):
    with pytest.raises(InputError, match=r"own\.npy is not there; if it was moved, DISENTANGLEMENT_LIB_DATA names"):
        load_run_data(*moved_images, tmp_path / "nowhere")


def test_load_run_data_takes_no_other_images_of_that_name(tmp_path, moved_images):
    np.save(str(tmp_path / "new" / "own.npy"), np.ones((8, 64, 64, 1), np.uint8))
    with pytest.raises(InputError, match="trained on other images"):
        load_run_data(*moved_images, tmp_path / "new")


def test_load_run_data_takes_no_moved_images_that_nothing_identifies(tmp_path, moved_images):
    (moved_images[0] / "dataset.json").unlink()
    with pytest.raises(InputError, match="is not there"):
        load_run_data(*moved_images, tmp_path / "new")
