"""The BetaVAE score.

Higgins, Matthey, Pal, Burgess, Glorot, Botvinick, Mohamed & Lerchner 2017, "beta-VAE: learning basic visual concepts
with a constrained variational framework", section 3, https://openreview.net/forum?id=Sy2fzU9gl
"""

import numpy as np

from ..annotations import Array, Progress, Result
from ..errors import InputError, NotDefined
from ..sklearn_0_20.logistic import fit_machines, predict
from .arrays import as_array, as_classes, check_codes, check_fixed, check_sizes


def beta_vae(
    pairs_train: Array, fixed_train: Array, pairs_eval: Array, fixed_eval: Array, progress: Progress = None
) -> Result:
    """How well a linear classifier finds the factor that two points share, from how far apart their codes are.

    pairs_train, pairs_eval  (votes, 2, size, D): in each vote, codes of `size` pairs of points, the two of a pair
                             equal in one factor
    fixed_train, fixed_eval  (votes,) integers: which factor that is

    Returns what `score_differences` does, and raises what it does.
    """
    train, evaluated = (
        mean_difference(as_array(pairs, name), name)
        for pairs, name in ((pairs_train, "pairs_train"), (pairs_eval, "pairs_eval"))
    )
    return score_differences(train, fixed_train, evaluated, fixed_eval, progress)


def mean_difference(pairs, name="pairs"):
    """Mean absolute difference (votes, D) float32 of pairs of codes (votes, 2, size, D), `name` in messages."""
    if pairs.ndim != 4 or pairs.shape[1] != 2 or pairs.dtype.kind not in "fiu" or not pairs.size:
        raise InputError(f"{name}: {pairs.dtype} {pairs.shape}, expected numbers of shape (votes, 2, size, num_codes)")
    check_sizes(pairs, name)
    first, second = pairs[:, 0].astype(np.float32), pairs[:, 1].astype(np.float32)
    return np.mean(np.abs(first - second), axis=1)


def score_differences(differences_train, fixed_train, differences_eval, fixed_eval, progress=None):
    """The score from mean absolute differences (votes, D) and the factors (votes,) that were held fixed.

    progress  called with (machines just fitted, of how many)

    Returns a dictionary; the score is 'eval_accuracy', in [0, 1], higher is better; chance is about one over the
    number of factors. Also 'train_accuracy'. NotDefined (a ValueError) for fewer than two factors in training.

    Degenerate input: constant codes leave the commonest factor in training as the answer for all, as in the original.
    The classifier is scikit-learn 0.20.3's (that of the paper is trained by Adagrad), see sklearn_0_20/logistic.py.
    """
    train = check_codes(differences_train, "pairs_train")
    evaluated = check_codes(differences_eval, "pairs_eval", train.shape[1])
    fixed_train = check_fixed(fixed_train, len(train), "fixed_train")
    fixed_eval = check_fixed(fixed_eval, len(evaluated), "fixed_eval")
    classes, eval_classes, count = as_classes(fixed_train, fixed_eval)
    if count < 2:
        raise NotDefined("fixed_train: 1 factor, expected at least 2 (the classifier tells them apart)")
    machines = fit_machines(train, classes, count, progress)
    return {
        "train_accuracy": float(np.mean(predict(train, machines) == classes)),
        "eval_accuracy": float(np.mean(predict(evaluated, machines) == eval_classes)),
    }
