"""One's own images train as they are, and score when a YAML file names their factors."""

import numpy as np
import pytest
from data_files import noise
from PIL import Image

from utils.data import load
from utils.errors import InputError

IMAGES = noise(0, 6, 64, 64, 3)


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


@pytest.mark.parametrize("name", ["mine.NPZ", "mine.Npz"])
def test_own_npz_is_taken_for_its_contents_not_its_spelling(tmp_path, name):
    np.savez(str(tmp_path / "mine.npz"), images=IMAGES)
    (tmp_path / "mine.npz").rename(tmp_path / name)
    np.testing.assert_array_equal(load(name, tmp_path).images, IMAGES)


@pytest.mark.parametrize("name", ["mine.hdf5", "mine.HDF5", "mine.H5"])
def test_own_h5_is_taken_for_its_contents_not_its_spelling(tmp_path, name):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(tmp_path / name), "w") as file:
        file["images"] = IMAGES
    np.testing.assert_array_equal(load(name, tmp_path).images, IMAGES)


@pytest.fixture
def two_files(tmp_path):
    """b.h5 with images, and a function that makes a.h5, which has its images there in one of three ways."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(tmp_path / "b.h5"), "w") as file:
        file["images"] = IMAGES

    def make(kind):
        with h5py.File(str(tmp_path / "a.h5"), "w") as file:
            file["padding"] = np.zeros(10**6, np.uint8)
            if kind == "link":
                file["images"] = h5py.ExternalLink("b.h5", "images")
            elif kind == "raw":
                file.create_dataset("images", data=IMAGES, external=[(str(tmp_path / "b.h5"), 4096, IMAGES.nbytes)])
            else:
                layout = h5py.VirtualLayout(IMAGES.shape, np.uint8)
                layout[:] = h5py.VirtualSource(str(tmp_path / "b.h5"), "images", IMAGES.shape)
                file.create_virtual_dataset("images", layout)
        return tmp_path

    return make


@pytest.mark.parametrize("kind", ["link", "raw", "virtual"])
def test_own_h5_reads_images_in_another_file(two_files, kind):
    np.testing.assert_array_equal(load("a.h5", two_files(kind)).images, IMAGES)


@pytest.mark.parametrize("kind", ["link", "raw", "virtual"])
def test_own_h5_follows_the_other_file(two_files, kind):
    folder = two_files(kind)
    load("a.h5", folder)
    content = (folder / "b.h5").read_bytes()
    (folder / "b.h5").write_bytes(content.replace(IMAGES[2].tobytes(), IMAGES[0].tobytes()))
    np.testing.assert_array_equal(load("a.h5", folder).images[2], IMAGES[0])


def test_own_h5_names_a_missing_other_file(two_files):
    folder = two_files("virtual")
    (folder / "b.h5").unlink()
    with pytest.raises(InputError, match=r"b\.h5: cannot be read \(No such file"):
        load("a.h5", folder)


def test_own_h5_with_a_user_block_is_mapped_at_the_right_place(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(tmp_path / "mine.h5"), "w", userblock_size=512) as file:
        file["images"] = IMAGES
    np.testing.assert_array_equal(load("mine.h5", tmp_path).images, IMAGES)


@pytest.mark.parametrize(("count", "told"), [(6, True), (1, False)])
def test_own_images_that_are_all_the_same_are_said_to_be(tmp_path, capsys, count, told):
    np.save(str(tmp_path / "mine.npy"), np.repeat(IMAGES[:1], count, axis=0))
    load("mine.npy", tmp_path)
    assert ("that were looked at are all the same" in capsys.readouterr().err) is told
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    load("mine.npy", tmp_path)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("images", "way"),
    [
        (IMAGES / 255, r"numpy\.rint\(255 \* images\)\.astype\('uint8'\) if the values lie in \[0, 1\]$"),
        (IMAGES.transpose(0, 3, 1, 2), r"images\.transpose\(0, 2, 3, 1\), since channels come last$"),
        (IMAGES[0].transpose(2, 0, 1), r"\[numpy\.newaxis\] if it is one in colour$"),
        (IMAGES[:4, ..., 0], r"images\[\.\.\., numpy\.newaxis\] if they are 4 grey ones, "),
        (IMAGES[:, :32], r"expected uint8 \(n, 64, 64, 3\) or \(n, 64, 64, 1\)$"),
    ],
)
def test_own_array_of_another_form_is_refused_with_the_way_there(tmp_path, images, way):
    np.save(str(tmp_path / "mine.npy"), images)
    with pytest.raises(InputError, match=way):
        load("mine.npy", tmp_path)


def test_own_file_without_images_is_refused_with_the_key_that_names_them(tmp_path):
    np.savez(str(tmp_path / "mine.npz"), IMAGES)
    with pytest.raises(InputError, match=r"only: arr_0; `key: NAME` in mine\.yml beside it names the array"):
        load("mine.npz", tmp_path)


def test_own_images_of_zero_and_one_are_said_to_be_dark(tmp_path, capsys):
    np.save(str(tmp_path / "mine.npy"), IMAGES // 128)
    load("mine.npy", tmp_path)
    assert "no image that was looked at has a value above 1" in capsys.readouterr().err


def test_own_npz_follows_a_changed_key(tmp_path):
    np.savez_compressed(str(tmp_path / "mine.npz"), images=IMAGES, others=255 - IMAGES)
    load("mine.npz", tmp_path)
    (tmp_path / "mine.yml").write_text("key: others\n")
    np.testing.assert_array_equal(load("mine.npz", tmp_path).images, 255 - IMAGES)


def test_own_data_set_of_one_factor(tmp_path):
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    (tmp_path / "mine.yml").write_text("factors: {place: 6}\n")
    data = load("mine.npy", tmp_path)
    drawn = data.sample_factors(50, np.random.RandomState(0))
    assert (data.factor_names, data.factor_sizes, drawn.shape) == (("place",), (6,), (50, 1))
    np.testing.assert_array_equal(data.observe(drawn), IMAGES[drawn[:, 0]])


def test_own_folder_is_called_by_its_whole_name(tmp_path, monkeypatch):
    (tmp_path / "pictures.v2").mkdir()
    Image.fromarray(IMAGES[0]).save(str(tmp_path / "pictures.v2" / "a.png"))
    monkeypatch.chdir(tmp_path / "pictures.v2")
    assert load("pictures.v2", tmp_path).name == load(".", tmp_path).name == "pictures.v2"


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


def test_own_factors_of_another_number_of_images_are_refused(tmp_path):
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    (tmp_path / "mine.yml").write_text("factors:\n  shape: 2\n  place: 4\n")
    with pytest.raises(InputError, match=r"mine\.yml: factors of 2 x 4 values, but .*mine\.npy holds 6 images"):
        load("mine.npy", tmp_path)


def test_own_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("images")
    with pytest.raises(InputError, match=r"mine\.txt: expected a folder"):
        load("mine.txt", tmp_path)
