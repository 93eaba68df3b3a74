"""Rank correlations with intervals, and what a choice by one measure gains in another."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from utils.study.correlation import gain_of_choice, rank_correlation


@pytest.fixture
def pair():
    one = np.random.RandomState(0).randn(30)
    return one, one + np.random.RandomState(1).randn(30)


def test_correlation_is_spearmans(pair):
    assert rank_correlation(*pair).value == pytest.approx(spearmanr(*pair)[0])


def test_correlation_with_ties_is_spearmans(pair):
    rounded = np.round(pair[0]), np.round(pair[1])
    assert rank_correlation(*rounded).value == pytest.approx(spearmanr(*rounded)[0])


def test_interval_covers_the_truth_as_often_as_it_says():
    # of normal pairs with correlation r, Spearman's is 6 / pi arcsin(r / 2) in the limit; here 0.6829
    truth, covered = 6 / np.pi * np.arcsin(0.35), 0
    for seed in range(60):
        x, y = np.random.RandomState(seed).multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 40).T
        found = rank_correlation(x, y)
        covered += found.low <= truth <= found.high
    assert 51 <= covered <= 60  # of 95 %: 57, standard deviation 1.7


def test_interval_of_what_is_independent_is_as_wide_as_the_normal_one_of_95_percent():
    one, other = np.random.RandomState(0).randn(2, 800)
    found = rank_correlation(one, other)
    assert found.high - found.low == pytest.approx(2 * 1.96 / np.sqrt(799), rel=0.08)


def test_interval_is_the_same_each_time(pair):
    assert rank_correlation(*pair) == rank_correlation(*pair)


def test_interval_of_few_runs_is_not_told():
    assert str(rank_correlation([1, 2, 3, 4, 5], [1, 2, 3, 5, 4])) == "+0.90 [too few runs]"


def test_an_interval_without_width_is_not_told():
    assert str(rank_correlation(range(10), range(10), groups=[0, 0, 0, 1, 1, 1, 2, 2, 3, 3])) == "+1.00 [too few runs]"


def test_correlation_within_groups_ignores_what_differs_between_them():
    one, other = np.array([1.0, 2, 3, 11, 12, 13]), np.array([13.0, 12, 11, 23, 22, 21])
    assert rank_correlation(one, other).value > 0
    assert rank_correlation(one, other, groups=["a"] * 3 + ["b"] * 3).value == pytest.approx(-1)


def test_correlation_leaves_out_groups_of_one_run():
    assert rank_correlation([1, 2, 3, 99], [1, 2, 3, 0], groups=[0, 0, 0, 1]).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("other", "reason"), [([1.0, 1, 1], "all equal"), ([1.0, np.nan, 2], "a score is not a number")]
)
def test_correlation_with_what_does_not_vary_or_is_no_number_is_undefined(other, reason):
    assert str(rank_correlation([1.0, 2, 3], other)) == f"undefined ({reason})"


def test_gain_of_choice_is_the_mean_over_all_sets_of_candidates():
    criterion, scores = np.random.RandomState(0).rand(2, 7)
    chosen = [scores[max(some, key=lambda run: criterion[run])] for some in combinations(range(7), 3)]
    assert gain_of_choice(criterion.__getitem__, scores, 3) == pytest.approx(np.mean(chosen) - scores.mean())


def test_gain_of_choice_among_all_runs_is_that_of_the_best():
    assert gain_of_choice(np.array([1, 3, 2]).__getitem__, [0.1, 0.5, 0.3], 3) == pytest.approx(0.2)


def test_choice_among_one_gains_nothing():
    assert gain_of_choice(np.array([1, 3, 2]).__getitem__, [0.1, 0.5, 0.3], 1) == pytest.approx(0)


def test_gain_of_choice_of_many_runs_is_estimated_from_random_sets():
    criterion = np.arange(40.0)
    assert gain_of_choice(criterion.__getitem__, criterion, 8) == pytest.approx(8 * 41 / 9 - 1 - 19.5, abs=0.5)


def test_gain_of_a_choice_among_equals_is_none():
    scores = np.array([0.1, 0.5, 0.9])
    assert gain_of_choice(np.zeros(3).__getitem__, scores, 2) == pytest.approx(0)


def test_groups_count_by_their_runs_and_not_by_their_ranks():
    # 3 runs in order and 8 against it: ranks from -0.5 to 0.5 have squares of 0.5 and 6/7 in all, whatever the size
    one = np.concatenate([np.arange(3.0), np.arange(8.0)])
    other = np.concatenate([np.arange(3.0), -np.arange(8.0)])
    found = rank_correlation(one, other, groups=[0] * 3 + [1] * 8)
    assert found.value == pytest.approx((0.5 - 6 / 7) / (0.5 + 6 / 7))


def test_interval_needs_five_runs_more_than_groups():
    assert not np.isnan(rank_correlation([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5]).low)
