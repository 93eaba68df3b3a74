"""The challenge's settings, and the points that the metrics ask for.

The random draws do not depend on the encoder: here they are replayed as disentanglement_lib makes them, each metric
from a fresh `RandomState(seed)`, so that all points of all metrics are known before the first image is encoded.

Each replay takes a function `look(factors, random_state)` in place of making pictures and encoding them; by default it
is `dataset.index`, which says where the pictures lie.
"""

from typing import NamedTuple

import numpy as np

METRICS = ("dci", "factor_vae_metric", "sap_score", "mig", "irs")  # in the order of the starter kit
SCORES = {  # the value of each metric that counts
    "dci": "disentanglement",
    "factor_vae_metric": "eval_accuracy",
    "sap_score": "SAP_score",
    "mig": "discrete_mig",
    "irs": "IRS",
}
NAMES = {  # the metrics in the paper's order, as people write them
    "factor_vae_metric": "FactorVAE",
    "sap_score": "SAP",
    "dci": "DCI",
    "irs": "IRS",
    "mig": "MIG",
}
NUM_TRAIN, NUM_TEST, BATCH = 10000, 5000, 16  # points of DCI, SAP, MIG and IRS, and how many are drawn at a time
NUM_VARIANCE, NUM_TRAIN_VOTES, NUM_EVAL_VOTES, VOTE_SIZE = 10000, 10000, 5000, 64  # of FactorVAE


class Points(NamedTuple):
    """The points that DCI and SAP ask for; the training points are MIG's and IRS's too."""

    factors: np.ndarray  # (NUM_TRAIN + NUM_TEST, F) int64
    looks: np.ndarray  # (NUM_TRAIN + NUM_TEST, …) what `look` returned: int64 positions in the data set's images


class Votes(NamedTuple):
    """What FactorVAE asks for."""

    reference: np.ndarray  # (NUM_VARIANCE, …) what `look` returned for the points that give each latent's variance
    fixed: np.ndarray  # (NUM_TRAIN_VOTES + NUM_EVAL_VOTES,) int64 factor that a vote holds fixed
    looks: np.ndarray  # (NUM_TRAIN_VOTES + NUM_EVAL_VOTES, …) what `look_at_vote` returned: VOTE_SIZE positions


def draw_points(dataset, seed=0, look=None, num_train=NUM_TRAIN, num_test=NUM_TEST):
    """The Points of `dataset`: training and test points, each in batches of BATCH, the last one cut short."""
    look = look or dataset.index
    random_state = np.random.RandomState(seed)
    factors, looks = [], []
    for total in (num_train, num_test):
        for first in range(0, total, BATCH):
            drawn = dataset.sample_factors(min(BATCH, total - first), random_state)
            factors.append(drawn)
            looks.append(look(drawn, random_state))
    return Points(np.concatenate(factors), np.concatenate(looks))


def draw_votes(
    dataset,
    seed=0,
    look=None,
    look_at_vote=None,
    num_variance=NUM_VARIANCE,
    num_votes=NUM_TRAIN_VOTES + NUM_EVAL_VOTES,
):
    """The Votes of `dataset`: `num_variance` points at once, then vote by vote a factor and VOTE_SIZE points."""
    look = look or dataset.index
    look_at_vote = look_at_vote or look
    random_state = np.random.RandomState(seed)
    reference = look(dataset.sample_factors(num_variance, random_state), random_state)
    fixed, looks = np.empty(num_votes, dtype=np.int64), []
    for vote in range(num_votes):
        fixed[vote] = random_state.randint(len(dataset.factor_sizes))
        factors = dataset.sample_factors(VOTE_SIZE, random_state)
        factors[:, fixed[vote]] = factors[0, fixed[vote]]
        looks.append(look_at_vote(factors, random_state))
    return Votes(reference, fixed, np.stack(looks))
