from types import SimpleNamespace

import numpy as np
import pytest

from evaluation.protocol import BATCH, DRAWS, LIBLINEAR_SEEDS, VOTE_SIZE, Sizes, draw_pairs, draw_points, draw_votes
from evaluation.protocol import num_points as count_points
from utils.data.dataset import DataSet
from utils.errors import InputError

GRID = (3, 1, 4, 2)
FEW = Sizes(train=40, test=20, reference=30, train_votes=3, test_votes=2)


@pytest.fixture
def dataset():
    names = [f"factor{i}" for i in range(len(GRID))]
    return DataSet("grid", np.zeros((int(np.prod(GRID)), 2, 2, 1), np.uint8), GRID, names)


def sample(num, random_state):
    return np.stack([random_state.randint(size, size=num) for size in GRID], axis=1)


def steps(draw, dataset, seed=0, sizes=FEW):
    return list(draw(dataset, np.random.RandomState(seed), sizes))


def test_sizes_are_the_challenge_s():
    assert tuple(Sizes()) == (10000, 5000, 10000, 10000, 5000)
    assert (BATCH, VOTE_SIZE) == (16, 64)


def test_draw_points_in_batches_cut_short(dataset):
    assert [len(step.factors) for step in steps(draw_points, dataset)] == [BATCH, BATCH, 8, BATCH, 4]


def test_draw_points_by_hand(dataset):
    found = steps(draw_points, dataset, 3, FEW._replace(train=10, test=0))
    np.testing.assert_array_equal(found[0].factors, sample(10, np.random.RandomState(3)))
    np.testing.assert_array_equal(found[0].labels, found[0].factors)


def test_draw_votes_by_hand(dataset):
    random_state = np.random.RandomState(0)
    reference = sample(30, random_state)
    fixed = random_state.randint(len(GRID))
    vote = sample(VOTE_SIZE, random_state)
    vote[:, fixed] = vote[0, fixed]
    found = steps(draw_votes, dataset)
    np.testing.assert_array_equal(found[0].factors, reference)
    np.testing.assert_array_equal(found[1].factors, vote)
    assert found[1].labels.tolist() == [fixed]


def test_draw_votes_choose_among_all_factors(dataset):
    found = steps(draw_votes, dataset, sizes=FEW._replace(train_votes=100))
    assert {int(step.labels[0]) for step in found[1:]} == set(range(len(GRID)))


def test_draw_pairs_by_hand(dataset):
    random_state = np.random.RandomState(0)
    for vote in range(2):
        fixed = random_state.randint(len(GRID))
        first, second = sample(VOTE_SIZE, random_state), sample(VOTE_SIZE, random_state)
        second[:, fixed] = first[:, fixed]
        if vote == 0:
            random_state.randint(LIBLINEAR_SEEDS)  # scikit-learn's, between training and test votes
    found = steps(draw_pairs, dataset, sizes=FEW._replace(train_votes=1, test_votes=1))
    np.testing.assert_array_equal(found[2].factors, first)
    np.testing.assert_array_equal(found[3].factors, second)
    assert found[2].labels.tolist() == [fixed]


def grid(sample_factors, sizes=GRID):
    return SimpleNamespace(factor_sizes=sizes, sample_factors=sample_factors)


@pytest.mark.parametrize("part", DRAWS)
def test_draws_take_lists_of_points(dataset, part):
    lists = grid(lambda num, random_state: sample(num, random_state).tolist())
    for found, expected in zip(steps(DRAWS[part], lists), steps(DRAWS[part], dataset)):
        np.testing.assert_array_equal(found.factors, expected.factors)


@pytest.mark.parametrize("part", DRAWS)
def test_draws_keep_points_that_the_data_set_fills_anew(dataset, part):
    buffers = {}

    def refilled(num, random_state):
        buffer = buffers.setdefault(num, np.empty((num, len(GRID)), int))
        buffer[:] = sample(num, random_state)
        return buffer

    for found, expected in zip(steps(DRAWS[part], grid(refilled)), steps(DRAWS[part], dataset)):
        np.testing.assert_array_equal(found.factors, expected.factors)


@pytest.mark.parametrize("part", DRAWS)
def test_draws_write_into_no_table_of_the_data_set(part):
    own = sample(20000, np.random.RandomState(1))
    own.flags.writeable = False
    steps(DRAWS[part], grid(lambda num, random_state: own[:num]))


@pytest.mark.parametrize("part", DRAWS)
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (grid(lambda num, random_state: np.zeros((num, 0), int), ()), r"int64 \(\d+, 0\), expected integers"),
        (grid(lambda num, random_state: np.zeros((num, 4))), r"float64 \(\d+, 4\), expected integers"),
        (grid(lambda num, random_state: sample(num, random_state)[:, 1:]), r"int64 \(\d+, 3\), expected .*, 4\)"),
        (grid(lambda num, random_state: sample(num + 1, random_state)), r"int64 \(\d+, 4\), expected integers"),
    ],
)
def test_draws_refuse_what_is_no_points(part, data, what):
    with pytest.raises(InputError, match=f"sample_factors: {what}"):
        steps(DRAWS[part], data)


@pytest.mark.parametrize("part", DRAWS)
def test_draws_of_images_without_factors_say_so(part):
    with pytest.raises(InputError, match="data set own: its factors are not known"):
        steps(DRAWS[part], DataSet("own", np.zeros((3, 2, 2, 1), np.uint8), (), ()))


@pytest.mark.parametrize("part", DRAWS)
def test_draws_repeat_themselves(dataset, part):
    for first, second in zip(steps(DRAWS[part], dataset, 5), steps(DRAWS[part], dataset, 5)):
        np.testing.assert_array_equal(first.factors, second.factors)


@pytest.mark.parametrize("part", DRAWS)
def test_draws_of_other_seeds_differ(dataset, part):
    first, second = (steps(DRAWS[part], dataset, seed)[0].factors for seed in (0, 1))
    assert (first != second).any()


@pytest.mark.parametrize("part", DRAWS)
def test_num_points_counts_what_is_drawn(dataset, part):
    assert count_points(part, FEW) == sum(len(step.factors) for step in steps(DRAWS[part], dataset))
