"""The loop of a run: updates until the steps, the budget or a signal end it, nothing lost on the way."""

import math
import time

import torch

from utils.log import CsvLog, Display, Means

LOOK_EVERY = 50  # steps between two looks: a row in the log, and whether all numbers are finite ...
LOOK_SECONDS = 30.0  # ... which are never further apart than this
GO_BACKS = 3  # times that a run goes back to its last checkpoint after a number that is not finite
LAST_SECONDS = 10.0  # before the deadline each step is waited for, since a GPU's queue hides how far it is


class NotFinite(Exception):
    """Losses or weights were not finite again and again; the message says after how many steps."""


class Loop:
    """One run: `go()` trains and returns, in words, why it ended.

    trainer         utils.trainer.Trainer, at the step where the run stands
    run, budget     utils.run.Run, utils.budget.Budget
    stop, events    utils.signals.Stop, utils.events.Events
    seconds_before  of training, before this process
    """

    def __init__(self, trainer, run, budget, stop, events, seconds_before):
        self.trainer, self.run, self.budget, self.stop, self.events = trainer, run, budget, stop, events
        self.log, self.means = CsvLog(run.folder / "log.csv", trainer.step), Means()
        self.display = Display(trainer.config.steps, trainer.step)
        self.began = time.monotonic() - seconds_before
        self.looked_at, self.looked_step, self.went_back = time.monotonic(), trainer.step, 0

    def go(self):
        self.close()  # a valid encoder from the first minute on, and the measure of what closing takes
        while not (reason := self.why_to_end()):
            self.means.add(self.trainer.update(self.budget.spent / self.budget.seconds))
            checkpoint_due = time.monotonic() - self.closed_at >= self.trainer.config.checkpoint_every
            if checkpoint_due or self.look_is_due():
                if not self.look():
                    self.go_back()
                elif checkpoint_due:
                    self.close()
        if self.means.count and not self.look(last=True):
            self.go_back()
        self.display.close()
        self.close()
        return reason

    def why_to_end(self):
        """In words, or None to go on."""
        if self.budget.left < LAST_SECONDS and self.trainer.device.type == "cuda":
            torch.cuda.synchronize(self.trainer.device)
        if self.stop.signal:
            return f"stopped by {self.stop.signal.name}"
        if self.trainer.step >= self.trainer.config.steps:
            return "all steps made"
        return "time budget spent" if self.budget.left <= 0 else None

    def look_is_due(self):
        return self.trainer.step % LOOK_EVERY == 0 or time.monotonic() - self.looked_at >= LOOK_SECONDS

    def look(self, last=False):
        """Log, show and report the numbers since the last look; false if they or the weights are not finite."""
        numbers, step = self.means.take(), self.trainer.step
        now = time.monotonic()
        rate = (step - self.looked_step) / (now - self.looked_at)
        self.looked_at, self.looked_step = now, step
        if not self.is_sound(numbers):
            return False
        row = {"step": step, "seconds": now - self.began, "steps_per_second": rate, **numbers}
        self.run.attempt("log.csv", lambda: self.log.add(row))
        self.display.show(row, self.seconds_left(rate), last)
        self.events.register_progress(max(step / self.trainer.config.steps, self.budget.spent / self.budget.seconds))
        return True

    def is_sound(self, numbers):
        """Whether losses and weights are finite: only such a state may become a checkpoint."""
        if not all(math.isfinite(value) for value in numbers.values()):
            return False
        networks = self.trainer.networks.values()
        sums = [parameter.detach().sum() for network in networks for parameter in network.parameters()]
        return bool(torch.isfinite(torch.stack(sums)).all())

    def go_back(self):
        """To the last checkpoint, with other batches and noise; NotFinite after too many times."""
        self.went_back += 1
        step, attempt = self.trainer.step, self.trainer.attempt
        self.run.resume(self.trainer)
        if self.went_back > GO_BACKS:
            raise NotFinite(
                f"losses or weights were not finite near step {step}, {self.went_back} times in spite of other "
                "batches; the last good encoder stays exported; lower learning_rate or gamma"
            )
        self.trainer.attempt = attempt + 1
        self.means, self.looked_step = Means(), self.trainer.step
        self.log = CsvLog(self.log.path, self.trainer.step)
        print(
            f"numbers not finite near step {step}: back to step {self.trainer.step}, with other batches",
            flush=True,
        )

    def close(self):
        """Checkpoint, export, pictures; the time it took is held back from the budget."""
        self.budget.hold_back(self.run.close(self.trainer, time.monotonic() - self.began))
        self.closed_at = time.monotonic()

    def seconds_left(self, rate):
        """Until the steps are made or the budget is spent, whichever is first."""
        steps = self.trainer.config.steps - self.trainer.step
        return min(self.budget.left, steps / rate if rate else math.inf)
