import numpy as np
import pytest
from scored_codes import draw_factors, random_codes

from evaluation.codes_file import read_codes
from utils.errors import InputError

N = 200
FACTORS = draw_factors(N)
CODES = random_codes(N, 4)


@pytest.fixture
def saved(tmp_path):
    def save(name="a.npz", **arrays):
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return save


def test_read_codes_of_one_file(saved):
    found = read_codes([saved(codes=CODES, factors=FACTORS, factor_names=["a", "b", "c"])])
    assert set(found) == {"codes", "factors", "factor_names"}
    np.testing.assert_array_equal(found["factors"], FACTORS)
    assert found["factor_names"] == ("a", "b", "c")


@pytest.mark.parametrize("files", [1, 2])
def test_read_codes_of_training_and_test_points(saved, files):
    if files == 1:
        arrays = {"codes_train": CODES, "factors_train": FACTORS, "codes_test": CODES[:9], "factors_test": FACTORS[:9]}
        paths = [saved(**arrays)]
    else:
        paths = [saved(codes=CODES, factors=FACTORS), saved("b.npz", codes=CODES[:9], factors=FACTORS[:9])]
    found = read_codes(paths)
    np.testing.assert_array_equal(found["codes_test"], CODES[:9])
    np.testing.assert_array_equal(found["factors_test"], FACTORS[:9])


def test_read_codes_takes_test_points_beside_codes_and_factors(saved):
    found = read_codes([saved(codes=CODES, factors=FACTORS, codes_test=CODES[:9], factors_test=FACTORS[:9])])
    np.testing.assert_array_equal(found["codes_test"], CODES[:9])


def test_read_codes_refuses_test_points_without_factors(saved):
    with pytest.raises(InputError, match="no array 'factors_test'"):
        read_codes([saved(codes=CODES, factors=FACTORS, codes_test=CODES[:9])])


def test_read_codes_cuts_whole_numbers_of_too_many_values_into_bins(saved):
    angles = np.stack([np.arange(300) % 299, np.arange(300) % 7], axis=1)
    found = read_codes([saved(codes=random_codes(300, 4), factors=angles)], bins=20)["factors"]
    assert [len(np.unique(column)) for column in found.T] == [20, 7]


def test_read_codes_takes_whole_numbers_of_any_type(saved):
    found = read_codes([saved(codes=CODES, factors=FACTORS.astype(np.float64))])["factors"]
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, FACTORS)


def test_read_codes_numbers_named_values_alike_in_both_files(saved):
    words = np.array(["red", "green", "blue", "black"])[FACTORS]
    few = words[:9]
    found = read_codes([saved(codes=CODES, factors=words), saved("b.npz", codes=CODES[:9], factors=few)])
    np.testing.assert_array_equal(found["factors_test"], found["factors"][:9])


def test_read_codes_cuts_continuous_factors_into_bins(saved):
    factors = np.stack([np.linspace(-1, 1, N), FACTORS[:, 0]], axis=1)
    found = read_codes([saved(codes=CODES, factors=factors)], bins=5)["factors"]
    assert np.bincount(found[:, 0])[1:].tolist() == [40] * 5
    np.testing.assert_array_equal(found[:, 1], FACTORS[:, 0])


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"codes": CODES}, "a.npz: no array 'factors', only codes; expected codes and factors, or codes_train"),
        ({"codes_train": CODES}, "a.npz: no array 'factors_train', only codes_train"),
        ({}, "a.npz: no array 'codes_train', only nothing"),
        ({"codes": CODES, "factors": FACTORS[:, 0]}, "factors: int64 .*, expected"),
        (
            {"codes": CODES, "factors": FACTORS + 0.137},
            "factor 0: continuous .* expected integers .* --bins 20",
        ),
        ({"codes": CODES, "factors": np.where(FACTORS > 1, np.nan, FACTORS)}, "factor 0: NaN or infinite"),
        ({"codes": CODES, "factors": FACTORS, "factor_names": ["a"]}, "factor_names: 1 names, expected 3"),
        ({"codes": CODES, "factors": np.array([[None]])}, "a.npz: not a readable .npz file"),
    ],
)
def test_read_codes_refuses_by_name(saved, arrays, what):
    with pytest.raises(InputError, match=what):
        read_codes([saved(**arrays)])


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "not a readable"), (b"PK\x03\x04 cut", "not a readable"), (None, "cannot be read")]
)
def test_read_codes_names_a_damaged_or_missing_file(tmp_path, content, what):
    if content is not None:
        (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match=rf"a.npz: {what}"):
        read_codes([tmp_path / "a.npz"])


def test_read_codes_refuses_a_single_array(tmp_path):
    np.save(tmp_path / "a.npy", CODES)
    with pytest.raises(InputError, match=r"a\.npy: one array, expected an .npz file"):
        read_codes([tmp_path / "a.npy"])


def test_read_codes_refuses_a_third_file(saved):
    with pytest.raises(InputError, match="a third file"):
        read_codes([saved(codes=CODES, factors=FACTORS)] * 3)
