"""The loop's ends: numbers that are not finite at the last moment, and saves that fail."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from trainers import trainer

from utils.run.budget import Budget
from utils.run.folder import Run
from utils.run.log import read_log
from utils.run.loop import ROLL_BACKS, Loop, NotFinite

IMAGES = {"name": "tiny", "images": 40, "height": 64, "width": 64, "channels": 3, "fingerprint": "1234"}
STEPS = 4


class Silent:
    """Events that nobody hears."""

    def register_progress(self, share):
        pass


@pytest.fixture
def loop(tmp_path, tiny_images):
    trained = trainer(tiny_images, steps=STEPS)
    encoder = tmp_path / "run" / "representation" / "pytorch_model.pt"
    with Run(tmp_path / "run", trained.config, encoder, lambda folder, trained: None) as run:
        run.open(False, IMAGES)
        yield Loop(trained, run, Budget(600.0), SimpleNamespace(signal=None), Silent(), 0.0)
    trained.close()


@pytest.fixture
def without_checkpoints(loop, monkeypatch):
    """A loop on a disk that takes everything but checkpoints."""

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.run.checkpoint.save", full)
    monkeypatch.setattr("utils.run.loop.LOG_SECONDS", (0.0, 0.0))
    return loop


def spoil_from_step(first, loop, monkeypatch):
    """Make the numbers of the update `first` and of all later ones NaN; the steps, which grow as they are made."""
    update, steps = loop.trainer.update, []

    def spoiled(spent):
        numbers = update(spent)
        steps.append(loop.trainer.step)
        return {**numbers, "kl": numbers["kl"] * float("nan")} if steps[-1] >= first else numbers

    monkeypatch.setattr(loop.trainer, "update", spoiled)
    return steps


def spoil_the_last_step_once(loop, monkeypatch):
    """Make a number of the last update NaN, the first time; a list that is then no longer empty."""
    update, spoiled = loop.trainer.update, []

    def update_once_spoiled(spent):
        numbers = update(spent)
        if loop.trainer.step == STEPS and not spoiled:
            spoiled.append(True)
            return {**numbers, "reconstruction": torch.tensor(float("nan"))}
        return numbers

    monkeypatch.setattr(loop.trainer, "update", update_once_spoiled)
    return spoiled


def test_number_that_is_not_finite_after_the_last_update_is_trained_again(loop, monkeypatch):
    spoiled = spoil_the_last_step_once(loop, monkeypatch)
    assert loop.go() == "all updates done"
    assert spoiled
    assert loop.trainer.step == STEPS


def test_rescue_does_not_claim_a_save_that_failed(loop, monkeypatch):
    loop.save()
    loop.trainer.update()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.run.checkpoint.save", full)
    assert loop.rescue() == "the last good checkpoint and encoder stay"


def test_rescue_says_what_it_saved(loop):
    loop.save()
    loop.trainer.update()
    assert loop.rescue().startswith("checkpoint and encoder of step 1 are saved")


def test_rescue_of_another_process_than_the_main_one_claims_no_save(loop, monkeypatch):
    loop.trainer.update()
    monkeypatch.setattr(loop.group, "rank", 1)
    assert loop.rescue() == "what the main process saved last stays"


def test_update_is_told_the_share_of_the_budget_that_is_spent(loop, monkeypatch):
    update, told = loop.trainer.update, []
    monkeypatch.setattr(loop.trainer, "update", lambda spent: told.append(spent) or update(spent))
    loop.budget = Budget(600.0, began=loop.budget.clock() - 150.0)
    loop.go()
    assert 0.25 <= told[0] <= told[-1] < 0.5


def test_share_that_is_spent_counts_the_training_before_this_process_and_its_whole_budget(loop):
    loop.budget = Budget(600.0, began=loop.budget.clock() - 150.0)
    again = Loop(loop.trainer, loop.run, loop.budget, loop.stop, loop.events, seconds_before=600.0)
    assert again.spent() == pytest.approx((600 + 150) / 1200, abs=0.02)


def test_each_roll_back_goes_on_with_another_attempt(loop, monkeypatch):
    update, attempts = loop.trainer.update, []

    def update_twice_spoiled(spent):
        attempts.append(loop.trainer.attempt)
        numbers = update(spent)
        return {**numbers, "kl": numbers["kl"] * float("nan")} if len(attempts) in (STEPS, 2 * STEPS) else numbers

    monkeypatch.setattr(loop.trainer, "update", update_twice_spoiled)
    monkeypatch.setattr(loop, "seconds_between_checkpoints", lambda: 600.0)
    loop.go()
    assert attempts == [0] * STEPS + [1] * STEPS + [2] * STEPS


def test_a_roll_back_leaves_a_log_whose_steps_rise(loop, monkeypatch):
    spoiled = spoil_the_last_step_once(loop, monkeypatch)
    monkeypatch.setattr("utils.run.loop.LOG_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(loop, "seconds_between_checkpoints", lambda: 0.0 if loop.trainer.step == 1 else 600.0)
    loop.go()
    assert spoiled
    assert read_log(loop.run.folder / "log.csv")["step"].tolist() == [1, 2, 3, 4]


def test_a_save_asks_the_budget_whether_there_is_time_for_a_report(loop):
    loop.run.write_report = lambda folder, trained: pytest.fail("there is no time for a report")
    loop.budget.permits = lambda seconds: False
    loop.save()
    assert loop.run.saved


def test_roll_backs_from_one_step_are_counted_across_checkpoints_before_it(loop, monkeypatch):
    steps = spoil_from_step(3, loop, monkeypatch)
    monkeypatch.setattr("utils.run.loop.LOG_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(loop, "seconds_between_checkpoints", lambda: 0.0 if 3 in steps else 600.0)
    with pytest.raises(NotFinite, match=f"near step 3, {ROLL_BACKS + 1} times in spite of other batches"):
        loop.go()
    assert steps == [1, 2, 3] * 2 + [3] * (ROLL_BACKS - 1)


@pytest.mark.parametrize("name", ["encoder", "decoder", "discriminator"])
def test_weights_of_every_network_are_checked_to_be_finite(loop, name):
    assert loop.is_finite({})
    weight = next(loop.trainer.networks[name].parameters())
    weight.data[-1] = float("nan")
    assert not loop.is_finite({})


@pytest.mark.parametrize(("saved_after", "seconds"), [(0.5, 5.0), (40.0, 40.0), (1000.0, 300.0)])
def test_checkpoints_come_after_twice_the_time_until_they_are_as_rare_as_is_wished(loop, saved_after, seconds):
    loop.saved_at = loop.started + saved_after
    assert loop.seconds_between_checkpoints() == pytest.approx(seconds)


def test_numbers_that_are_not_finite_at_many_places_end_no_run_that_gets_past_them(loop, monkeypatch):
    update, places = loop.trainer.update, list(range(2, 2 + 2 * ROLL_BACKS))
    loop.trainer.config = dataclasses.replace(loop.trainer.config, steps=places[-1] + 1)
    monkeypatch.setattr(loop, "seconds_between_checkpoints", lambda: 0.0)

    def update_spoiled_once_at_each_place(spent):
        numbers = update(spent)
        if places and loop.trainer.step == places[0]:
            numbers = {**numbers, "kl": numbers["kl"] * float("nan")}
            places.pop(0)
        return numbers

    monkeypatch.setattr(loop.trainer, "update", update_spoiled_once_at_each_place)
    assert loop.go() == "all updates done"
    assert not places


def test_not_finite_is_raised_at_once_where_there_is_no_checkpoint(without_checkpoints, monkeypatch):
    steps = spoil_from_step(2, without_checkpoints, monkeypatch)
    with pytest.raises(NotFinite, match="near step 2, and there is no checkpoint to go back to"):
        without_checkpoints.go()
    assert steps == [1, 2]


def test_not_finite_names_the_step_of_the_encoder_that_is_exported(without_checkpoints, monkeypatch):
    spoil_from_step(3, without_checkpoints, monkeypatch)
    monkeypatch.setattr(without_checkpoints, "seconds_between_checkpoints", lambda: 0.0)
    with pytest.raises(NotFinite, match=r"near step 3, .* the encoder of step 2 stays exported"):
        without_checkpoints.go()


@pytest.mark.parametrize(
    ("objective", "weights"), [("beta_vae", "beta=4"), ("bottleneck_vae", "gamma=30, capacity=25")]
)
def test_not_finite_names_the_weights_that_the_objective_reads(loop, objective, weights):
    loop.trainer.config = dataclasses.replace(loop.trainer.config, objective=objective)
    with pytest.raises(NotFinite, match=rf"lower learning_rate or the weights of {objective} \({weights}\)$"):
        loop.roll_back()


@pytest.mark.parametrize(("spent", "expected"), [(60.0, 0.25), (300.0, 0.5)])
def test_progress_is_what_is_spent_of_steps_or_budget_whichever_is_more(loop, spent, expected):
    told = []
    loop.events = SimpleNamespace(register_progress=told.append)
    loop.budget, loop.trainer.step = Budget(600.0, began=0.0, clock=lambda: spent), 1
    loop.report_progress({"kl": 0.5}, 1.0, last=False)
    assert told == [expected]


def test_seconds_of_the_log_count_the_training_before_this_process(loop):
    Loop(loop.trainer, loop.run, loop.budget, loop.stop, loop.events, seconds_before=1000.0).go()
    assert read_log(loop.run.folder / "log.csv")["seconds"][-1] >= 1000


def test_no_update_is_begun_that_would_take_longer_than_the_time_left(loop, monkeypatch):
    now, update = [0.0], loop.trainer.update
    loop.budget = Budget(100.0, began=0.0, clock=lambda: now[0])
    monkeypatch.setattr("utils.run.loop.time.monotonic", lambda: now[0])
    monkeypatch.setattr(loop, "save", lambda: setattr(loop, "saved_at", now[0]))

    def slow(spent):
        now[0] += 40.0
        return update(spent)

    monkeypatch.setattr(loop.trainer, "update", slow)
    loop.go()
    assert loop.trainer.step == 2


def test_an_update_near_the_end_takes_until_the_gpu_has_made_it(loop, monkeypatch):
    now, waits = [0.0], []
    loop.budget = Budget(100.0, began=0.0, clock=lambda: now[0])
    loop.trainer.device = torch.device("cuda:0")
    monkeypatch.setattr("utils.run.loop.torch.cuda.synchronize", lambda device: waits.append(now[0]))
    for now[0] in (50.0, 99.0):
        loop.wait_near_the_end()
    assert waits == [99.0]


COLLAPSE = [(2, 1000, True), (1, 999, False), (3, 1000, False)]  # SMALL has three latents


@pytest.mark.parametrize(("active", "step", "expected"), COLLAPSE)
def test_collapsed_latents_are_noted_after_1000_updates(loop, capsys, active, step, expected):
    loop.active_latents, loop.trainer.step = active, step
    loop.report_collapse()
    noted = "active (KL above 0.01 nats): the others carry nothing of the images" in capsys.readouterr().err
    assert noted is expected


def test_active_latents_are_those_of_the_last_row(loop):
    loop.go()
    assert loop.active_latents == read_log(loop.run.folder / "log.csv")["active_latents"][-1]
