import numpy as np
import pytest
from scored_codes import draw_factors, random_codes

from evaluation.command.codes_file import read_codes
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


def columns(saved, *values, **options):
    """The factors that are read of a file with each of `values` as a column."""
    factors = np.stack(values, axis=1)
    return read_codes([saved(codes=CODES[: len(factors)], factors=factors)], **options)["factors"].T.tolist()


def test_read_codes_numbers_names_in_natural_order(saved):
    assert columns(saved, ["v10", "v2"], ["b", "a"]) == [[1, 0], [1, 0]]


def test_read_codes_reads_texts_that_are_all_numbers_as_numbers(saved):
    assert columns(saved, ["10", "2"], ["10", "x"]) == [[10, 2], [0, 1]]


def test_read_codes_takes_values_without_blanks_around_them(saved):
    assert columns(saved, ["cube", "cube ", "ball"], [" 7", "7", "8"]) == [[1, 1, 0], [7, 7, 8]]


def test_read_codes_has_one_value_whichever_way_its_accents_are_written(saved):
    assert columns(saved, ["\xe9", "e\u0301", "z"], ["1", "1", "2"])[0] == [1, 1, 0]


def test_read_codes_cuts_texts_that_are_all_numbers(saved):
    assert columns(saved, ["0.1", "0.2", "0.9"], bins=2) == [[1, 1, 2]]


def test_read_codes_takes_names_that_are_not_utf_8(saved):
    assert columns(saved, [b"caf\xe9", b"caf\xe8"]) == [[1, 0]]


@pytest.mark.parametrize("values", [[1e20, 2e20, -1e20], np.array([2**63, 2**64 - 1, 0], np.uint64)])
def test_read_codes_numbers_whole_numbers_that_are_too_large(saved, values):
    assert columns(saved, values) == [np.argsort(np.argsort(values)).tolist()]


def test_read_codes_takes_the_names_of_either_file(saved):
    train, test = (
        saved(codes=CODES, factors=FACTORS),
        saved("b.npz", codes=CODES, factors=FACTORS, factor_names=[*"abc"]),
    )
    assert read_codes([train, test])["factor_names"] == read_codes([test, train])["factor_names"] == ("a", "b", "c")


@pytest.mark.parametrize("names", [["b", "a", "c"], ["a", "b", "d"], [b"caf\xe9", b"b", b"c"]])
def test_read_codes_refuses_other_names_in_the_test_file(saved, names):
    train = saved(codes=CODES, factors=FACTORS, factor_names=["a", "b", "c"])
    test = saved("b.npz", codes=CODES, factors=FACTORS, factor_names=names)
    with pytest.raises(InputError, match=r"b.npz: factor_names .*, expected a, b, c, as in .*a.npz"):
        read_codes([train, test])


def test_read_codes_refuses_a_factor_that_is_numbers_in_one_file_and_names_in_the_other(saved):
    words = np.array(["red", "green", "blue", "black"])[FACTORS]
    with pytest.raises(InputError, match="factor 0: numbers in one part and names in the other"):
        read_codes([saved(codes=CODES, factors=FACTORS), saved("b.npz", codes=CODES, factors=words)])


def test_read_codes_takes_numbers_in_one_file_and_their_texts_in_the_other(saved):
    found = read_codes([saved(codes=CODES, factors=FACTORS), saved("b.npz", codes=CODES, factors=FACTORS.astype(str))])
    np.testing.assert_array_equal(found["factors_test"], found["factors"])


def test_read_codes_reads_no_other_arrays(saved):
    path = saved(codes=CODES, factors=FACTORS, notes=np.array([{}], dtype=object))
    np.testing.assert_array_equal(read_codes([path])["codes"], CODES)


@pytest.mark.parametrize("flag", [1, 8])  # encrypted; an array whose compressed bytes were overwritten
def test_read_codes_names_an_array_that_cannot_be_unpacked(tmp_path, flag):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, codes=CODES, factors=FACTORS)
    content = bytearray(path.read_bytes())
    if flag == 1:
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(mark) + place] |= 1
    else:
        content[60:200] = bytes(140)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz: array 'codes' cannot be read"):
        read_codes([path])


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
        ({"codes": CODES, "factors": FACTORS[:, :0]}, r"factors: int64 \(200, 0\), expected .* at least one factor"),
        (
            {"codes": CODES, "factors": FACTORS + 0.137},
            "factor 0: continuous .* expected integers .* --bins 20",
        ),
        ({"codes": CODES, "factors": np.where(FACTORS > 1, np.nan, FACTORS)}, "factor 0: NaN or infinite"),
        ({"codes": CODES, "factors": FACTORS, "factor_names": ["a"]}, "factor_names: 1 names, expected 3"),
        ({"codes": CODES, "factors": np.array([[None]])}, "a.npz: array 'factors' cannot be read .Object arrays"),
        (
            {"codes": CODES, "factors": FACTORS.astype("M8[s]")},
            r"factor 0: datetime64\[s\], expected integers or names",
        ),
        (
            {"codes": CODES, "factors": np.array([["007"], ["7"]] * 100)},
            "factor 0: '007' and '7', which are one number; expected it written alike",
        ),
        (
            {"codes": CODES, "factors": np.array([["NaN"], ["7"]] * 100)},
            "factor 0: 'NaN' for some points, expected a value for each",
        ),
        (
            {"codes": CODES, "factors": np.array([[""], ["a"]] * 100)},
            "factor 0: '' for some points, expected a value for each",
        ),
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


@pytest.mark.parametrize("other", ["07", "7.0", "7e0"])
def test_read_codes_refuses_a_whole_number_in_two_forms(saved, other):
    values = np.where(np.arange(N) < 100, "7", np.where(np.arange(N) < 150, other, "8"))
    with pytest.raises(InputError, match=f"'{other}' and '7'|'7' and '{other}'"):
        read_codes([saved(codes=CODES, factors=values[:, None])])
