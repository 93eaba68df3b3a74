"""The FactorVAE metric.

Kim & Mnih 2018, "Disentangling by factorising", section 4, https://arxiv.org/abs/1802.05983
"""

import numpy as np

from ..annotations import Array, Result
from ..errors import InputError
from .arrays import as_array, check_codes, check_fixed, check_sizes, check_variances

PRUNED_BELOW = 0.05  # standard deviation of a latent that counts as collapsed


def factor_vae(codes: Array, codes_train: Array, fixed_train: Array, codes_eval: Array, fixed_eval: Array) -> Result:
    """How well the latent that varies least identifies the factor that was held fixed.

    codes                    (n, D) of points drawn at random, which give each latent's variance
    codes_train, codes_eval  (votes, size, D): in each vote, codes of points that share the value of one factor
    fixed_train, fixed_eval  (votes,) integers: which factor that is

    Returns what `score_votes` does. InputError (a ValueError) names the array that is not as above, and votes of
    fewer than 2 points.

    >>> random_state = np.random.RandomState(0)
    >>> codes, fixed = random_state.randn(100, 8, 2), random_state.randint(2, size=100)
    >>> codes[np.arange(100), :, fixed] = 0
    >>> factor_vae(random_state.randn(500, 2), codes, fixed, codes, fixed)["eval_accuracy"]
    1.0
    """
    codes = check_codes(codes)
    local = [
        _local_variances(votes, name, codes.shape[1])
        for votes, name in ((codes_train, "codes_train"), (codes_eval, "codes_eval"))
    ]
    return score_votes(np.var(codes, axis=0, ddof=1), local[0], fixed_train, local[1], fixed_eval)


def _local_variances(votes, name, num_codes):
    votes = as_array(votes, name)
    if votes.ndim != 3 or votes.dtype.kind not in "fiu" or votes.shape[1] < 2 or votes.shape[2] != num_codes:
        expected = f"numbers (votes, size, {num_codes}), size at least 2"
        raise InputError(f"{name}: {votes.dtype} {votes.shape}, expected {expected}")
    check_sizes(votes, name)
    return np.var(votes.astype(np.float32), axis=1, ddof=1)


def score_votes(variances, local_train, fixed_train, local_eval, fixed_eval):
    """The metric from variances: `variances` (D,) of all points, `local_…` (votes, D) within each vote; all ddof=1.

    A vote goes to the latent with the least local over global variance, among latents with a standard deviation of at
    least 0.05; each latent stands for the factor that most training votes gave it.

    Returns a dictionary; the official score is 'eval_accuracy', in [0, 1], higher is better. Also 'train_accuracy',
    'num_active_dims', the number of latents kept (the original returns the number of all), 'active_dims', which these
    are, and 'votes' (F, D), the training votes.

    Degenerate input: no latent kept gives 0 for both accuracies, and a single factor 1 with any that is kept, as in the
    original. Variances in single precision are above 0 by rounding for a latent that is constant far from 0 (0.026 at
    1234.5): it is kept, as in the original.
    """
    variances = check_variances(variances, "variances", np.size(variances))
    local_train = check_variances(local_train, "local_train", len(variances))
    local_eval = check_variances(local_eval, "local_eval", len(variances))
    fixed_train = check_fixed(fixed_train, len(local_train), "fixed_train")
    fixed_eval = check_fixed(fixed_eval, len(local_eval), "fixed_eval")
    active = np.flatnonzero(np.sqrt(variances) >= PRUNED_BELOW)
    num_factors = 1 + max(fixed_train.max(), fixed_eval.max())
    votes = np.zeros((num_factors, len(variances)), dtype=np.int64)
    train_accuracy = eval_accuracy = 0.0
    if len(active):
        ballots = [active[_least(local, variances, active)] for local in (local_train, local_eval)]
        np.add.at(votes, (fixed_train, ballots[0]), 1)
        classifier = votes.argmax(axis=0)
        train_accuracy = float(np.mean(classifier[ballots[0]] == fixed_train))
        eval_accuracy = float(np.mean(classifier[ballots[1]] == fixed_eval))
    return {
        "train_accuracy": train_accuracy,
        "eval_accuracy": eval_accuracy,
        "num_active_dims": len(active),
        "active_dims": active,
        "votes": votes,
    }


def _least(local, variances, active):
    return np.argmin(local[:, active] / variances[active], axis=1)
