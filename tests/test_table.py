import inspect

import pytest

from evaluation.metrics.table import DEFAULT, METRICS, OFFICIAL, find_metrics
from evaluation.samples import PARTS, Samples, parts_of
from utils.errors import InputError

CHALLENGE_KEYS = {
    "factor_vae_metric": "eval_accuracy",
    "dci": "disentanglement",
    "sap_score": "SAP_score",
    "mig": "discrete_mig",
    "irs": "IRS",
}


def test_official_metrics_have_the_challenge_s_names_and_keys():
    assert {metric.name: metric.key for metric in OFFICIAL} == CHALLENGE_KEYS


def test_default_is_the_five():
    assert sorted(DEFAULT) == sorted(CHALLENGE_KEYS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metric_s_options_are_those_that_its_function_takes(metric):
    taken = inspect.signature(metric.function).parameters
    assert set(metric.options) == {"seed", "jobs", "progress"} & set(taken)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metric_s_needs_are_samples(metric):
    assert set(metric.needs) <= set(PARTS)
    assert all(hasattr(Samples, need) for need in metric.needs)


def test_find_metrics_keeps_the_order_and_drops_repetitions():
    assert [metric.name for metric in find_metrics(["mig", "dci", "mig"])] == ["mig", "dci"]


@pytest.mark.parametrize("names", [(), ("mig", "mog"), "mog"])
def test_find_metrics_refuses_by_name(names):
    with pytest.raises(InputError, match=r"(no metrics|metric 'mog'): expected some of factor_vae_metric, sap_score"):
        find_metrics(names)


def test_parts_of_metrics_are_those_that_they_need():
    assert parts_of(find_metrics(["dci", "mig"])) == ["points"]
    assert parts_of(find_metrics(["mig", "factor_vae_metric"])) == ["points", "votes"]
