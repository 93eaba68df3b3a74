import numpy as np
import pytest

from evaluation.protocol import BATCH, VOTE_SIZE, draw_points, draw_votes
from utils.data.dataset import DataSet

SIZES = (3, 1, 4, 2)


class Recorder(DataSet):
    """A data set that notes how many points were asked for at a time."""

    def __init__(self, sizes=SIZES, hidden=()):
        names = [f"factor{i}" for i in range(len(sizes))]
        super().__init__("recorder", np.zeros((int(np.prod(sizes)), 2, 2, 1), np.uint8), sizes, names, hidden=hidden)
        self.asked = []

    def sample_factors(self, num, random_state):
        self.asked.append(num)
        return super().sample_factors(num, random_state)


def test_draw_points_in_batches_cut_short():
    dataset = Recorder()
    draw_points(dataset, num_train=40, num_test=20)
    assert dataset.asked == [BATCH, BATCH, 8, BATCH, 4]


def test_draw_points_by_hand():
    random_state = np.random.RandomState(3)
    expected = np.stack([random_state.randint(size, size=10) for size in SIZES], axis=1)
    np.testing.assert_array_equal(draw_points(Recorder(), seed=3, num_train=10, num_test=0).factors, expected)


def test_draw_points_says_where_the_pictures_lie():
    points = draw_points(Recorder(), num_train=100, num_test=50)
    np.testing.assert_array_equal(points.looks, np.ravel_multi_index(points.factors.T, SIZES))


def test_draw_points_draws_hidden_factors_batch_by_batch():
    random_state = np.random.RandomState(0)
    expected = []
    for size in (16, 4):
        seen, hidden = random_state.randint(3, size=size), random_state.randint(5, size=size)
        expected.append(seen * 5 + hidden)
    points = draw_points(Recorder(sizes=(3, 5), hidden=(1,)), num_train=20, num_test=0)
    np.testing.assert_array_equal(points.looks, np.concatenate(expected))


def test_draw_points_of_other_seeds_differ():
    first, second = (draw_points(Recorder(), seed=seed, num_train=50, num_test=0).looks for seed in (0, 1))
    assert (first != second).any()


def test_draw_votes_by_hand():
    random_state = np.random.RandomState(0)
    reference = np.stack([random_state.randint(size, size=30) for size in SIZES], axis=1)
    fixed = random_state.randint(len(SIZES))
    vote = np.stack([random_state.randint(size, size=VOTE_SIZE) for size in SIZES], axis=1)
    vote[:, fixed] = vote[0, fixed]
    votes = draw_votes(Recorder(), num_variance=30, num_votes=1)
    np.testing.assert_array_equal(votes.reference, np.ravel_multi_index(reference.T, SIZES))
    np.testing.assert_array_equal(votes.looks[0], np.ravel_multi_index(vote.T, SIZES))
    assert votes.fixed.tolist() == [fixed]


def test_draw_votes_hold_one_factor_fixed():
    votes = draw_votes(Recorder(), num_variance=2, num_votes=50)
    factors = np.stack(np.unravel_index(votes.looks, SIZES), axis=-1)
    for vote, fixed in zip(factors, votes.fixed):
        assert len(set(vote[:, fixed])) == 1


def test_draw_votes_choose_among_all_factors():
    votes = draw_votes(Recorder(), num_variance=2, num_votes=100)
    assert set(votes.fixed) == set(range(len(SIZES)))


def test_draw_votes_keep_what_a_look_at_a_vote_gives():
    votes = draw_votes(Recorder(), look_at_vote=lambda factors, _: factors.sum(), num_variance=2, num_votes=5)
    assert votes.looks.shape == (5,)


@pytest.mark.parametrize("draw", [draw_points, draw_votes])
def test_draw_repeats_itself(draw):
    sizes = {"num_train": 50, "num_test": 9} if draw is draw_points else {"num_variance": 50, "num_votes": 9}
    first, second = (draw(Recorder(), seed=5, **sizes) for _ in range(2))
    np.testing.assert_array_equal(first.looks, second.looks)
