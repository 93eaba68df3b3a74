"""The five official metrics of an encoder on a data set."""

import time

from evaluation.codes import Encoded, encode
from evaluation.dci import dci
from evaluation.factor_vae import score_votes
from evaluation.irs import irs
from evaluation.mig import mig
from evaluation.progress import Silent
from evaluation.protocol import METRICS, NUM_TRAIN, NUM_TRAIN_VOTES, draw_points, draw_votes
from evaluation.sap import sap
from utils.errors import InputError


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
    result[SCORES[name]].
    Raises InputError for unknown metrics and for codes that cannot be scored (see evaluation.codes.encode).
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise InputError(f"metrics {list(metrics)}: expected some of {', '.join(METRICS)}")
    report = report or Silent()
    points = draw_points(dataset, seed) if set(metrics) != {"factor_vae_metric"} else None
    votes = draw_votes(dataset, seed) if "factor_vae_metric" in metrics else None
    encoded = _encoded(representation_function, dataset, points, votes, seed, as_uint8, cache, report)
    results = {}
    for name in metrics:
        began = time.monotonic()
        with report.stage(name) as bar:
            results[name] = _SCORERS[name](encoded, points, votes, seed, jobs, bar)
        report.scored(name, results[name], time.monotonic() - began)
    return results


def _encoded(represent, dataset, points, votes, seed, as_uint8, cache, report):
    """Codes from the cache where it has them, the rest encoded in one pass and kept."""
    kept = Encoded()
    asked = {"points": points, "votes": votes}
    for part in [part for part, request in asked.items() if request is not None and cache is not None]:
        found = cache.load(part, seed)
        if found is not None:
            report.say(f"codes of the {part} reused: same encoder, same data")
            kept = kept._replace(**{name: array for name, array in found._asdict().items() if array is not None})
            asked[part] = None
    if asked["points"] is None and asked["votes"] is None:
        return kept
    with report.stage("encoding") as bar:
        fresh = encode(represent, dataset.images, as_uint8=as_uint8, progress=bar, **asked)
    if cache is not None:
        if asked["points"] is not None:
            cache.save("points", seed, fresh._replace(variances=None, local_variances=None))
        if asked["votes"] is not None:
            cache.save("votes", seed, fresh._replace(points=None))
    return kept._replace(**{name: array for name, array in fresh._asdict().items() if array is not None})


def _halves(encoded, points):
    codes, factors = encoded.points, points.factors
    return codes[:NUM_TRAIN], factors[:NUM_TRAIN], codes[NUM_TRAIN:], factors[NUM_TRAIN:]


def _score_dci(encoded, points, votes, seed, jobs, bar):
    return dci(*_halves(encoded, points), seed=seed, jobs=jobs, progress=bar)


def _score_sap(encoded, points, votes, seed, jobs, bar):
    return sap(*_halves(encoded, points), seed=seed, jobs=jobs, progress=bar)


def _score_mig(encoded, points, votes, seed, jobs, bar):
    return mig(*_halves(encoded, points)[:2], jobs=jobs, progress=bar)


def _score_irs(encoded, points, votes, seed, jobs, bar):
    return irs(*_halves(encoded, points)[:2], progress=bar)


def _score_factor_vae(encoded, points, votes, seed, jobs, bar):
    train, held_out = slice(NUM_TRAIN_VOTES), slice(NUM_TRAIN_VOTES, None)
    local, fixed = encoded.local_variances, votes.fixed
    return score_votes(encoded.variances, local[train], fixed[train], local[held_out], fixed[held_out])


_SCORERS = {
    "dci": _score_dci,
    "factor_vae_metric": _score_factor_vae,
    "sap_score": _score_sap,
    "mig": _score_mig,
    "irs": _score_irs,
}
