"""The five official metrics of an encoder on a data set."""

import time

import numpy as np

from .codes import Encoded, Encoder, encode
from .errors import InputError
from .metrics.dci import dci
from .metrics.factor_vae import score_votes
from .metrics.irs import irs
from .metrics.mig import mig
from .metrics.sap import sap
from .progress import Silent
from .protocol import (
    METRICS,
    NUM_EVAL_VOTES,
    NUM_TEST,
    NUM_TRAIN,
    NUM_TRAIN_VOTES,
    NUM_VARIANCE,
    VOTE_SIZE,
    draw_points,
    draw_votes,
)


def evaluate(
    representation_function, dataset, metrics=METRICS, seed=0, jobs=1, as_uint8=False, cache=None, report=None
):
    """Score `representation_function` on `dataset` as the challenge does.

    representation_function  images (N, height, width, channels) float32 in [0, 1] -> codes (N, D), D >= 2, finite
    dataset    with factors: `images`, `factor_sizes`, `sample_factors`, `index` (see utils.data.dataset.DataSet)
    metrics    names out of METRICS, in the order in which they are to be computed
    seed       0 in the challenge
    jobs       threads
    as_uint8   hand the images over as they are stored, for a function that divides by 255 itself
    cache      an evaluation.cache.CodesCache; None: encode anew
    report     is told what happens (see evaluation.progress); None: nobody is

    Returns {name: result}, each result the dictionary of the metric's array function; the value that counts is
    result[SCORES[name]]. Raises InputError for unknown metrics and for codes that cannot be scored (see Encoder).
    """
    if not metrics or set(metrics) - set(METRICS):
        raise InputError(f"metrics {list(metrics)}: expected some of {', '.join(METRICS)}")
    report, encoder = report or Silent(), Encoder(representation_function, as_uint8)
    parts = [part for part, users in _USERS.items() if set(metrics) & users]
    obtain = _watch if hasattr(dataset.images, "draw") else _look_up
    encoded, factors, fixed = obtain(encoder, dataset, parts, seed, cache, report)
    results = {}
    for name in metrics:
        began = time.monotonic()
        with report.stage(name) as progress:
            results[name] = _SCORERS[name](encoded, factors, fixed, seed=seed, jobs=jobs, progress=progress)
        report.scored(name, results[name], time.monotonic() - began)
    return results


def _look_up(encoder, dataset, parts, seed, cache, report):
    """(Encoded, factors of the points, factors fixed in the votes): from the cache, or from each image once."""
    points = draw_points(dataset, seed) if "points" in parts else None
    votes = draw_votes(dataset, seed) if "votes" in parts else None
    asked, encoded = {"points": points, "votes": votes}, Encoded()
    for part in parts if cache is not None else []:
        found = cache.load(part, seed)
        if found is not None:
            report.say(f"codes of the {part} reused: same encoder, same data")
            encoded, asked[part] = encoded.updated(found), None
    if any(request is not None for request in asked.values()):
        with report.stage("encoding") as progress:
            fresh = encode(encoder, dataset.images, progress=progress, **asked)
        encoded = encoded.updated(fresh)
        if cache is not None:
            cache.save(fresh, seed)
    return encoded, points and points.factors, votes and votes.fixed


def _watch(encoder, dataset, parts, seed, cache, report):
    """The same where each picture is drawn anew (a background, noise): as the official code goes, look by look."""
    of_points, of_votes = NUM_TRAIN + NUM_TEST, NUM_VARIANCE + (NUM_TRAIN_VOTES + NUM_EVAL_VOTES) * VOTE_SIZE
    total = of_points * ("points" in parts) + of_votes * ("votes" in parts)
    encoded, factors, fixed = Encoded(), None, None
    with report.stage("encoding") as progress:

        def look(drawn, random_state):
            pictures = dataset.observe(drawn, random_state)
            progress(len(drawn), total)
            return np.concatenate([encoder(pictures[i : i + VOTE_SIZE]) for i in range(0, len(pictures), VOTE_SIZE)])

        def spread(drawn, random_state):
            return np.var(look(drawn, random_state), axis=0, ddof=1)

        if "points" in parts:
            factors, codes = draw_points(dataset, seed, look)
            encoded = encoded._replace(points=codes)
        if "votes" in parts:
            reference, fixed, local = draw_votes(dataset, seed, look, spread)
            encoded = encoded._replace(variances=np.var(reference, axis=0, ddof=1), local_variances=local)
    return encoded, factors, fixed


def _halves(encoded, factors):
    return encoded.points[:NUM_TRAIN], factors[:NUM_TRAIN], encoded.points[NUM_TRAIN:], factors[NUM_TRAIN:]


def _score_votes(encoded, factors, fixed, **_):
    train, held_out = slice(NUM_TRAIN_VOTES), slice(NUM_TRAIN_VOTES, None)
    local = encoded.local_variances
    return score_votes(encoded.variances, local[train], fixed[train], local[held_out], fixed[held_out])


_USERS = {"points": {"dci", "sap_score", "mig", "irs"}, "votes": {"factor_vae_metric"}}
_SCORERS = {
    "dci": lambda encoded, factors, fixed, **options: dci(*_halves(encoded, factors), **options),
    "factor_vae_metric": _score_votes,
    "sap_score": lambda encoded, factors, fixed, **options: sap(*_halves(encoded, factors), **options),
    "mig": lambda encoded, factors, fixed, seed, **options: mig(*_halves(encoded, factors)[:2], **options),
    "irs": lambda encoded, factors, fixed, seed, jobs, **options: irs(*_halves(encoded, factors)[:2], **options),
}
