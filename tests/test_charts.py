"""The report's charts: axes of round steps, and curves that stay small whatever the log holds."""

import numpy as np
import pytest

from utils.report import charts


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3.2, 7.1), (5, 5), (0, 1e6), (6213, 6801), (2.0**60, 2.0**60), (1e-14, 3e-14)]
)
def test_ticks_enclose_the_values_with_few_round_steps(low, high):
    found = charts.ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert len(found) <= 8


def test_curve_leaves_a_gap_where_a_value_is_missing():
    assert charts.curve([0, 1, 2, 3, 4], [1, 2, np.nan, 2, 1], "loss").count("<polyline") == 2


@pytest.mark.parametrize("values", [(1e308, -1e308), (1e-300, 3e-300), (-(2.0**53), -(2.0**53)), (1, 1 + 2**-52)])
def test_curve_of_any_finite_values_has_a_line(values):
    assert charts.curve([0, 1], values, "loss").count("<polyline") == 1


def test_curve_of_a_long_run_stays_small():
    assert len(charts.curve(np.arange(100_000), np.random.RandomState(0).rand(100_000), "loss")) < 10_000
