import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evaluation import irs, mig, modularity, mutual_info_score
from evaluation.metrics.bins import digitize

finite = st.floats(-1e6, 1e6, width=32)


def test_digitize_closed_form():
    assert digitize(np.arange(40), 20).tolist() == [1 + value * 20 // 39 if value < 39 else 20 for value in range(40)]


def test_digitize_constant_values_share_a_bin():
    assert len(set(digitize(np.full(5, 3.25, dtype=np.float32), 20))) == 1


@pytest.mark.parametrize("value", [np.float32(1e10), np.float32(-3e38)])
def test_digitize_constant_huge_values_share_a_bin(value):
    assert len(set(digitize(np.full(5, value), 20))) == 1


def test_digitize_integers_that_span_more_than_half_of_all():
    assert digitize(np.array([-(2**63), 0, 2**63 - 1]), 4).tolist() == [1, 3, 4]


@pytest.mark.parametrize("num_bins", [0, -3, 2.5, None])
def test_digitize_refuses_a_number_of_bins_that_is_none(num_bins):
    with pytest.raises(ValueError, match=f"num_bins: {num_bins}, expected a whole number, at least 1"):
        digitize(np.arange(40), num_bins)


@pytest.mark.parametrize("metric", [mig, irs, modularity, lambda codes, _, **given: mutual_info_score(codes, **given)])
def test_metrics_refuse_no_bins(metric):
    with pytest.raises(ValueError, match="num_bins: 0, expected"):
        metric(np.arange(80.0).reshape(40, 2), np.arange(80).reshape(40, 2) % 3, num_bins=0)


def test_digitize_neighbouring_floats():
    low = np.float32(1.0)
    bins = digitize(np.array([low, np.nextafter(low, np.float32(2))]), 20)
    assert bins[0] < bins[1]


@given(arrays(np.float32, st.integers(1, 50), elements=finite))
def test_digitize_stays_in_range(values):
    bins = digitize(values, 20)
    assert bins.min() >= 1
    assert bins.max() <= 20


@given(arrays(np.float32, st.integers(2, 50), elements=finite))
def test_digitize_keeps_the_order(values):
    bins = digitize(values, 20)
    order = np.argsort(values, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()


@given(arrays(np.float64, st.integers(2, 50), elements=st.floats(-100, 100)).filter(lambda v: np.ptp(v) > 1e-3))
def test_digitize_agrees_with_numpy_on_doubles(values):
    assert digitize(values, 20).tolist() == np.digitize(values, np.histogram(values, 20)[1][:-1]).tolist()


def test_digitize_rounds_edges_to_the_values_type():
    # the edge that begins the eighth of 10 bins between 0 and 1 is 0.7000000000000001 in double precision; in single
    # precision it is 0.7 itself, which lies below that
    values = np.array([0, 0.7, 1], dtype=np.float32)
    assert digitize(values, 10).tolist() == [1, 8, 10]
    assert digitize(values.astype(np.float64), 10).tolist() == [1, 7, 10]
