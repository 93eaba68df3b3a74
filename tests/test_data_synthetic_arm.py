"""The embedded data set is rendered once, and read from its file ever after."""

import hashlib

import pytest

from utils.data import load
from utils.data.arm import renderer
from utils.data.arm.looks import LOOKS
from utils.errors import InputError

SIZES = (2, 2, 1, 1, 3, 2, 2)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    load("synthetic_arm", folder, factor_sizes=SIZES)
    return folder


def test_synthetic_arm_has_a_picture_for_each_combination(root):
    data = load("synthetic_arm", root, factor_sizes=SIZES)
    assert data.images.shape == (48, 64, 64, 3)
    assert data.factor_sizes == SIZES


def test_synthetic_arm_is_rendered_once(root, monkeypatch):
    monkeypatch.setattr(renderer, "render", None)
    assert len(load("synthetic_arm", root, factor_sizes=SIZES).images) == 48


def test_synthetic_arm_keeps_grids_apart(root):
    assert len(load("synthetic_arm", root, factor_sizes=(1, 2, 1, 1, 1, 1, 1)).images) == 2
    assert len(load("synthetic_arm", root, factor_sizes=SIZES).images) == 48


@pytest.mark.parametrize("damage", [lambda content: content[:-100], lambda content: b"", lambda content: content[100:]])
def test_synthetic_arm_names_a_damaged_file(root, tmp_path, damage):
    path = next((root / "synthetic_arm").glob("*2x2x1x1x3x2x2.npz"))
    (tmp_path / "synthetic_arm").mkdir()
    (tmp_path / "synthetic_arm" / path.name).write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"2x2x1x1x3x2x2\.npz.*delete .* and it will be rendered again"):
        load("synthetic_arm", tmp_path, factor_sizes=SIZES)


def test_synthetic_arm_keeps_looks_apart(tmp_path):
    sizes = (1, 1, 1, 1, 1, 1, 1)
    looks = [load(name, tmp_path, factor_sizes=sizes).images[0] for name in LOOKS]
    assert len(list(tmp_path.glob("synthetic_arm*/*.npz"))) == len(looks) == 4
    assert len({image.tobytes() for image in looks}) == 4


def test_synthetic_arm_names_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "synthetic_arm").write_text("not a folder")
    with pytest.raises(InputError, match="synthetic_arm"):
        load("synthetic_arm", tmp_path, factor_sizes=SIZES)


def test_synthetic_arm_shows_each_combination_differently(tmp_path):
    """The full grid's ends and middles; python -m utils.data render was run and counted for the grids themselves."""
    images = load("synthetic_arm", tmp_path, factor_sizes=(6, 6, 2, 3, 3, 2, 3)).images
    assert len({hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images}) == len(images) == 3888
