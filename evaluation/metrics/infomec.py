"""InfoMEC: modularity, explicitness and compactness, all from mutual information.

Hsu, Dorrell, Whittington, Wu & Finn 2023, "Disentanglement via latent quantization", the section on InfoMEC,
https://arxiv.org/abs/2305.18378
"""

import joblib
import numpy as np

from ..annotations import Array, Progress, Result
from .arrays import check_pair, varying
from .information import as_variables
from .neighbours import neighbour_information

ACTIVE_PART = 20  # a code counts if its range exceeds the widest one over this
MOST_ROUNDS, SMALL_GRADIENT = 100, 1e-4  # where the classifier's L-BFGS stops


def infomec(codes: Array, factors: Array, seed: int = 0, jobs: int = 1, progress: Progress = None) -> Result:
    """InfoM, InfoE and InfoC of continuous codes: what `infom_and_infoc` and `infoe` return, in one dictionary.

    Arguments, errors and degenerate input as there; `progress` counts each factor twice.
    """
    twice = progress and (lambda done, total: progress(done, 2 * total))
    return {**infom_and_infoc(codes, factors, seed, jobs, twice), **infoe(codes, factors, twice)}


def infom_and_infoc(codes, factors, seed=0, jobs=1, progress=None):
    """Modularity and compactness: does a code inform of one factor only, and does one code only inform of a factor?

    codes     (n, D), cast to float32
    factors   (n, F) integers
    seed      of the noise that breaks ties between equal codes; as numpy's global state seeded with it
    jobs      threads
    progress  called with (factors just done, of how many)

    Returns a dictionary; both scores are at most 1, higher is better, and equal shares give 0:
      infom        a code's largest normalised information over the sum of its, averaged over the active codes, rescaled
      infoc        a factor's largest normalised information over the sum of its over the active codes, averaged over
                   factors, rescaled
      nmi          (D, F) normalised information: mutual information, estimated from 10 nearest neighbours, over the
                   factor's entropy
      active_dims  codes whose range exceeds a 20th of the widest code's

    Degenerate input: factors with a single value are left out, their column of `nmi` is NaN; NotDefined (a ValueError)
    if fewer than two are left (the original divides 0 by 0). An active code, or a factor, without information counts
    as equal shares. infoc is 0 if fewer than two codes are active, infom if none is. (The original returns NaN for
    these.) The original's settings for discrete codes are not offered.

    Codes that occur many times over seem to have all information about every factor: where all 10 neighbours of a point
    are the same image, its code identifies the image. So the data should have many more images than there are points.
    """
    codes, factors = check_pair(codes, factors)
    kept = varying(factors, at_least=2)
    standard, noise = _standardise(codes), np.random.RandomState(seed)
    nmi = np.full((codes.shape[1], factors.shape[1]), np.nan)
    for f, classes in zip(kept, as_variables(factors[:, kept])):
        nmi[:, f] = _normalised_information(standard, classes, noise, jobs)
        if progress is not None:
            progress(1, len(kept))
    ranges = codes.max(axis=0) - codes.min(axis=0)
    active = np.flatnonzero(ranges > ranges.max() / ACTIVE_PART)
    pruned = nmi[np.ix_(active, kept)]
    return {"infom": _concentration(pruned), "infoc": _concentration(pruned.T), "nmi": nmi, "active_dims": active}


def infoe(codes, factors, progress=None):
    """Explicitness: how much of a factor's entropy a linear softmax classifier on all codes takes away.

    codes     (n, D), cast to float32
    factors   (n, F) integers
    progress  called with (factors just done, of how many)

    Returns a dictionary: 'infoe', the share taken away averaged over factors, at most 1, 0 by chance, higher is better,
    and 'explicitness' (F,) of each factor. Classifier and share are computed on the same points, as in the original.

    Factors with a single value are left out and are NaN; NotDefined (a ValueError) if none is left. The classifier is
    that of scikit-learn 1.3.2, with which the original was run for comparison: classes weighted to balance, no
    penalty, 100 rounds at most. Codes that need more rounds make the score depend on where these end, and then on
    rounding.
    """
    codes, factors = check_pair(codes, factors)
    kept = varying(factors)
    standard, shares = _standardise(codes), np.full(factors.shape[1], np.nan)
    for f, classes in zip(kept, as_variables(factors[:, kept])):
        shares[f] = 1 - _cross_entropy(standard, classes) / np.log(classes.max() + 1)
        if progress is not None:
            progress(1, len(kept))
    return {"infoe": float(np.nanmean(shares)), "explicitness": shares}


def _standardise(codes):
    """Codes by mean and deviation, kept in single precision as scikit-learn's StandardScaler keeps them; as float64."""
    codes64 = codes.astype(np.float64)
    deviation = np.where(codes.min(axis=0) < codes.max(axis=0), codes64.std(axis=0), 1.0)
    centred = (codes64 - codes64.mean(axis=0)).astype(np.float32)
    return (centred / deviation).astype(np.float32).astype(np.float64)


def _normalised_information(codes, classes, random_state, jobs):
    """Information (D,) of each code on `classes`, over their entropy."""
    noise = random_state.standard_normal((codes.shape[1], len(codes)))
    tasks = (joblib.delayed(neighbour_information)(code, classes, row) for code, row in zip(codes.T, noise))
    information = joblib.Parallel(n_jobs=jobs, backend="threading")(tasks)
    shares = np.bincount(classes) / len(classes)
    return np.array(information) / -np.sum(shares * np.log(shares))


def _concentration(information):
    """Largest over sum of each row of `information`, averaged over rows, rescaled so that equal shares give 0."""
    rows, columns = information.shape
    if not rows or columns < 2:
        return 0.0
    largest, total = information.max(axis=1), information.sum(axis=1)
    shares = np.divide(largest, total, out=np.full(rows, 1 / columns), where=total > 0)
    return float((shares.mean() - 1 / columns) / (1 - 1 / columns))


def _cross_entropy(codes, classes):
    """Mean nats that a softmax classifier on `codes` (n, D), fitted with balanced classes, leaves of `classes`."""
    from scipy.optimize import minimize  # takes time to import

    x, count = np.hstack([codes, np.ones((len(codes), 1))]), classes.max() + 1
    weights = (len(classes) / (count * np.bincount(classes)))[classes]
    points = np.arange(len(classes))

    def loss(flat):
        probabilities, logs = _softmax(x @ flat.reshape(-1, count), classes)
        probabilities[points, classes] -= 1
        return -weights @ logs, (x.T @ (probabilities * weights[:, None])).ravel()

    options = {"maxiter": MOST_ROUNDS, "gtol": SMALL_GRADIENT}
    best = minimize(loss, np.zeros(x.shape[1] * count), method="L-BFGS-B", jac=True, options=options).x
    return float(-np.mean(_softmax(x @ best.reshape(-1, count), classes)[1]))


def _softmax(logits, classes):
    """Probabilities (n, classes), and the logarithm (n,) of each point's probability of its own class."""
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(classes)), classes]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1)
    logits /= total[:, None]
    return logits, own - np.log(total)
