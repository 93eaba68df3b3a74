import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_codes import draw_factors, random_codes

from evaluation import factor_vae
from evaluation.metrics.factor_vae import score_votes


def draw(represent, votes=300, sizes=(3, 4, 2), seed=0):
    """The arguments of factor_vae for codes `represent(factors)`."""
    random_state = np.random.RandomState(seed)
    fixed = random_state.randint(len(sizes), size=votes)
    groups = np.stack([random_state.randint(size, size=(votes, 64)) for size in sizes], axis=2)
    for group, factor in zip(groups, fixed):
        group[:, factor] = group[0, factor]
    codes = represent(groups.reshape(-1, len(sizes))).reshape(votes, 64, -1).astype(np.float32)
    half = votes // 2
    reference = represent(draw_factors(500, sizes, seed)).astype(np.float32)
    return reference, codes[:half], fixed[:half], codes[half:], fixed[half:]


def test_factor_vae_of_perfect_codes():
    assert factor_vae(*draw(lambda factors: factors))["eval_accuracy"] == 1


def test_factor_vae_of_constant_codes():
    found = factor_vae(*draw(lambda factors: np.ones((len(factors), 3))))
    assert (found["eval_accuracy"], found["train_accuracy"], found["num_active_dims"]) == (0, 0, 0)


def test_factor_vae_of_a_single_factor_is_one_for_any_codes():
    found = factor_vae(*draw(lambda factors: random_codes(len(factors), 3), sizes=(4,)))
    assert found["eval_accuracy"] == 1


def test_factor_vae_of_random_codes():
    found = factor_vae(*draw(lambda factors: random_codes(len(factors), 5), votes=1000))
    assert found["eval_accuracy"] == pytest.approx(1 / 3, abs=0.08)


def test_factor_vae_of_duplicated_codes():
    assert factor_vae(*draw(lambda factors: np.hstack([factors, factors])))["eval_accuracy"] == 1


def test_factor_vae_of_one_code_for_two_factors():
    found = factor_vae(*draw(lambda factors: np.stack([factors @ [8, 2, 0], factors[:, 2]], axis=1), votes=1000))
    assert 0.5 < found["eval_accuracy"] < 0.9


def test_factor_vae_ignores_the_order_of_codes():
    noisy = draw(lambda factors: factors + random_codes(len(factors), 3))
    turned = draw(lambda factors: (factors + random_codes(len(factors), 3))[:, ::-1])
    assert factor_vae(*noisy)["eval_accuracy"] == factor_vae(*turned)["eval_accuracy"]


def test_factor_vae_ignores_the_scale_of_codes():
    noisy = draw(lambda factors: factors + random_codes(len(factors), 3))
    scaled = draw(lambda factors: (factors + random_codes(len(factors), 3)) * [1, 1024, 1 / 4])
    assert factor_vae(*noisy)["eval_accuracy"] == factor_vae(*scaled)["eval_accuracy"]


def test_factor_vae_prunes_codes_that_hardly_vary():
    found = factor_vae(*draw(lambda factors: factors * [1, 1, 0.01]))
    assert found["active_dims"].tolist() == [0, 1]


def test_factor_vae_counts_every_training_vote():
    arguments = draw(lambda factors: factors)
    assert factor_vae(*arguments)["votes"].sum() == len(arguments[1])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_score_votes_by_hand(seed):
    random_state = np.random.RandomState(seed)
    variances, local = random_state.uniform(0, 0.02, 4), random_state.uniform(size=(30, 4))
    fixed = random_state.randint(3, size=30)
    found = score_votes(variances, local[:20], fixed[:20], local[20:], fixed[20:])
    kept = [code for code in range(4) if np.sqrt(variances[code]) >= 0.05]
    if not kept:
        assert found["eval_accuracy"] == 0
        return
    ballots = [min(kept, key=lambda code: row[code] / variances[code]) for row in local]
    votes = np.zeros((3, 4))
    for ballot, factor in zip(ballots[:20], fixed[:20]):
        votes[factor, ballot] += 1
    right = [votes[:, ballot].argmax() == factor for ballot, factor in zip(ballots[20:], fixed[20:])]
    assert found["eval_accuracy"] == pytest.approx(np.mean(right))


def test_score_votes_refuses_other_numbers_of_votes():
    with pytest.raises(ValueError, match=r"fixed_train: int64 \(2,\), expected integers \(3,\)"):
        score_votes(np.ones(2), np.ones((3, 2)), [0, 1], np.ones((1, 2)), [0])


def test_latent_is_pruned_below_a_standard_deviation_of_005():
    local, fixed = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    found = score_votes(np.array([0.0499, 0.0501]) ** 2, local, fixed, local, fixed)
    assert found["active_dims"].tolist() == [1]
