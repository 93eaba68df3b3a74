"""The points that the BetaVAE score asks for, drawn as disentanglement_lib draws them."""

from typing import NamedTuple

import numpy as np

NUM_TRAIN_PAIRS, NUM_EVAL_PAIRS, PAIRS_SIZE = 10000, 5000, 64  # votes, and pairs of points in each (unsupervised_study)
SEEDS = np.iinfo(np.int32).max  # liblinear's seed is drawn below this


class Pairs(NamedTuple):
    """What the BetaVAE score asks for."""

    fixed: np.ndarray  # (num_train + num_eval,) int64 factor in which the two points of each pair are equal
    looks: np.ndarray  # (num_train + num_eval, 2, …) what `look` returned for `size` first and `size` second points


def draw_pairs(dataset, seed=0, look=None, num_train=NUM_TRAIN_PAIRS, num_eval=NUM_EVAL_PAIRS, size=PAIRS_SIZE):
    """The Pairs of `dataset`: vote by vote a factor, `size` points, and `size` others with that factor's values.

    Between training and evaluation the original fits its classifier with the same random state, from which
    scikit-learn draws a seed that this solver does not use. That draw is replayed.

    look  `look(factors, random_state)` in place of making pictures and encoding them; default: `dataset.index`
    """
    look = look or dataset.index
    random_state = np.random.RandomState(seed)
    fixed, looks = np.empty(num_train + num_eval, dtype=np.int64), []
    for vote in range(len(fixed)):
        if vote == num_train:
            random_state.randint(SEEDS)
        fixed[vote] = random_state.randint(len(dataset.factor_sizes))
        first = dataset.sample_factors(size, random_state)
        second = dataset.sample_factors(size, random_state)
        second[:, fixed[vote]] = first[:, fixed[vote]]
        looks.append(np.stack([look(first, random_state), look(second, random_state)]))
    return Pairs(fixed, np.stack(looks))
