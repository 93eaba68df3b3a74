import functools
import types

import joblib
import numpy as np
import pytest
from joblib._parallel_backends import SequentialBackend

from evaluation import METRICS, evaluate, evaluate_codes
from evaluation.cache import CodesCache
from evaluation.metrics.table import DEFAULT, FURTHER
from evaluation.progress import Console, Silent
from evaluation.protocol import Sizes
from utils.data.dataset import DataSet
from utils.errors import InputError

SIZES = (3, 1, 4, 2)
SMALL = Sizes(train=300, test=100, reference=200, train_votes=60, test_votes=40)
evaluate = functools.partial(evaluate, sizes=SMALL)


def picture(position):
    """2 x 2 pixels that give the factors away."""
    return np.array(np.unravel_index(position, SIZES)).reshape(2, 2, 1)


@pytest.fixture
def dataset():
    images = np.stack([picture(position) for position in range(int(np.prod(SIZES)))]).astype(np.uint8)
    return DataSet("tiny", images, SIZES, ("a", "b", "c", "d"))


def perfect(images):
    return images.reshape(len(images), -1)[:, [0, 2, 3]] * 255.0


def scores(results):
    return {name: METRICS[name].score(result) for name, result in results.items()}


def test_evaluate_perfect_codes(dataset):
    found = scores(evaluate(perfect, dataset))
    assert found["factor_vae_metric"] > 0.7  # the factor with one value is asked for too, and has no code
    assert [found[name] for name in ("dci", "mig", "irs")] == pytest.approx([1, 1, 1], abs=0.02)


@pytest.mark.parametrize("name", DEFAULT)
def test_evaluate_one_metric_as_among_all(dataset, name):
    alone = evaluate(perfect, dataset, metrics=(name,))
    assert scores(alone)[name] == scores(evaluate(perfect, dataset))[name]


@pytest.mark.parametrize("name", [metric.name for metric in FURTHER])
def test_evaluate_takes_each_further_metric_by_its_name(dataset, name):
    found = evaluate(perfect, dataset, metrics=(name,))
    assert list(found) == [name]
    assert np.isfinite(METRICS[name].score(found[name]))


class WithoutGenerators(SequentialBackend):
    """A back end of joblib that hands results on only when all are there, as a cluster's does."""

    supports_return_generator = False

    def effective_n_jobs(self, n_jobs):
        return 2


@pytest.mark.parametrize("name", METRICS)
def test_evaluate_works_within_a_joblib_back_end_of_the_callers(dataset, name):
    joblib.register_parallel_backend("without_generators", WithoutGenerators)
    with joblib.parallel_config(backend="without_generators"):
        within = evaluate(perfect, dataset, metrics=(name,), jobs=2)
    np.testing.assert_equal(within, evaluate(perfect, dataset, metrics=(name,)))


def test_evaluate_computes_the_numbers_of_one_result_once(dataset, monkeypatch):
    calls = []
    infom, infoc = (METRICS[name] for name in ("infom", "infoc"))
    counted = infom._replace(function=lambda *arrays, **options: calls.append(1) or infom.function(*arrays, **options))
    both = {"infom": counted, "infoc": infoc._replace(function=counted.function)}
    monkeypatch.setattr("evaluation.metrics.table.METRICS", both)
    assert list(evaluate(perfect, dataset, metrics=("infom", "infoc"))) == ["infom", "infoc"]
    assert len(calls) == 1


def test_evaluate_gives_each_number_of_one_result_the_seconds_that_it_took(dataset):
    seconds = {}
    report = Console(on_score=lambda name, result, took: seconds.update({name: took}))
    evaluate(perfect, dataset, metrics=("infom", "infoc"), report=report)
    assert seconds["infom"] == seconds["infoc"] > 0


def test_evaluate_scores_perfect_codes_by_the_further_metrics(dataset):
    names = ["modularity", "explicitness", "gaussian_total_correlation", "mutual_info_score"]
    found = scores(evaluate(perfect, dataset, metrics=names))
    assert list(found.values()) == pytest.approx([1, 1, 0, 0], abs=0.05)


def test_evaluate_constant_codes(dataset):
    found = scores(evaluate(lambda images: np.ones((len(images), 3)), dataset))
    assert list(found.values()) == pytest.approx([0] * 5, abs=0.02)  # SAP's solver leaves nearly equal classes


def test_evaluate_another_seed_draws_other_points(dataset):
    def noisy(images):
        return perfect(images) + np.sin(1000 * perfect(images) @ np.ones((3, 3)))

    first, second = (scores(evaluate(noisy, dataset, metrics=("mig",), seed=seed)) for seed in (0, 1))
    assert first != second


def test_evaluate_refuses_unknown_metrics(dataset):
    with pytest.raises(InputError, match="metric 'mog': expected some of factor_vae_metric"):
        evaluate(perfect, dataset, metrics=("mig", "mog"))


def test_evaluate_refuses_no_metrics(dataset):
    with pytest.raises(InputError, match="no metrics: expected some of"):
        evaluate(perfect, dataset, metrics=())


def test_evaluate_refuses_codes_that_are_not_finite(dataset):
    with pytest.raises(InputError, match="latent 1 is NaN"):
        evaluate(lambda images: perfect(images) * [1, np.nan, 1], dataset)


class Story(Silent):
    def __init__(self):
        self.lines, self.done = [], []

    def say(self, text):
        self.lines.append(text)

    def scored(self, name, result, seconds):
        self.done.append(name)


def test_evaluate_reuses_codes_and_says_so(dataset, tmp_path):
    cache, story = CodesCache(tmp_path, "key"), Story()
    first = scores(evaluate(perfect, dataset, cache=cache))
    second = scores(evaluate(lambda images: pytest.fail("encoded again"), dataset, cache=cache, report=story))
    assert first == second
    assert story.lines == [f"codes of the {part} reused: same encoder, same data" for part in ("points", "votes")]


def test_evaluate_encodes_where_the_points_lie_at_other_images_now(dataset, tmp_path):
    cache, encoded = CodesCache(tmp_path, "key"), []
    evaluate(perfect, dataset, metrics=("mig",), cache=cache)
    turned = types.SimpleNamespace(
        images=dataset.images,
        factor_sizes=SIZES,
        sample_factors=dataset.sample_factors,
        index=lambda factors, random_state: len(dataset.images) - 1 - dataset.index(factors, random_state),
    )
    evaluate(lambda images: encoded.append(1) or perfect(images), turned, metrics=("mig",), cache=cache)
    assert encoded


def test_evaluate_goes_on_where_codes_cannot_be_saved(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    story = Story()
    found = evaluate(perfect, dataset, metrics=("mig",), cache=CodesCache(tmp_path / "file", "key"), report=story)
    assert scores(found) == scores(evaluate(perfect, dataset, metrics=("mig",)))
    assert story.lines[0].startswith("codes of the points not saved for another call: ")


def test_evaluate_encodes_what_the_cache_lacks(dataset, tmp_path):
    cache = CodesCache(tmp_path, "key")
    evaluate(perfect, dataset, metrics=("mig",), cache=cache)
    assert scores(evaluate(perfect, dataset, cache=cache)) == scores(evaluate(perfect, dataset))


def test_evaluate_reports_metrics_that_are_done_before_an_interrupt(dataset):
    class Interrupted(Story):
        def scored(self, name, result, seconds):
            super().scored(name, result, seconds)
            if name == "mig":
                raise KeyboardInterrupt

    story = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        evaluate(perfect, dataset, metrics=("irs", "mig", "dci"), report=story)
    assert story.done == ["irs", "mig"]


def test_evaluate_leaves_out_what_a_single_factor_does_not_define():
    images, story = np.arange(4 * 4, dtype=np.uint8).reshape(4, 2, 2, 1), Story()
    found = evaluate(lambda x: x.reshape(len(x), -1), DataSet("one", images, (4,), ("a",)), report=story)
    assert list(found) == ["factor_vae_metric", "sap_score", "mig", "irs"]
    assert story.lines == ["dci is not defined here: factors: 1 of 1 vary, expected 2 or more that do"]


def test_evaluate_refuses_data_on_which_nothing_is_defined():
    images = np.zeros((4, 2, 2, 1), np.uint8)
    with pytest.warns(UserWarning, match="dci"), pytest.raises(InputError, match="dci is not defined here"):
        evaluate(lambda x: x.reshape(len(x), -1), DataSet("one", images, (4,), ("a",)), metrics=("dci",))


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_evaluate_refuses_a_seed_out_of_range(dataset, seed):
    with pytest.raises(InputError, match="expected a whole number from 0 to 4294967295"):
        evaluate(perfect, dataset, seed=seed)


@pytest.mark.parametrize("kind", ["stored", "drawn"])
def test_evaluate_says_that_codes_are_sampled(dataset, kind):
    random_state, story = np.random.RandomState(0), Story()
    data = dataset if kind == "stored" else Drawn(dataset)
    evaluate(lambda images: perfect(images) + random_state.randn(len(images), 3), data, ("irs",), report=story)
    assert "encodes the same images differently each time" in story.lines[0]


class Drawn(DataSet):
    """Pictures that are drawn anew each time."""

    images_are_stored = False

    def __init__(self, dataset):
        super().__init__("drawn", dataset.images, SIZES, dataset.factor_names)
        self.images = Pictures(dataset.images)

    def observe(self, factors, random_state=None):
        return self.images.draw(self.index(factors), random_state)


class Pictures:
    def __init__(self, plain):
        self.plain = plain

    def draw(self, positions, random_state):
        return self.plain[positions] + random_state.randint(2, size=(len(positions), 1, 1, 1)).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 3])
def test_evaluate_draws_pictures_in_the_order_of_the_official_code(dataset, seed):
    seen = []

    def represent(images):
        seen.append(images)
        return images.reshape(len(images), -1) * 255.0

    evaluate(represent, Drawn(dataset), metrics=("mig",), seed=seed)
    random_state = np.random.RandomState(seed)
    factors = dataset.sample_factors(16, random_state)
    expected = Drawn(dataset).observe(factors, random_state)
    np.testing.assert_allclose(seen[0] * 255, expected, rtol=1e-6)


def test_evaluate_scores_drawn_pictures_as_stored_ones(dataset):
    class Plain(Pictures):
        def draw(self, positions, random_state):
            return self.plain[positions]

    drawn = Drawn(dataset)
    drawn.images = Plain(dataset.images)
    found, expected = scores(evaluate(perfect, drawn)), scores(evaluate(perfect, dataset))
    assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-6)


def test_evaluate_refuses_another_number_of_drawn_pictures(dataset):
    class Fewer(Drawn):
        def observe(self, factors, random_state=None):
            return super().observe(factors, random_state)[1:]

    with pytest.raises(InputError, match="observe: 15 images, expected 16, one a point"):
        evaluate(perfect, Fewer(dataset), metrics=("mig",))


def test_evaluate_scores_pairs_of_drawn_pictures_as_of_stored_ones(dataset):
    class Plain(Pictures):
        def draw(self, positions, random_state):
            return self.plain[positions]

    drawn = Drawn(dataset)
    drawn.images = Plain(dataset.images)
    found, expected = (evaluate(perfect, data, ("beta_vae_score",)) for data in (drawn, dataset))
    assert scores(found) == scores(expected)


def test_evaluate_codes_of_another_seed_draws_other_points():
    factors = np.random.RandomState(0).randint(3, size=(20000, 2))
    codes = factors + np.random.RandomState(1).normal(size=factors.shape)
    one, other = (evaluate_codes(codes, factors, metrics=("mig",), seed=seed)["mig"] for seed in (0, 1))
    assert one["discrete_mig"] != other["discrete_mig"]
