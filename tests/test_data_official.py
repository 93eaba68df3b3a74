"""Draws and pictures equal those of disentanglement_lib 1.2's own loaders.

official_data.json holds what the library (NumPy 1.18, Pillow 7.2) gave for the files of data_files.py: from
RandomState(0), sample_factors(6), then sample_observations_from_factors, then one more draw. Pictures are compared
after rounding to 0..255. Sizes that the library's constructors fix were set to the small files'; its Cars3D was
given the files sorted; Pillow's thumbnail got the first two of the three numbers that the library passes to it.
"""

import hashlib
import json
from pathlib import Path

import data_files
import numpy as np
import pytest

from utils.data import load
from utils.data.dataset import DataSet
from utils.data.sets import mpi3d

OFFICIAL = json.loads((Path(__file__).parent / "official_data.json").read_text())
CUT = {
    "cars3d": {"cars": data_files.CARS},
    "shapes3d": {"sizes": data_files.SHAPES_SIZES},
    "smallnorb": {"sizes": data_files.NORB_SIZES},
    **{name: {"sizes": data_files.SPRITE_SIZES} for name in OFFICIAL if "dsprites" in name},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    data_files.write_dsprites(folder)
    data_files.write_scream(folder)
    data_files.write_cars(folder)
    data_files.write_norb(folder)
    data_files.write_shapes3d_npz(folder)
    return folder


@pytest.fixture(params=sorted(CUT))
def data(request, root):
    return load(request.param, root, **CUT[request.param])


def test_data_set_draws_the_official_factors(data):
    drawn = data.sample_factors(6, np.random.RandomState(0))
    assert drawn.tolist() == OFFICIAL[data.name]["factors"]


def test_data_set_gives_the_official_pictures(data):
    random_state = np.random.RandomState(0)
    pictures = data.observe(data.sample_factors(6, random_state), random_state)
    assert hashlib.sha256(pictures.tobytes()).hexdigest() == OFFICIAL[data.name]["sha256"]


def test_data_set_leaves_the_random_state_where_the_library_does(data):
    random_state = np.random.RandomState(0)
    data.observe(data.sample_factors(6, random_state), random_state)
    assert random_state.randint(1000) == OFFICIAL[data.name]["next_draw"]


def test_data_set_images_are_bytes_of_64_by_64(data):
    assert data.images.shape[1:3] == (64, 64)
    assert data.images[np.array([0, 3])].dtype == np.uint8


def test_mpi3d_finds_the_official_places():
    sizes = mpi3d.FACTOR_SIZES[0]
    data = DataSet("mpi3d_toy", np.broadcast_to(np.uint8(0), (460_800, 64, 64, 3)), sizes, mpi3d.FACTOR_NAMES)
    factors = data.sample_factors(6, np.random.RandomState(0))
    assert factors.tolist() == OFFICIAL["mpi3d_toy"]["factors"]
    assert data.index(factors).tolist() == OFFICIAL["mpi3d_toy"]["index"]
