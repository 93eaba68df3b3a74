import dataclasses

import pytest
import torch

from utils.bench import plan
from utils.config import Config
from utils.run.budget import Budget
from utils.training.trainer import Trainer

SMALL = Config(latent_dim=3, batch_size=4, steps=1000, time_budget=100.0)


@pytest.fixture
def trainer(tiny_images):
    trained = Trainer(SMALL, tiny_images, torch.device("cpu"))
    yield trained
    trained.close()


def test_steps_within_are_those_that_the_time_left_holds():
    config = dataclasses.replace(SMALL, checkpoint_every=1e9)
    assert plan.steps_within(config, 52.0, 0.1, 2.0) == 499  # 50 s, less what the saves in between take


def test_steps_within_lose_the_saves_in_between():
    config = dataclasses.replace(SMALL, checkpoint_every=8.0)
    assert plan.steps_within(config, 52.0, 0.1, 2.0) == 400


def test_steps_within_are_never_more_than_the_configuration_wants():
    assert plan.steps_within(dataclasses.replace(SMALL, steps=7), 52.0, 0.1, 2.0) == 7


def test_measure_plan_counts_parameters_flops_and_epochs(trainer, monkeypatch):
    monkeypatch.setattr(plan, "SECONDS", 0.1)
    found = plan.measure_plan(trainer, lambda *arguments: None, Budget(1e6))
    assert found.parameters["discriminator"] == 3 * 1000 + 5 * 1000**2 + 6 * 1000 + 1000 * 2 + 2
    assert found.flops > 0
    assert found.epochs == pytest.approx(found.steps * 8 / 40)
    assert 0 < found.steps <= 1000


def test_measure_plan_counts_epochs_of_the_images_that_are_trained_on(tiny_images, monkeypatch):
    monkeypatch.setattr(plan, "SECONDS", 0.1)
    trained = Trainer(dataclasses.replace(SMALL, held_out=30), tiny_images, torch.device("cpu"))
    found = plan.measure_plan(trained, lambda *arguments: None, Budget(1e6))
    trained.close()
    assert found.epochs == pytest.approx(found.steps * 8 / 10)


def test_plan_text_says_how_far_the_budget_goes(trainer, monkeypatch):
    monkeypatch.setattr(plan, "SECONDS", 0.1)
    found = plan.measure_plan(trainer, lambda *arguments: None, Budget(100.0))
    told = plan.plan_text(SMALL, found._replace(steps=123, epochs=24.6, seconds=100.0))
    assert "of them for the images" not in told
    assert "MiB of memory, 7 of them for the images" in plan.plan_text(SMALL, found._replace(copied=7 * 2**20))
    assert "in a budget of 1:40 it completes 123 of 1,000 updates, 24.6 epochs, in 1:40: the time budget ends" in told
