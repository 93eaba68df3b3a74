"""Labels in an array beside the images of an .npz or .h5 file."""

import numpy as np
import pytest
from data_files import noise, refused

from utils.data import load
from utils.data.dataset import DataSet
from utils.errors import InputError

IMAGES = noise(0, 6, 64, 64, 3)


def write_array(tmp_path, kind, **arrays):
    if kind == "h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(str(tmp_path / "mine.h5"), "w") as file:
            for name, array in arrays.items():
                file[name] = (
                    array.astype("S")
                    if getattr(array, "dtype", None) is not None and array.dtype.kind == "U"
                    else array
                )
        return tmp_path / "mine.h5"
    np.savez(str(tmp_path / "mine.npz"), **arrays)
    return tmp_path / "mine.npz"


@pytest.mark.parametrize("kind", ["npz", "h5"])
@pytest.mark.parametrize("key", ["labels", "factors"])
@pytest.mark.parametrize(
    "values",
    [
        np.array([[1, 7], [2, 7], [1, 7], [2, 9], [1, 9], [2, 9]]),
        np.array([[1, 7], [2, 7], [1, 7], [2, 9], [1, 9], [2, 9]], np.uint8),
        np.array([[1, 7], [2, 7], [1, 7], [2, 9], [1, 9], [2, 9]], np.float32),
        np.array([["a", "x"], ["b", "x"], ["a", "x"], ["b", "y"], ["a", "y"], ["b", "y"]]),
    ],
)
def test_array_makes_a_labelled_set(tmp_path, kind, key, values):
    data = load(write_array(tmp_path, kind, images=IMAGES, **{key: values}), "/nowhere")
    assert (data.factor_names, data.factor_sizes) == (("factor_0", "factor_1"), (2, 2))
    assert data.labels.T.tolist() == [[0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_array_keeps_names_apart_that_are_not_utf_8(tmp_path, kind):
    values = np.array([b"caf\xe9", b"caf\xe8"] * 3)
    assert load(write_array(tmp_path, kind, images=IMAGES, labels=values), "/nowhere").factor_sizes == (2,)


def test_array_of_large_whole_numbers_keeps_their_order(tmp_path):
    values = np.array([2**63, 1, 2**64 - 1] * 2, np.uint64)
    data = load(write_array(tmp_path, "npz", images=IMAGES, labels=values), "/nowhere")
    assert data.labels[:, 0].tolist() == [1, 0, 2] * 2


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_array_of_one_column_is_one_factor(tmp_path, kind):
    data = load(write_array(tmp_path, kind, images=IMAGES, labels=np.array([3, 4, 3, 4, 3, 4])), "/nowhere")
    assert data.factor_sizes == (2,)


def test_array_is_called_as_the_notes_say(tmp_path):
    path = write_array(tmp_path, "npz", images=IMAGES, classes=np.array([[0, 1]] * 3 + [[1, 0]] * 3), labels=IMAGES)
    (tmp_path / "mine.yml").write_text("labels: classes\nfactors: [shape, size]\n")
    assert load(path, "/nowhere").factor_names == ("shape", "size")


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"labels": np.linspace(0, 1, 6)}, "has fractions"),
        ({"labels": np.array([0, 1, np.nan, 1, 0, 1])}, "row 2: factor 'factor_0' has no value"),
        ({"labels": np.array([0, 1, 0])}, r"labels \(3,\) found, expected \(6, number of factors\)"),
        ({"labels": np.array(3)}, r"labels \(\) found"),
        ({"labels": np.zeros((6, 0))}, r"labels \(6, 0\) found"),
        ({"labels": np.zeros((6, 64, 64), np.uint8)}, r"labels \(6, 64, 64\) found"),
        ({"labels": np.zeros(6, "M8[s]")}, "datetime64"),
        ({"labels": np.zeros(6, [("a", int)])}, "expected whole numbers or names"),
        ({"labels": np.arange(6)}, "expected values that recur"),
        ({"labels": np.array([0, 1] * 3), "factors": np.array([0, 1] * 3)}, "has both labels and factors"),
        ({"labels": np.array([{}] * 6, dtype=object)}, "pickled"),
        ({"labels": np.array([1j] * 6)}, "complex128 found"),
    ],
)
def test_array_that_cannot_be_used_leaves_images_to_train_on(tmp_path, capsys, arrays, why):
    data = load(write_array(tmp_path, "npz", images=IMAGES, **arrays), "/nowhere")
    assert (type(data), data.factor_sizes) == (DataSet, ())
    assert "Training needs no labels; scoring will be refused" in capsys.readouterr().err
    with pytest.raises(InputError, match=why):
        data.sample_factors(3, np.random.RandomState(0))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_array_in_fortran_order_is_the_same_array(tmp_path, save):
    """As np.array([shape, size]).T and a pandas.DataFrame's values are."""
    save(str(tmp_path / "mine.npz"), images=IMAGES, labels=np.array([[5, 6, 5, 6, 5, 6], [7, 7, 7, 9, 9, 9]]).T)
    labels = load(tmp_path / "mine.npz", "/nowhere").labels
    assert labels.T.tolist() == [[0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1]]


def test_array_of_masks_is_not_read(tmp_path, monkeypatch):
    path = write_array(tmp_path, "npz", images=IMAGES, labels=np.zeros((6, 64, 64), np.uint8))
    monkeypatch.setattr("utils.data.storage.npz.read_array", None)
    assert load(path, "/nowhere").factor_sizes == ()


def test_array_with_an_axis_for_each_factor_is_taken(tmp_path):
    """As 3D Shapes' own .npz file has its images and labels."""
    values = np.stack(np.meshgrid([0, 1], [5, 6, 7], indexing="ij"), axis=-1)
    path = write_array(tmp_path, "npz", images=IMAGES.reshape(2, 3, 64, 64, 3), labels=values)
    assert load(path, "/nowhere").labels.T.tolist() == [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]]


@pytest.mark.parametrize("notes", ["factors: [a]", "bins: {a: 2}"])
@pytest.mark.parametrize("name", ["mine.npz", "mine.npy"])
def test_array_that_was_asked_for_and_is_not_there_is_missed(tmp_path, name, notes):
    np.save(str(tmp_path / "mine.npy"), IMAGES)
    np.savez(str(tmp_path / "mine.npz"), images=IMAGES)
    (tmp_path / "mine.yml").write_text(notes + "\n")
    refused(tmp_path / name, r"mine\.yml: names or bins of labels, but .*mine\.np[yz] has no array labels or factors")


def test_array_in_h5_that_was_asked_for_and_is_not_there_is_missed(tmp_path):
    path = write_array(tmp_path, "h5", images=IMAGES)
    (tmp_path / "mine.yml").write_text("labels: classes\n")
    refused(path, "no data set 'classes' found")


def test_array_that_was_asked_for_is_refused_at_once(tmp_path):
    path = write_array(tmp_path, "npz", images=IMAGES, labels=np.linspace(0, 1, 6))
    (tmp_path / "mine.yml").write_text("labels: labels\n")
    refused(path, "has fractions")
    (tmp_path / "mine.yml").write_text("labels: others\n")
    refused(path, "no key 'others'")
    (tmp_path / "mine.yml").write_text("bins: {factor_0: 3}\n")
    assert load(path, "/nowhere").labels[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_array_beside_a_grid_is_not_read_and_that_is_said(tmp_path, capsys):
    path = write_array(tmp_path, "npz", images=IMAGES, labels=np.linspace(0, 1, 6))
    (tmp_path / "mine.yml").write_text("factors: {a: 6}\n")
    assert load(path, "/nowhere").factor_sizes == (6,)
    assert f"mine.yml: describes a full grid, so the array 'labels' in {path} is not read" in capsys.readouterr().err
