"""The progress that people see while a run trains: a bar on a terminal, plain lines elsewhere."""

import sys
import time

from tqdm import tqdm

from evaluation.progress import shows_bars
from utils.durations import clock

LINES_EVERY = 10.0  # seconds between plain lines
SHOWN = ("reconstruction", "kl", "tc", "dip")  # of a row, beside steps and time


class Display:
    """The progress that people see: a bar on a terminal, a plain line every ten seconds elsewhere."""

    def __init__(self, steps, first_step):
        self.steps, self.printed = steps, 0.0
        self.bar = None
        if shows_bars(sys.stderr):
            self.bar = tqdm(total=steps, initial=first_step, unit="step", dynamic_ncols=True)

    def show(self, row, seconds_left, last=False):
        """`row`: what the log gets; `seconds_left` of training; `last`: print whatever the time."""
        terms = {name: row[name] for name in SHOWN if name in row}
        if self.bar is not None:
            self.bar.n = row["step"]
            self.bar.set_postfix({name: f"{value:.5g}" for name, value in terms.items()}, refresh=False)
            self.bar.set_description(f"{clock(seconds_left)} left", refresh=True)
        elif last or time.monotonic() - self.printed >= LINES_EVERY:
            self.printed = time.monotonic()
            shown = "  ".join(f"{name} {value:.5g}" for name, value in terms.items())
            rate, left = f"{row['steps_per_second']:.1f} steps/s", f"{clock(seconds_left)} left"
            print(f"step {row['step']}/{self.steps}  {rate}  {shown}  {left}", flush=True)

    def close(self):
        if self.bar is not None:
            self.bar.close()
