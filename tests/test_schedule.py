"""The learning rate of each update."""

import dataclasses

import pytest

from utils.config import Config
from utils.training.schedule import learning_rate


@pytest.mark.parametrize(
    ("decay", "step", "spent", "share"),
    [("none", 50, 0.5, 1.0), ("steps", 50, 0.9, 0.5), ("budget", 25, 0.5, 0.5), ("budget", 50, 0.1, 0.5)],
)
def test_learning_rate_follows_its_decay(decay, step, spent, share):
    config = Config(learning_rate=1e-3, decay=decay, steps=100)
    assert learning_rate(config, step, spent) == pytest.approx(1e-3 * share)


@pytest.mark.parametrize(("step", "share"), [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (99, 1.0)])
def test_learning_rate_warms_up_linearly(step, share):
    config = Config(learning_rate=1e-3, warmup_steps=10, steps=100)
    assert learning_rate(config, step) == pytest.approx(1e-3 * share)


def test_learning_rate_warms_up_below_its_decay():
    config = Config(learning_rate=1e-3, decay="steps", steps=100)
    warmed_up = dataclasses.replace(config, warmup_steps=20)
    assert learning_rate(warmed_up, 9) == pytest.approx(0.5 * learning_rate(config, 9))


def test_learning_rate_of_a_budget_that_is_spent_is_0():
    config = Config(learning_rate=1e-3, decay="budget", steps=100)
    assert learning_rate(config, 10, 1.2) == pytest.approx(0)
