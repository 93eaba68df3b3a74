"""What an evaluation reports while it runs: nothing, or bars on a terminal and lines elsewhere."""

import contextlib
import os
import sys
import warnings

from tqdm import tqdm

from .metrics.table import METRICS


def shows_bars(stream):
    """Whether `stream` is a terminal that a bar can be seen on: some have no width, and tqdm then draws nothing."""
    if stream is None or not stream.isatty():
        return False
    try:
        return os.get_terminal_size(stream.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):  # a stream of one's own
        return True


class Silent:
    """Reports nothing; its methods are those that `evaluate` calls."""

    def say(self, text):
        """Report a line of text."""

    def warn(self, text):
        """Report a line without which the scores would be misread."""
        self.say(text)

    @contextlib.contextmanager
    def stage(self, name):
        """Enclose a stage of the work; gives a function to call with (what was just done, of how much)."""
        yield lambda done, total: None

    def scored(self, name, result, seconds):
        """The metric `name` is done."""

    def not_defined(self, name, reason):
        """The metric `name` has no score here, for this `reason`."""
        self.warn(f"{name} is not defined here: {reason}")


class Warnings(Silent):
    """Issues what the scores would be misread without as a UserWarning, and reports nothing else."""

    def warn(self, text):
        warnings.warn(text, stacklevel=2)


class Console(Silent):
    """Reports to people, on stderr. Where that cannot be written (closed, full disk), nothing is reported.

    on_score         called with (name, result, seconds) when a metric is done, before it is reported
    on_not_defined   called with (name) when a metric turns out not to be defined, before it is reported
    """

    def __init__(self, on_score=None, stream=None, on_not_defined=None):
        self.on_score, self.on_not_defined = on_score, on_not_defined
        self.stream = stream or sys.stderr

    def say(self, text):
        with contextlib.suppress(OSError, ValueError):
            if self.stream is not None:
                print(text, file=self.stream, flush=True)

    @contextlib.contextmanager
    def stage(self, name):
        if not shows_bars(self.stream):
            self.say(f"{name} …")
            yield lambda done, total: None
            return
        with tqdm(desc=name, file=self.stream, leave=False, dynamic_ncols=True) as bar:

            def advance(done, total):
                bar.total = total
                bar.update(done)

            yield advance

    def scored(self, name, result, seconds):
        if self.on_score is not None:
            self.on_score(name, result, seconds)
        self.say(f"{name}: {METRICS[name].score(result):.4f} ({seconds:.1f} s)")

    def not_defined(self, name, reason):
        if self.on_not_defined is not None:
            self.on_not_defined(name)
        super().not_defined(name, reason)
