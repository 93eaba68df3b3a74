import numpy as np
import pytest

from evaluation.values import as_numbers, as_text, cut, natural, number_names, written_twice


def test_natural_sorts_numbers_in_names_by_their_values():
    names = ["a10", "b", "a9", "²", "10", "9", "a", "a09b"]
    assert sorted(names, key=natural) == ["9", "10", "a", "a9", "a09b", "a10", "b", "²"]


def test_number_names_counts_in_natural_order():
    assert number_names(np.array(["v10", "v9", "v10", "a"])).tolist() == [2, 1, 2, 0]


def test_as_text_keeps_bytes_apart_that_are_not_utf_8():
    assert len({as_text(value) for value in (b"caf\xe9", b"caf\xe8", "café".encode())}) == 3


@pytest.mark.parametrize(
    ("texts", "numbers", "dtype"),
    [
        (["10", "-2"], [10, -2], np.int64),
        (["1e1", "2.5"], [10, 2.5], np.float64),
        (["1", "x"], None, None),
        (["1", ""], None, None),
        (["1_0", "2"], None, None),
    ],
)
def test_as_numbers_reads_strings_that_all_are_numbers(texts, numbers, dtype):
    found = as_numbers(np.array(texts))
    assert (found is None) == (numbers is None)
    if numbers is not None:
        assert (found.tolist(), found.dtype) == (numbers, dtype)


def test_written_twice_finds_two_forms_of_one_number():
    texts = np.array(["3", "7", "3", "007"])
    assert written_twice(texts, as_numbers(texts)) == ("007", "7")


def test_written_twice_finds_nothing_in_numbers_that_are_written_alike():
    texts = np.array(["3", "7", "3", "7"])
    assert written_twice(texts, as_numbers(texts)) is None


def test_cut_counts_ranges_from_one():
    assert cut(np.array([0.0, 0.4, 0.5, 1.0]), 2).tolist() == [1, 1, 2, 2]


def test_cut_puts_values_on_borders_into_the_range_above():
    assert cut(np.arange(50), 49).tolist() == [*range(1, 50), 49]


def test_cut_takes_ranges_that_overflow():
    assert cut(np.array([-1.7e308, 0, 1.7e308]), 4).tolist() == [1, 3, 4]


def test_natural_passes_over_zeros_before_a_number():
    assert sorted(["v11", "v010", "v9"], key=natural) == ["v9", "v010", "v11"]
