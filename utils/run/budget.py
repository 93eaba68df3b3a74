"""The wall clock of a run: when it began, and when training must stop so that the last save still fits."""

import os
import time

IMPORTED = time.monotonic()


def process_start():
    """When this process began, interpreter and imports included, on time.monotonic's clock.

    Where /proc does not say that: when this module was imported.
    """
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return IMPORTED


class Budget:
    """`seconds` from `began` on, of which the last save (checkpoint, export, report) is held back.

    The time of a save is measured, never guessed: the run saves once at its start and calls `hold_back`.
    """

    MARGIN = 2.0  # the last save may take so many times what it took when it was measured ...
    SLACK = 0.8  # ... and so many seconds more, for the process to end

    def __init__(self, seconds, afterwards=0.0, began=None, clock=time.monotonic):
        """afterwards: seconds that are needed after the last save, for the grader's acknowledgement.

        began: on the `clock`, None: now.
        """
        self.seconds, self.afterwards, self.clock = seconds, afterwards, clock
        self.began = clock() if began is None else began
        self.reserve = afterwards

    @property
    def spent(self):
        """Seconds since the beginning."""
        return self.clock() - self.began

    def hold_back(self, saving_seconds):
        """Reserve time for a save that took `saving_seconds`; a later, longer one raises the reserve."""
        self.reserve = max(self.reserve, self.afterwards + self.MARGIN * saving_seconds + self.SLACK)

    def permits(self, seconds):
        """Whether something that took `seconds` before can be done yet, within the budget."""
        return self.seconds - self.afterwards - self.spent >= self.MARGIN * seconds + self.SLACK

    @property
    def left(self):
        """Seconds of training left, negative when it must stop."""
        return self.seconds - self.reserve - self.spent
