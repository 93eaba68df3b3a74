"""The scores of an encoder on a data set."""

import time

from .drawn import samples_of_drawn
from .encoder import Encoder
from .errors import InputError, NotDefined
from .metrics.table import DEFAULT, find_metrics
from .progress import Silent
from .protocol import CHALLENGE, SEEDS
from .samples import assemble, parts_of
from .stored import samples_of_stored


def evaluate(
    representation_function,
    dataset,
    metrics=DEFAULT,
    seed=0,
    jobs=1,
    as_uint8=False,
    cache=None,
    report=None,
    sizes=CHALLENGE,
):
    """Score `representation_function` on `dataset` as the challenge does.

    representation_function  images (N, height, width, channels) float32 in [0, 1] -> codes (N, D), D >= 2, finite
    dataset    with factors: see "A data set" in README.md here
    metrics    names out of metrics.table.METRICS, in the order in which they are to be computed; default: the five
    seed       of all draws, from 0 to 2**32 - 1; 0 in the challenge
    jobs       threads
    as_uint8   hand the images over as they are stored, for a function that divides by 255 itself
    cache      a cache.CodesCache, for images that are stored; None: encode anew
    report     is called as things happen (see progress.Silent); None: nothing is reported
    sizes      a protocol.Sizes: how much is drawn

    Returns {name: result}, each result the dictionary of the metric's array function; its score is
    METRICS[name].score(result). A metric that is not defined on the data set (DCI of a single factor) is reported
    and left out. Raises InputError for unknown metrics, for codes that cannot be scored (see encoder.Encoder), and
    if no metric is defined.
    """
    chosen, parts = find_metrics(metrics), parts_of(find_metrics(metrics))
    check_seed(seed)
    encoder, report = Encoder(representation_function, as_uint8), report or Silent()
    if dataset.images_are_stored:
        codes, labels = samples_of_stored(encoder, dataset, parts, seed, sizes, cache, report)
    else:
        codes, labels = samples_of_drawn(encoder, dataset, parts, seed, sizes, report)
    return score(assemble(codes, labels, sizes), chosen, seed, jobs, report)


def score(samples, metrics, seed=0, jobs=1, report=None):
    """{name: result} of the Metric records `metrics` on `samples` (samples.Samples), as `evaluate` returns it."""
    report, results, reasons = report or Silent(), {}, []
    for metric in metrics:
        began = time.monotonic()
        arrays = [array for need in metric.needs for array in getattr(samples, need)]
        try:
            with report.stage(metric.name) as progress:
                options = {"seed": seed, "jobs": jobs, "progress": progress}
                result = metric.function(*arrays, **{name: options[name] for name in metric.options})
        except NotDefined as reason:
            reasons.append(f"{metric.name} is not defined here: {reason}")
            report.say(reasons[-1])
            continue
        results[metric.name] = result
        report.scored(metric.name, result, time.monotonic() - began)
    if not results:
        raise InputError("; ".join(reasons))
    return results


def check_seed(seed):
    """InputError unless `seed` is one that numpy's RandomState takes."""
    if isinstance(seed, bool) or int(seed) != seed or not 0 <= seed < SEEDS:
        raise InputError(f"seed {seed!r}: expected a whole number from 0 to {SEEDS - 1}")
