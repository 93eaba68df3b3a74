"""The scores of an encoder on a data set."""

import time
from typing import Any, Callable, Dict, Iterable, Optional

import numpy as np

from .annotations import Array, Result
from .cache import CodesCache
from .datasets.contract import kind_of
from .datasets.drawn import encode_drawn
from .datasets.labelled import count, make_table, plan_table
from .datasets.stored import codes_of_stored, plan
from .encoder import Encoder, Given
from .errors import InputError, NotDefined
from .metrics.arrays import check_pair
from .metrics.table import DEFAULT, find_metrics
from .options import check_options
from .progress import Silent, Warnings
from .protocol import CHALLENGE, Sizes, draws_key
from .samples import PARTS, Counts, assemble, parts_of


def evaluate(
    representation_function: Callable[[np.ndarray], Array],
    dataset: Any,
    metrics: Iterable[str] = DEFAULT,
    seed: int = 0,
    jobs: int = 1,
    as_uint8: bool = False,
    cache: Optional[CodesCache] = None,
    report: Optional[Silent] = None,
    sizes: Sizes = CHALLENGE,
) -> Dict[str, Result]:
    """Score `representation_function` on `dataset` as the challenge does.

    representation_function  images (N, height, width, channels) float32 in [0, 1] -> codes (N, D), D >= 2, finite
    dataset    images, and their factors or labels: see "A data set" in README.md here and datasets/contract.py
    metrics    names out of metrics.table.METRICS, in the order in which they are to be computed; default: the five
    seed       of all draws, from 0 to 2**32 - 1; 0 in the challenge
    jobs       threads, from 1 to 1024; -1: all cores
    as_uint8   hand the images over as they are stored, for a function that divides by 255 itself
    cache      a cache.CodesCache, for images that are not drawn; None: encode anew
    report     is called as things happen (see progress.Silent, which reports nothing, and Console); None: warnings
               alone, of codes that differ in a second call and of metrics that are not defined
    sizes      a protocol.Sizes: how much is drawn

    Returns {name: result}, each result the dictionary of the metric's array function; its score is
    METRICS[name].score(result). A metric that is not defined on the data set (DCI of a single factor) is reported
    and left out. Raises InputError for unknown metrics, for a data set that is not one, for codes that
    cannot be scored (see encoder.Encoder), and if no metric is defined.
    """
    check_options(seed, jobs, sizes)
    chosen, kind = find_metrics(metrics), kind_of(dataset)
    encoder, report = Encoder(representation_function, as_uint8), report or Warnings()
    if kind == "labelled":
        names = getattr(dataset, "factor_names", None)
        table = make_table(dataset.labels, names, num_images=len(dataset.images))
        samples, undefined = _of_table(encoder, dataset.images, table, chosen, seed, sizes, cache, report)
    else:
        make = _of_stored_grid if kind == "stored" else _of_drawn_grid
        samples, undefined = make(encoder, dataset, chosen, seed, sizes, cache, report), {}
    return score(samples, chosen, seed, jobs, report, undefined)


def evaluate_codes(
    codes: Array,
    factors: Array,
    codes_test: Optional[Array] = None,
    factors_test: Optional[Array] = None,
    metrics: Iterable[str] = DEFAULT,
    seed: int = 0,
    jobs: int = 1,
    report: Optional[Silent] = None,
    sizes: Sizes = CHALLENGE,
    factor_names: Optional[Iterable[str]] = None,
) -> Dict[str, Result]:
    """Score codes of labelled points, which need not be a full grid of their factors; no images, no encoder.

    codes, factors            (n, D) numbers and (n, F) integers; n at least 100
    codes_test, factors_test  points of their own for testing DCI, SAP and FactorVAE, at least 50 of each kind and 100
                              in all; None: of the same points
    factor_names              for messages
    The rest, what is returned and what is raised: as in `evaluate`. Where the challenge draws points, subsets of these
    points are drawn (see datasets/labelled.py). FactorVAE is not defined where fewer than 64 points share a value.

    >>> import numpy as np
    >>> factors = np.random.RandomState(0).randint(3, size=(2000, 2))
    >>> codes = factors + np.random.RandomState(1).normal(scale=0.1, size=(2000, 2))
    >>> results = evaluate_codes(codes, factors, metrics=("mig", "dci"))
    >>> round(results["mig"]["discrete_mig"], 2), round(results["dci"]["disentanglement"], 2)
    (0.99, 1.0)
    """
    check_options(seed, jobs, sizes)
    chosen, report = find_metrics(metrics), report or Warnings()
    codes, factors = check_pair(codes, factors)
    if (codes_test is None) != (factors_test is None):
        given, missing = ("factors_test", "codes_test") if codes_test is None else ("codes_test", "factors_test")
        raise InputError(f"{missing}: nothing, expected it with {given}")
    num_train = None
    if codes_test is not None:
        test = check_pair(codes_test, factors_test, "_test", like=(codes, factors))
        num_train = len(codes)
        codes, factors = (np.concatenate(pair) for pair in zip((codes, factors), test))
    table = make_table(factors, factor_names, num_train)
    samples, undefined = _of_table(Given(), codes, table, chosen, seed, sizes, None, report)
    return score(samples, chosen, seed, jobs, report, undefined)


def _of_stored_grid(encoder, dataset, metrics, seed, sizes, cache, report):
    """Samples of images that are stored: each is encoded once."""
    plans = {part: plan(dataset, part, seed, sizes) for part in parts_of(metrics)}
    positions = {part: found for part, (found, _) in plans.items()}
    codes = codes_of_stored(encoder, dataset.images, positions, cache, draws_key(seed, sizes), report)
    return assemble(codes, _merge(plans), _counts(sizes))


def _of_drawn_grid(encoder, dataset, metrics, seed, sizes, cache, report):
    """Samples of images that are drawn: nothing of them can be kept."""
    codes, labels = encode_drawn(encoder, dataset, parts_of(metrics), seed, sizes, report)
    return assemble(codes, labels, _counts(sizes))


def _of_table(encoder, images, table, metrics, seed, sizes, cache, report):
    """Samples of labelled points, and {part: why it cannot be drawn}."""
    plans, undefined = {}, {}
    for part in parts_of(metrics):
        try:
            plans[part] = plan_table(table, part, seed, sizes, report)
        except NotDefined as reason:
            undefined[part] = reason
    positions = {part: found for part, (found, _) in plans.items()}
    codes = codes_of_stored(encoder, images, positions, cache, draws_key(seed, sizes), report)
    return assemble(codes, _merge(plans), count(table, sizes)), undefined


def score(samples, metrics, seed=0, jobs=1, report=None, undefined=()):
    """{name: result} of the Metric records `metrics` on `samples` (samples.Samples), as `evaluate` returns it.

    undefined  {part: why it could not be drawn}: metrics that need it are reported as not defined
    """
    report, results, reasons, done = report or Silent(), {}, [], {}
    for metric in metrics:
        began = time.monotonic()
        try:
            for need in metric.needs:
                if PARTS[need] in undefined:
                    raise undefined[PARTS[need]]
            if metric.function not in done:  # InfoM and InfoC are two numbers of one result
                with report.stage(metric.name) as progress:
                    result = _apply(metric, samples, {"seed": seed, "jobs": jobs, "progress": progress})
                done[metric.function] = result, time.monotonic() - began
        except NotDefined as reason:
            reasons.append(f"{metric.name} is not defined here: {reason}")
            report.not_defined(metric.name, reason)
            continue
        results[metric.name], seconds = done[metric.function]
        report.scored(metric.name, results[metric.name], seconds)
    if not results:
        raise InputError("; ".join(reasons))
    return results


def _apply(metric, samples, options):
    arrays = [array for need in metric.needs for array in getattr(samples, need)]
    return metric.function(*arrays, **{name: options[name] for name in metric.options})


def _counts(sizes):
    return Counts(sizes.train, sizes.test, sizes.train, sizes.train_votes)


def _merge(plans):
    return {name: rows for _, labels in plans.values() for name, rows in labels.items()}
