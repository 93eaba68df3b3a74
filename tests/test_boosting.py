import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_codes import draw_factors, random_codes

from evaluation.sklearn_0_20 import boosting
from evaluation.sklearn_0_20.boosting import boost, plant, presort
from evaluation.sklearn_0_20.boosting_kernels import grow_factor

SIZES = (3, 4, 2)


def noisy(n=300, num_codes=6, seed=0):
    factors = draw_factors(n, SIZES, seed)
    codes = random_codes(n, num_codes, seed)
    codes[:, :3] += factors
    return codes, factors


def test_boost_importances_sum_to_one():
    codes, factors = noisy()
    importances, _, _ = boost(codes, factors, codes, SIZES, stages=5)
    np.testing.assert_allclose(importances.sum(axis=0), 1)


def test_boost_repeats_itself():
    codes, factors = noisy()
    first, second = (boost(codes, factors, codes, SIZES, seed=3, stages=5)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_boost_does_not_depend_on_the_other_factors():
    codes, factors = noisy()
    together = boost(codes, factors, codes, SIZES, stages=5)[0]
    alone = boost(codes, factors[:, :1], codes, SIZES[:1], stages=5)[0]
    np.testing.assert_array_equal(together[:, :1], alone)


@pytest.mark.parametrize("jobs", [2, 3])
def test_boost_does_not_depend_on_jobs(jobs):
    codes, factors = noisy(num_codes=40)  # wide enough for threads over codes
    serial = boost(codes, factors, codes, SIZES, stages=5)[0]
    np.testing.assert_array_equal(boost(codes, factors, codes, SIZES, stages=5, jobs=jobs)[0], serial)


def test_boost_takes_minus_one_for_all_cores(monkeypatch):
    used = []
    monkeypatch.setattr(boosting, "available_cores", lambda: 3)
    monkeypatch.setattr(boosting, "_grow_by_code", lambda forest, stages, seed, jobs, progress: used.append(jobs))
    codes, factors = noisy(num_codes=40)
    boost(codes, factors, codes, SIZES, jobs=-1)
    assert used == [3]


def test_boost_reports_every_tree():
    codes, factors = noisy()
    seen = []
    boost(codes, factors, codes, SIZES, stages=5, progress=lambda done, total: seen.append((done, total)))
    assert sum(done for done, _ in seen) == seen[0][1] == 5 * (3 + 4 + 1)


def test_boost_learns_what_can_be_learnt():
    factors = draw_factors(200)
    codes = factors.astype(np.float32)
    _, train, test = boost(codes, factors, codes[:50], SIZES, stages=20)
    np.testing.assert_array_equal(train, factors)
    np.testing.assert_array_equal(test, factors[:50])


def test_boost_predicts_the_commonest_class_of_constant_codes():
    labels = np.array([[0]] * 3 + [[1]] * 6 + [[2]] * 2)
    _, train, _ = boost(np.zeros((11, 2), dtype=np.float32), labels, np.zeros((1, 2), dtype=np.float32), [3], stages=3)
    assert (train == 1).all()


def test_boost_never_splits_what_is_closer_than_the_gap():
    labels = np.array([[0], [0], [1], [1]] * 10)
    codes = np.stack([labels[:, 0] * 9e-8, np.zeros(40)], axis=1).astype(np.float32)
    assert boost(codes, labels, codes, [2], stages=3)[0].max() == 0


def test_boost_splits_what_is_further_apart_than_the_gap():
    labels = np.array([[0], [0], [1], [1]] * 10)
    codes = np.stack([labels[:, 0] * 1.1e-7, np.zeros(40)], axis=1).astype(np.float32)
    assert boost(codes, labels, codes, [2], stages=3)[0].max() == 1


def first_tree(codes, labels):
    forest = plant(codes, labels[:, None], codes, np.array([2]))
    grow_factor(forest, 0, 0, 1, np.uint64(0))
    return forest


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 60), levels=st.integers(2, 40))
def test_grow_factor_finds_the_best_root(seed, n, levels):
    random_state = np.random.RandomState(seed)
    codes = random_state.randint(levels, size=(n, 3)).astype(np.float32)
    labels = np.append(random_state.randint(2, size=n - 2), [0, 1])
    forest = first_tree(codes, labels)
    residuals = labels - labels.mean()
    best = -1.0
    for column in codes.T:
        for cut in np.unique(column)[:-1]:
            left = residuals[column <= cut]
            best = max(best, left.sum() ** 2 * n * n / (len(left) * (n - len(left))))
    code = forest.features[0, 1]
    if best < 0:
        assert code == -1
    else:
        left = residuals[codes[:, code] <= forest.thresholds[0, 1]]
        assert left.sum() ** 2 * n * n / (len(left) * (n - len(left))) == pytest.approx(best)


def test_grow_factor_takes_the_middle_as_threshold():
    codes = np.array([[0, 0], [1, 0], [3, 0], [4, 0]], dtype=np.float32)
    forest = first_tree(codes, np.array([0, 0, 1, 1]))
    assert (forest.features[0, 1], forest.thresholds[0, 1]) == (0, 2.0)


def test_grow_factor_separates_neighbouring_floats():
    low = np.float32(2**20)
    high = np.nextafter(low, np.float32(2**21))
    forest = first_tree(np.array([[low, 0]] * 3 + [[high, 0]] * 3, dtype=np.float32), np.array([0, 0, 0, 1, 1, 1]))
    assert forest.thresholds[0, 1] == low


def test_presort_keeps_equal_values_in_one_run():
    keys, loose, shift = presort(np.array([[3, 1, 3, 2]], dtype=np.float32))
    assert (keys[0] >> np.uint32(shift)).tolist() == [0, 1, 2, 2]
    assert not loose[0]


def test_presort_marks_chains_of_close_values():
    chain = np.arange(5, dtype=np.float32)[None] * np.float32(6e-8)
    keys, loose, shift = presort(chain)
    assert (keys[0] >> np.uint32(shift)).tolist() == [0] * 5
    assert loose[0]


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30))
def test_presort_orders_the_points(values):
    codes = np.array([values], dtype=np.float32)
    keys, _, shift = presort(codes)
    points = keys[0] & np.uint32((1 << shift) - 1)
    np.testing.assert_array_equal(codes[0][points], np.sort(codes[0]))


def test_presort_takes_more_points_than_16_bits_number():
    codes = random_codes(70000, 1).T
    keys, _, shift = presort(codes)
    assert (keys[0] & np.uint64((1 << shift) - 1)).max() == 69999


FORKED = """
import multiprocessing, sys
import numpy as np
from evaluation import dci

random_state = np.random.RandomState(0)
codes, factors = random_state.randn(200, 40).astype(np.float32), random_state.randint(3, size=(200, 2))

def score(jobs):
    return dci(codes, factors, codes, factors, jobs=jobs)["disentanglement"]

if __name__ == "__main__":
    here = score(4)  # enough codes for threads over codes
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(score, [1, 4]) == [here, here])
"""


def test_boost_leaves_a_process_that_can_be_forked():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120)
    assert done.stdout == "True\n", done.stderr


WIDE = """
import numpy as np
from evaluation import dci

random_state = np.random.RandomState(0)
codes, factors = random_state.randn(200, 40).astype(np.float32), random_state.randint(2, size=(200, 2))
print(dci(codes, factors, codes, factors, jobs=3)["disentanglement"])
"""


def test_boost_ends_where_joblib_makes_one_call_after_another():
    ended = [
        subprocess.run([sys.executable, "-c", WIDE], env={**os.environ, **own}, stdout=subprocess.PIPE, timeout=120)
        for own in ({}, {"JOBLIB_MULTIPROCESSING": "0"})
    ]
    assert ended[0].stdout == ended[1].stdout != b""


def test_boost_raises_what_a_thread_over_codes_has_raised(monkeypatch):
    def failing(forest, active, step, level, seed, thread, jobs):
        if thread == 1:
            raise MemoryError("no room")

    monkeypatch.setattr(boosting, "advance_trees", failing)
    codes, factors = noisy(num_codes=40)
    with pytest.raises(MemoryError, match="no room"):
        boost(codes, factors, codes, SIZES, stages=5, jobs=4)
