import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.datasets.stored import encode_stored, plan
from evaluation.encoder import Encoder
from evaluation.protocol import VOTE_SIZE, Sizes
from utils.data.dataset import DataSet
from utils.errors import InputError

IMAGES = np.random.RandomState(0).randint(256, size=(50, 2, 2, 3)).astype(np.uint8)
GRID = (3, 1, 4, 2)
FEW = Sizes(train=40, test=20, reference=30, train_votes=30, test_votes=20)


def flatten(images):
    return images.reshape(len(images), -1)


def ask(seed=0, points=20, votes=6):
    random_state = np.random.RandomState(seed)
    sizes = {"points": points, "variances": 30, "local_variances": votes * VOTE_SIZE, "differences": 8 * VOTE_SIZE}
    return {name: random_state.randint(len(IMAGES), size=size) for name, size in sizes.items()}


def encoded(positions, represent=flatten, **options):
    return encode_stored(Encoder(represent), IMAGES, positions, **options)


def grid(sizes=GRID, hidden=()):
    names = [f"factor{i}" for i in range(len(sizes))]
    return DataSet("grid", np.zeros((int(np.prod(sizes)), 2, 2, 1), np.uint8), sizes, names, hidden=hidden)


def test_plan_keeps_positions_that_the_data_set_fills_anew():
    class Refilled:
        factor_sizes, sample_factors, images = GRID, staticmethod(grid().sample_factors), grid().images
        buffer = np.empty(16, int)

        def index(self, factors, random_state):
            self.buffer[: len(factors)] = np.ravel_multi_index(factors.T, GRID)
            return self.buffer[: len(factors)]

    found, expected = (plan(data, "points", 0, FEW)[0]["points"] for data in (Refilled(), grid()))
    np.testing.assert_array_equal(found, expected)


def test_plan_finds_the_images_of_the_points():
    positions, labels = plan(grid(), "points", 0, FEW)
    np.testing.assert_array_equal(positions["points"], np.ravel_multi_index(labels["points"].T, GRID))


def test_plan_draws_hidden_factors_batch_by_batch():
    random_state = np.random.RandomState(0)
    expected = []
    for size in (16, 4):
        seen, hidden = random_state.randint(3, size=size), random_state.randint(5, size=size)
        expected.append(seen * 5 + hidden)
    positions, _ = plan(grid((3, 5), hidden=(1,)), "points", 0, FEW._replace(train=20, test=0))
    np.testing.assert_array_equal(positions["points"], np.concatenate(expected))


@pytest.mark.parametrize(
    ("shift", "what"),
    [
        (2, "position 2[45], expected 0 to 23, as there are 24 images"),
        (-1, "position -1, expected 0 to 23"),
        (1, "position 24, expected 0 to 23"),
        (0.5, "float"),
    ],
)
def test_plan_refuses_positions_where_no_image_is(shift, what):
    data = grid()
    index, data.index = data.index, lambda factors, random_state: index(factors) + shift
    with pytest.raises(InputError, match=f"index: {what}"):
        plan(data, "points", 0, FEW)


def test_plan_refuses_another_number_of_positions_than_points():
    data = grid()
    index, data.index = data.index, lambda factors, random_state: index(factors)[1:]
    with pytest.raises(InputError, match=r"index: int64 \(15,\), expected integers \(16,\), one for each point"):
        plan(data, "points", 0, FEW)


def test_plan_votes_hold_one_factor_fixed():
    positions, labels = plan(grid(), "votes", 0, FEW)
    factors = np.stack(np.unravel_index(positions["local_variances"].reshape(-1, VOTE_SIZE), GRID), axis=-1)
    for vote, fixed in zip(factors, labels["local_variances"]):
        assert len(set(vote[:, fixed])) == 1


def test_plan_pairs_share_one_factor():
    positions, labels = plan(grid(), "pairs", 0, FEW)
    factors = np.stack(np.unravel_index(positions["differences"].reshape(-1, 2, VOTE_SIZE), GRID), axis=-1)
    for (first, second), fixed in zip(factors, labels["differences"]):
        assert (first[:, fixed] == second[:, fixed]).all()
        assert (first != second).any()


def test_encode_stored_gathers_the_points():
    positions = ask()
    np.testing.assert_allclose(encoded(positions)["points"], flatten(IMAGES[positions["points"]]) / 255, rtol=1e-6)


def test_encode_stored_takes_the_variances_of_the_reference():
    positions = ask()
    expected = np.var(flatten(IMAGES[positions["variances"]]) / 255, 0, ddof=1)
    np.testing.assert_allclose(encoded(positions)["variances"], expected, rtol=1e-5)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 60), shift=st.sampled_from([0, 1e3]))
def test_encode_stored_takes_the_variances_within_votes(seed, batch, shift):
    positions = ask(seed)
    found = encoded(positions, lambda images: flatten(images) + shift, batch=batch)
    codes = (flatten(IMAGES).astype(np.float32) / np.float32(255) + np.float32(shift)).astype(np.float64)
    expected = np.var(codes[positions["local_variances"].reshape(-1, VOTE_SIZE)], axis=1, ddof=1)
    np.testing.assert_allclose(found["local_variances"], expected, rtol=1e-4)


def test_encode_stored_takes_the_mean_differences_within_pairs():
    positions = ask()
    pairs = (flatten(IMAGES) / 255)[positions["differences"].reshape(-1, 2, VOTE_SIZE)]
    expected = np.abs(pairs[:, 0] - pairs[:, 1]).mean(axis=1)
    np.testing.assert_allclose(encoded(positions)["differences"], expected, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_encode_stored_does_not_depend_on_the_batch(batch):
    found, expected = (encoded(ask(), batch=size) for size in (batch, 13))
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_encode_stored_shows_each_image_once_in_order():
    shown = []

    def represent(images):
        shown.extend(flatten(images)[:, 0].tolist())
        return flatten(images)

    positions = ask()
    numbered = np.arange(50 * 12, dtype=np.uint8).reshape(IMAGES.shape)
    encode_stored(Encoder(represent, as_uint8=True), numbered, positions)
    assert shown == (np.unique(np.concatenate(list(positions.values()))) * 12 % 256).tolist()


def test_encode_stored_reports_every_image():
    seen = []
    positions = {"points": ask()["points"]}
    encoded(positions, batch=7, progress=lambda done, total: seen.append((done, total)))
    assert sum(done for done, _ in seen) == seen[0][1] == len(np.unique(positions["points"]))
