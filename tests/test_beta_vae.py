import numpy as np
import pytest
from scored_codes import draw_factors, frozen_other, random_codes

from evaluation import evaluate
from evaluation.metrics.beta_vae import beta_vae, mean_difference, score_differences
from evaluation.protocol import Sizes
from utils.data.dataset import DataSet

SIZES = (3, 1, 4, 5)


def grid_codes(name):
    """Codes (60, D) of the grid's points, the same numbers on every machine."""
    random_state = np.random.RandomState(7)
    grid = np.stack(np.unravel_index(np.arange(60), SIZES), axis=1)
    noise, weights = random_state.randint(-8, 9, size=(60, 6)), random_state.randint(-3, 4, size=(4, 6))
    codes = {
        "mixed": grid @ weights + noise / 8,
        "aligned": np.hstack([grid, noise[:, :2]]) + noise / 4,
        "noise": noise / 4,
    }
    return codes[name].astype(np.float32)


def draw(represent, votes=400, seed=0):
    """The arguments of beta_vae for codes `represent(factors)`; the factor with one value is never held fixed."""
    random_state = np.random.RandomState(seed)
    fixed = random_state.choice([0, 2, 3], size=votes)
    pairs = np.stack([random_state.randint(size, size=(votes, 2, 64)) for size in SIZES], axis=3)
    for pair, factor in zip(pairs, fixed):
        pair[1, :, factor] = pair[0, :, factor]
    codes = represent(pairs.reshape(-1, 4)).reshape(votes, 2, 64, -1).astype(np.float32)
    half = votes // 2
    return codes[:half], fixed[:half], codes[half:], fixed[half:]


@pytest.mark.parametrize("name", ["mixed", "aligned", "noise"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_beta_vae_equals_the_official_accuracies(name, seed):
    images = np.arange(60, dtype=np.uint8).reshape(-1, 1, 1, 1)  # each shows its place
    dataset, codes = DataSet("grid", images, SIZES, "abcd"), grid_codes(name)
    sizes = Sizes(train_votes=1000, test_votes=500)
    found = evaluate(lambda seen: codes[seen.ravel()], dataset, ["beta_vae_score"], seed, as_uint8=True, sizes=sizes)
    expected = frozen_other("beta_vae")[name][seed]
    assert found["beta_vae_score"] == pytest.approx(expected, abs=1e-12)  # shares of votes: equal or not at all


def test_beta_vae_of_perfect_codes():
    assert beta_vae(*draw(lambda factors: factors))["eval_accuracy"] == 1


def test_beta_vae_of_constant_codes():
    pairs, fixed, _, _ = draw(lambda factors: np.ones((len(factors), 3)))
    fixed[:150] = 2
    found = beta_vae(pairs, fixed, pairs, fixed)
    assert found["eval_accuracy"] == found["train_accuracy"] == np.mean(fixed == 2)


def test_beta_vae_of_random_codes():
    found = beta_vae(*draw(lambda factors: random_codes(len(factors), 5), votes=2000))
    assert found["eval_accuracy"] == pytest.approx(1 / 3, abs=0.06)


def test_beta_vae_of_duplicated_codes():
    assert beta_vae(*draw(lambda factors: np.hstack([factors, factors])))["eval_accuracy"] == 1


def test_beta_vae_ignores_the_order_of_codes():
    noisy = draw(lambda factors: factors + 3 * random_codes(len(factors), 4))
    turned = draw(lambda factors: (factors + 3 * random_codes(len(factors), 4))[:, ::-1])
    assert 0.4 < beta_vae(*noisy)["eval_accuracy"] < 1
    assert beta_vae(*noisy) == beta_vae(*turned)


def test_beta_vae_ignores_the_names_of_factors():
    train, fixed_train, evaluated, fixed_eval = draw(lambda factors: factors + 3 * random_codes(len(factors), 4))
    renamed = beta_vae(train, fixed_train * 3 + 5, evaluated, fixed_eval * 3 + 5)
    assert renamed == beta_vae(train, fixed_train, evaluated, fixed_eval)


def test_beta_vae_reports_every_machine():
    seen = []
    beta_vae(*draw(lambda factors: factors), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3)] * 3


def test_mean_difference_by_hand():
    first, second = [[0.0, 1.0], [2.0, 3.0]], [[1.0, 1.0], [5.0, 1.0]]
    assert mean_difference(np.array([[first, second]])).tolist() == [[2.0, 1.0]]


def test_score_differences_of_a_factor_that_training_lacks():
    differences = np.array([[0.0, 1.0], [1.0, 0.0]] * 20)
    found = score_differences(differences, [0, 1] * 20, differences, [0, 2] * 20)
    assert (found["train_accuracy"], found["eval_accuracy"]) == (1, 0.5)


def test_score_differences_refuses_one_factor():
    with pytest.raises(ValueError, match="fixed_train: 1 factor, expected at least 2"):
        score_differences(np.ones((3, 2)), [1, 1, 1], np.ones((3, 2)), [0, 1, 1])


def test_score_differences_refuses_other_numbers_of_votes():
    with pytest.raises(ValueError, match=r"fixed_eval: int64 \(2,\), expected integers \(3,\)"):
        score_differences(np.ones((3, 2)), [0, 1, 1], np.ones((3, 2)), [0, 1])


def test_score_differences_refuses_other_numbers_of_codes():
    with pytest.raises(ValueError, match="pairs_eval: 3 latents, expected 2, as in training"):
        score_differences(np.ones((3, 2)), [0, 1, 1], np.ones((3, 3)), [0, 1, 1])


def test_beta_vae_names_a_code_that_is_not_finite():
    arguments = draw(lambda factors: factors * 1.0)
    arguments[2][3, 0, 1, 2] = np.inf
    with pytest.raises(ValueError, match="pairs_eval: latent 2 is NaN"):
        beta_vae(*arguments)


PAIRS = np.ones((4, 2, 64, 3), np.float32)


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        (draw_factors(12).astype(np.float32), r"float32 \(12, 3\)"),
        (np.ones((4, 3, 64, 3), np.float32), r"float32 \(4, 3, 64, 3\)"),
        (PAIRS[:, :, :0], r"float32 \(4, 2, 0, 3\)"),
        (PAIRS * 1j, r"complex\d+ \(4, 2, 64, 3\)"),
        (PAIRS > 0, r"bool \(4, 2, 64, 3\)"),
    ],
)
def test_beta_vae_refuses_what_are_no_pairs_of_codes(pairs, found):
    with pytest.raises(ValueError, match=rf"pairs_eval: {found}, expected numbers of shape \(votes, 2, size"):
        beta_vae(PAIRS, [0, 1, 0, 1], pairs, [0, 1, 0, 1])


def test_beta_vae_names_codes_too_large_for_single_precision():
    with pytest.raises(ValueError, match=r"pairs_train: latent 0 reaches 1.0e\+39, expected numbers of size 1e\+16"):
        beta_vae(PAIRS.astype(np.float64) * 1e39, [0, 1, 0, 1], PAIRS, [0, 1, 0, 1])
