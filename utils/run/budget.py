"""The wall clock of a run: how old the process is, and when training must stop so that closing still fits."""

import os
import time

IMPORTED = time.monotonic()


def process_age():
    """Seconds since this process began, interpreter and imports included (where /proc tells; else since import)."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - IMPORTED


class Budget:
    """`seconds` for the whole process, of which the closing (checkpoint, export, report) is held back.

    The closing's time is measured, never guessed: the run closes once at its start and calls `hold_back`.
    """

    MARGIN = 2.0  # the closing may take so many times what it took when it was measured ...
    SLACK = 0.8  # ... and so many seconds more, for the process to end

    def __init__(self, seconds, afterwards=0.0, age=process_age, clock=time.monotonic):
        """`afterwards`: seconds that are needed after the closing, for the grader's acknowledgement."""
        self.seconds, self.afterwards, self.clock = seconds, afterwards, clock
        self.began = clock() - age()
        self.reserve = afterwards

    @property
    def spent(self):
        """Seconds since the process began."""
        return self.clock() - self.began

    def hold_back(self, saving_seconds):
        """Reserve time for a closing that took `saving_seconds`; a later, longer one raises the reserve."""
        self.reserve = max(self.reserve, self.afterwards + self.MARGIN * saving_seconds + self.SLACK)

    def permits(self, seconds):
        """Whether something that took `seconds` before can be done yet, within the budget."""
        return self.seconds - self.afterwards - self.spent >= self.MARGIN * seconds + self.SLACK

    @property
    def left(self):
        """Seconds of training left, negative when it must stop."""
        return self.seconds - self.reserve - self.spent
