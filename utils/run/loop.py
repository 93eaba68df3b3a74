"""The loop of a run: updates until all are done or the budget or a signal ends it, nothing lost on the way."""

import math
import signal
import time
from typing import NamedTuple

import torch

from utils.notes import note
from utils.run.display import Display
from utils.run.log import CsvLog
from utils.run.means import Means
from utils.run.scalars import Scalars
from utils.training.objectives import ACTIVE_KL, weights_in_words

LOG_EVERY = 50  # steps between two rows of the log, at each of which all numbers are checked to be finite ...
LOG_SECONDS = (0.5, 30.0)  # ... which are never nearer to each other or further apart than this
FIRST_CHECKPOINT = 5.0  # seconds after the start; the next are due whenever training has gone on for twice as long
ROLL_BACKS = 3  # times that a run goes back to its last checkpoint after a number that is not finite near one place
FEW_ACTIVE, AFTER = 3, 1000  # active latents, and updates, from which on fewer are called a collapse
LAST_SECONDS = 10.0  # before the deadline each step is waited for, since a GPU's queue hides how far it is


class NotFinite(Exception):
    """Losses or weights were not finite again and again near one step, which the message names."""


class Decision(NamedTuple):
    """What to do next, the same in every process of the run: numbers, of which the largest counts."""

    stop: float  # the number of the signal that came to any of them, or 0
    spent: float  # share of the run's time, see Loop.spent
    over: float  # 1 if no training time is left
    checkpoint: float  # 1 if one is due
    log: float  # 1 if one is due


class Loop:
    """One run: `go()` trains and returns, in words, why it ended.

    trainer         utils.training.trainer.Trainer, at the step where the run stands
    run, budget     utils.run.folder.Run, utils.run.budget.Budget
    stop, events    utils.run.signals.Stop, utils.grader.events.Events
    seconds_before  of training, before this process
    """

    def __init__(self, trainer, run, budget, stop, events, seconds_before):
        self.trainer, self.run, self.budget, self.stop, self.events = trainer, run, budget, stop, events
        self.group, self.means = trainer.group, Means()
        if self.group.is_main:
            self.open_logs()
            self.display = Display(trainer.config.steps, trainer.step)
        self.started = time.monotonic()
        self.began = self.started - seconds_before
        self.logged_at, self.logged_step = self.started, trainer.step
        self.rolled_back, self.failed_step = 0, 0  # how often since a save at the step that failed last
        self.saved_step = None
        self.active_latents = math.inf  # at the last row of the log
        self.update_seconds = 0.0  # that the last one took: another is not begun with less time left

    def open_logs(self):
        """To go on after the trainer's step; rows of later steps are dropped."""
        self.log = CsvLog(self.run.folder / "log.csv", self.trainer.step)
        self.run.try_write("log.csv", self.log.open)
        self.scalars = Scalars(self.run.folder / "tensorboard", self.trainer.step)

    def go(self):
        self.save()  # a valid encoder from the first minute on, and the measure of what saving takes
        while True:
            decision = self.decide()
            if decision.checkpoint or decision.log:
                if not self.log_progress():
                    self.roll_back()
                elif decision.checkpoint:
                    self.save()
            elif reason := self.reason_to_stop(decision):
                if not self.means.count or self.log_progress(last=True):
                    break
                self.roll_back()
            else:
                began = time.monotonic()
                self.means.add(self.trainer.update(decision.spent))
                self.wait_near_the_end()
                self.update_seconds = time.monotonic() - began
        self.end()
        return reason

    def wait_near_the_end(self):
        """Until a GPU has made its updates, which it otherwise does some time after they are asked for."""
        if self.group.is_main and self.budget.left < LAST_SECONDS and self.trainer.device.type == "cuda":
            torch.cuda.synchronize(self.trainer.device)

    def decide(self):
        """The main process's, from its clock; a signal may have come to any process."""
        decision = Decision(self.stop.signal or 0, 0, 0, 0, 0)
        if self.group.is_main:
            now, learned = time.monotonic(), self.means.count > 0
            decision = decision._replace(
                spent=self.spent(),
                over=float(self.budget.left <= self.update_seconds),
                checkpoint=float(learned and now - self.saved_at >= self.seconds_between_checkpoints()),
                log=float(learned and now - self.logged_at >= LOG_SECONDS[self.trainer.step % LOG_EVERY != 0]),
            )
        return Decision(*self.group.all_reduce_max(decision))

    def spent(self):
        """The share that is gone of the time which the run has had when this process's budget ends."""
        before = self.started - self.began
        return (before + self.budget.spent) / (before + self.budget.seconds)

    def seconds_between_checkpoints(self):
        """Few at first, so that the exported encoder is soon a trained one; then up to `checkpoint_every`."""
        return min(self.trainer.config.checkpoint_every, max(FIRST_CHECKPOINT, self.saved_at - self.started))

    def reason_to_stop(self, decision):
        """In words, or None to go on."""
        if decision.stop:
            self.stop.signal = signal.Signals(int(decision.stop))
            return f"stopped by {self.stop.signal.name}"
        if self.trainer.step >= self.trainer.config.steps:
            return "all updates done"
        return "time budget spent" if decision.over else None

    def log_progress(self, last=False):
        """Log, show and report the numbers since the last row; false if they or the weights are not finite."""
        numbers, step = self.means.take(), self.trainer.step
        now = time.monotonic()
        rate = (step - self.logged_step) / (now - self.logged_at)
        self.logged_at, self.logged_step = now, step
        if not self.is_finite(numbers):
            return False
        self.active_latents = numbers["active_latents"]
        if self.group.is_main:
            self.report_progress(numbers, rate, last)
        return True

    def report_progress(self, numbers, rate, last):
        """To log.csv, to TensorBoard, to people and to the grader; what fails there ends no run."""
        step, now = self.trainer.step, time.monotonic()
        row = {"step": step, "seconds": now - self.began, "steps_per_second": rate, **numbers}
        self.run.try_write("log.csv", lambda: self.log.add(row))
        self.run.try_write("tensorboard", lambda: self.scalars.add(row))
        self.run.try_write("progress", lambda: self.display.show(row, self.seconds_left(rate), last))
        self.events.register_progress(max(step / self.trainer.config.steps, self.budget.spent / self.budget.seconds))

    def is_finite(self, numbers):
        """Whether losses and weights are finite: only such a state may become a checkpoint."""
        if not all(math.isfinite(value) for value in numbers.values()):
            return False
        networks = self.trainer.networks.values()
        sums = [parameter.detach().sum() for network in networks for parameter in network.parameters()]
        return bool(torch.isfinite(torch.stack(sums)).all())

    def roll_back(self):
        """To the last checkpoint, with other batches and noise; NotFinite after too many times, or if there is none."""
        step, attempt = self.trainer.step, self.trainer.attempt
        self.rolled_back, self.failed_step = self.rolled_back + 1, step
        if self.run.resume(self.trainer) is None:
            raise self.not_finite(step, "and there is no checkpoint to go back to")
        if self.rolled_back > ROLL_BACKS:
            raise self.not_finite(step, f"{self.rolled_back} times in spite of other batches")
        self.trainer.attempt = attempt + 1
        self.means, self.logged_step = Means(), self.trainer.step
        if self.group.is_main:
            self.open_logs()
            print(
                f"numbers not finite near step {step}: back to step {self.trainer.step}, with other batches", flush=True
            )

    def not_finite(self, step, circumstance):
        """The NotFinite that ends the run; names the encoder that stays and what to change."""
        stays = self.run.exported_step
        encoder = "no encoder is exported" if stays is None else f"the encoder of step {stays} stays exported"
        weights, _ = weights_in_words(self.trainer.config)
        return NotFinite(
            f"losses or weights were not finite near step {step}, {circumstance}; {encoder}; lower learning_rate or "
            f"the weights of {self.trainer.config.objective} ({weights})"
        )

    def save(self):
        """Checkpoint, export, report; the time it took is held back from the budget."""
        if self.group.is_main:
            seconds = time.monotonic() - self.began
            self.budget.hold_back(self.run.save(self.trainer, seconds, self.budget.permits))
        self.saved_at = time.monotonic()
        if self.trainer.step >= self.failed_step:
            self.rolled_back = 0
        if self.run.saved or not self.group.is_main:
            self.saved_step = self.trainer.step

    def end(self):
        """The last save, unless all has been written since the last step."""
        if self.group.is_main:
            self.display.close()
            self.report_collapse()
        if self.trainer.step != self.saved_step or self.run.problems:
            self.save()

    def report_collapse(self):
        """A note if most latents carry nothing of the images, which losses alone do not show."""
        active, latents = self.active_latents, self.trainer.config.latent_dim
        if active < min(FEW_ACTIVE, latents) and self.trainer.step >= AFTER:
            note(
                f"{active} of {latents} latents {'is' if active == 1 else 'are'} active (KL above {ACTIVE_KL} nats): "
                "the others carry nothing of the images; docs/unseen_sets.md says what helped"
            )

    def rescue(self):
        """After an error: save what was learned since the last checkpoint if it is finite; says what was done."""
        if not self.group.is_main:
            return "what the main process saved last stays"
        try:
            if self.trainer.step != self.saved_step and self.is_finite({}):
                self.end()
        except Exception as error:  # the device itself may have failed
            return f"nothing could be saved after it ({type(error).__name__})"
        if self.trainer.step != self.saved_step:
            return "the last good checkpoint and encoder stay"
        return f"checkpoint and encoder of step {self.saved_step} are saved; the same command goes on from there"

    def seconds_left(self, rate):
        """Until the steps are made or the budget is spent, whichever is first."""
        steps = self.trainer.config.steps - self.trainer.step
        return min(self.budget.left, steps / rate if rate else math.inf)
