"""Points with labels that are no full grid, and the grid's scores on one that is."""

from types import SimpleNamespace

import numpy as np
import pytest
from scored_codes import draw_factors

from evaluation import METRICS, evaluate, evaluate_codes
from evaluation.datasets.labelled import LEAST, MOST_VALUES, count, make_table, plan_table
from evaluation.errors import NotDefined
from evaluation.metrics.table import DEFAULT, FURTHER
from evaluation.progress import Silent
from evaluation.protocol import CHALLENGE, VOTE_SIZE, Sizes
from utils.data.dataset import DataSet
from utils.data.labelled import LabelledSet
from utils.errors import InputError

FEW = Sizes(train=300, test=150, reference=300, train_votes=60, test_votes=30)


class Lines(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def planned(table, part, sizes=FEW, seed=0):
    return plan_table(table, part, seed, sizes, Silent())


@pytest.fixture
def factors():
    """900 points of three dependent factors, some combinations missing."""
    drawn = draw_factors(900, (3, 3, 2))
    drawn[:, 1] = np.maximum(drawn[:, 1], drawn[:, 0])
    return drawn


def test_points_are_drawn_once(factors):
    positions, labels = planned(make_table(factors), "points")
    assert len(set(positions["points"])) == FEW.train + FEW.test
    np.testing.assert_array_equal(labels["points"], factors[positions["points"]])


def test_points_of_a_small_table_are_shared_out_as_in_the_challenge(factors):
    assert tuple(count(make_table(factors), CHALLENGE)) == (600, 300, 900, 10000)


def test_table_of_masked_labels_is_refused(factors):
    with pytest.raises(InputError, match="labels: some values are masked"):
        make_table(np.ma.masked_equal(factors, 1))


def test_points_for_testing_stay_apart(factors):
    table = make_table(factors, num_train=500)
    positions, _ = planned(table, "points")
    counts = count(table, FEW)
    assert (positions["points"][: counts.train] < 500).all()
    assert (positions["points"][counts.train :] >= 500).all()


def test_votes_share_a_value_of_the_fixed_factor(factors):
    positions, labels = planned(make_table(factors), "votes")
    votes = positions["local_variances"].reshape(-1, VOTE_SIZE)
    assert len(votes) == FEW.train_votes + FEW.test_votes
    for vote, fixed in zip(votes, labels["local_variances"]):
        assert len(set(factors[vote, fixed])) == 1


def test_votes_of_a_value_are_as_frequent_as_its_points(factors):
    sizes = FEW._replace(train_votes=3000)
    positions, labels = planned(make_table(factors), "votes", sizes)
    first = positions["local_variances"].reshape(-1, VOTE_SIZE)[labels["local_variances"] == 1, 0]
    found, expected = (np.bincount(factors[rows, 1]) / len(rows) for rows in (first, np.arange(900)))
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_pairs_share_the_values_of_the_fixed_factor(factors):
    positions, labels = planned(make_table(factors), "pairs")
    for (first, second), fixed in zip(positions["differences"].reshape(-1, 2, VOTE_SIZE), labels["differences"]):
        np.testing.assert_array_equal(factors[first, fixed], factors[second, fixed])
        assert (factors[first] != factors[second]).any()


def test_votes_report_how_many_points_share_a_value(factors):
    report = Lines()
    plan_table(make_table(factors, ("shape", "size", "place")), "votes", 0, FEW, report)
    smallest, largest = (reduce(np.bincount(factors[:, 2])) for reduce in (min, max))
    assert report.lines[-1] == f"place: 2 values, {smallest} to {largest} points share one"


@pytest.mark.parametrize("name", [metric.name for metric in FURTHER])
def test_evaluate_codes_takes_each_further_metric_by_its_name(factors, name):
    codes = factors + np.random.RandomState(0).normal(size=factors.shape)
    found = evaluate_codes(codes, factors, metrics=[name], sizes=FEW)
    assert np.isfinite(METRICS[name].score(found[name]))


def test_a_rare_value_leaves_factor_vae_out_by_name(factors):
    factors[:63, 1], report = 9, Lines()
    codes = factors + np.random.RandomState(0).normal(size=factors.shape)
    found = evaluate_codes(codes, factors, report=report, sizes=FEW, factor_names=("shape", "size", "place"))
    assert set(found) == set(DEFAULT) - {"factor_vae_metric"}
    reason = "size: 63 points share the value 9, expected at least 64, a vote's size"
    assert f"factor_vae_metric is not defined here: {reason}" in report.lines


def test_scores_do_not_depend_on_how_values_are_written(factors):
    codes = factors + np.random.RandomState(0).normal(size=factors.shape)
    metrics, written = ("irs", "mig", "dci"), np.array([0, 1, 1000])[factors]
    found, expected = (evaluate_codes(codes, values, metrics=metrics, sizes=FEW) for values in (written, factors))
    assert [METRICS[name].score(found[name]) for name in metrics] == [
        METRICS[name].score(expected[name]) for name in metrics
    ]


@pytest.mark.parametrize(
    ("factors", "options", "what"),
    [
        (draw_factors(99), {}, "99 points, expected at least 100"),
        (draw_factors(3000, (300, 2)), {}, "factor 0: [0-9]+ values, expected at most 256; a continuous factor"),
        (draw_factors(300).astype(float), {}, "labels: float64"),
        (np.array(3), {}, r"labels: int64 \(\), expected integers"),
        (draw_factors(300), {"names": ("a",)}, "factor names: 1, expected 3"),
        (
            draw_factors(300),
            {"num_train": 49},
            "49 points for training and 251 for testing, expected at least 50 of each",
        ),
        (draw_factors(300), {"num_train": 251}, "251 points for training and 49 for testing"),
    ],
)
def test_make_table_refuses_by_name(factors, options, what):
    with pytest.raises(InputError, match=what):
        make_table(factors, **options)


@pytest.mark.parametrize("num_images", [299, 301])
def test_evaluate_refuses_labels_of_another_number_of_images(num_images):
    data = SimpleNamespace(images=np.zeros((num_images, 1, 1, 2), np.uint8), labels=draw_factors(300))
    with pytest.raises(InputError, match=f"labels: 300 samples, expected {num_images}, as there are images"):
        evaluate(lambda images: images.reshape(-1, 2), data)


def test_evaluate_codes_of_training_and_test_points(factors):
    train, test = factors[:600], factors[600:]
    found = evaluate_codes(train.astype(float), train, test.astype(float), test, ("sap_score", "dci"))
    assert found["dci"]["informativeness_test"] == 1


def test_evaluate_codes_refuses_test_points_of_another_width(factors):
    with pytest.raises(InputError, match="codes_test: 2 latents, expected 3"):
        evaluate_codes(factors, factors, factors[:, :2], factors)


GRID = (3, 4, 5, 10, 10)
SIZES = Sizes(train=1000, test=500, reference=1000, train_votes=600, test_votes=300)
SEEDS = range(5)


def grid_points():
    """All combinations of GRID's values, images that hold their share of all, and codes that mix the factors."""
    points = np.stack(np.unravel_index(np.arange(np.prod(GRID)), GRID), axis=1)
    images = np.linspace(0, 1, len(points), dtype=np.float32).reshape(-1, 1, 1, 1)
    random_state = np.random.RandomState(0)
    scaled = points / np.array(GRID)
    mixed = scaled @ (3 * np.eye(5, 6) + 1.5 * random_state.randn(5, 6))
    return points, images, (mixed + 0.2 * random_state.randn(*mixed.shape)).astype(np.float32)


def lookup(codes):
    """The function from those images to `codes`."""
    return lambda images: codes[np.rint(images.ravel() * (len(codes) - 1)).astype(int)]


def test_a_full_grid_given_as_a_table_scores_as_the_grid_does():
    """Means over seeds differ by less than four of their standard errors, which the same seeds measure."""
    points, images, codes = grid_points()
    sets = (
        DataSet("grid", images, GRID, "abcde"),
        LabelledSet("table", images, points, tuple("abcde")),
    )

    def scores(data, seed):
        found = evaluate(lookup(codes), data, seed=seed, sizes=SIZES)
        return [METRICS[name].score(found[name]) for name in DEFAULT]

    grid, table = (np.array([scores(data, seed) for seed in SEEDS]) for data in sets)
    errors = np.sqrt((grid.var(axis=0, ddof=1) + table.var(axis=0, ddof=1)) / len(SEEDS))
    assert (np.abs(grid.mean(axis=0) - table.mean(axis=0)) < 4 * errors).all()
    assert (errors < 0.02).all()
    assert (errors > 0).all()


def test_evaluate_codes_is_evaluate_of_a_labelled_set():
    points, images, codes = grid_points()
    data = LabelledSet("table", images, points, tuple("abcde"))
    sizes, metrics = SIZES._replace(train=300, test=100, train_votes=50, test_votes=50), ("mig", "factor_vae_metric")
    by_images = evaluate(lookup(codes), data, metrics, sizes=sizes)
    by_codes = evaluate_codes(codes, points, metrics=metrics, sizes=sizes)
    assert [by_images[name][METRICS[name].key] for name in metrics] == [
        by_codes[name][METRICS[name].key] for name in metrics
    ]


TWO = draw_factors(900, (2, 2))


def test_votes_for_testing_come_from_the_points_for_testing():
    positions, _ = planned(make_table(TWO, num_train=450), "votes")
    votes = positions["local_variances"].reshape(-1, VOTE_SIZE)
    assert (votes[: FEW.train_votes] < 450).all()
    assert (votes[FEW.train_votes :] >= 450).all()


def test_pairs_for_testing_come_from_the_points_for_testing():
    positions, _ = planned(make_table(TWO, num_train=450), "pairs")
    pairs = positions["differences"].reshape(-1, 2 * VOTE_SIZE)
    assert (pairs[: FEW.train_votes] < 450).all()
    assert (pairs[FEW.train_votes :] >= 450).all()


def test_a_value_that_is_rare_among_points_for_testing_is_named():
    factors = TWO.copy()
    factors[450:, 1] = np.arange(450) >= 63
    with pytest.raises(NotDefined, match="63 points share the value 0"):
        planned(make_table(factors, num_train=450), "votes")


def test_variances_are_of_the_points_for_training():
    positions, _ = planned(make_table(TWO, num_train=450), "votes")
    assert len(set(positions["variances"])) == FEW.reference
    assert positions["variances"].max() < 450


def test_mutual_information_is_of_the_points_for_training(factors):
    codes = factors + np.random.RandomState(0).normal(size=factors.shape)
    alone = evaluate_codes(codes, factors, metrics=["mig"], sizes=FEW)
    found = evaluate_codes(codes, factors, -codes[:200], factors[:200], metrics=["mig"], sizes=FEW)
    assert METRICS["mig"].score(found["mig"]) == METRICS["mig"].score(alone["mig"])


def test_make_table_takes_as_few_points_and_as_many_values_as_it_says():
    assert make_table(np.arange(LEAST)[:, None] % 2).num_train is None
    assert make_table(np.arange(1000)[:, None] % MOST_VALUES).names


def test_as_many_points_as_a_vote_has_may_share_a_value(factors):
    factors[:, 1] = np.where(np.arange(900) < VOTE_SIZE, 9, 1)
    positions, _ = planned(make_table(factors), "votes")
    assert len(positions["local_variances"])


def test_points_are_shared_out_to_the_nearest_number():
    assert count(make_table(np.arange(101)[:, None] % 2), CHALLENGE)[:2] == (67, 34)
