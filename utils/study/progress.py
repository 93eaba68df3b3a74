"""How far a study is, and how long it will take: a bar on a terminal, a line a minute elsewhere."""

import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from evaluation.progress import shows_bars
from utils.durations import clock
from utils.run.log import read_log
from utils.study.stages import read_result

CHECK_EVERY = 5.0  # seconds between readings of the runs' logs
LINES_EVERY = 60.0  # seconds between plain lines


class Standing(NamedTuple):
    """What is done, by the files that are there."""

    runs: int  # with all their results
    results: int
    updates: int


class Progress:
    """A context in which a study's runs are made: shows how many updates are made, by their results and logs.

    folder, study: as in utils.study.__main__. write: writes the study's tables, and is called after each new result.
    The time left is that of the updates left, at the pace since the context was entered; scoring is part of the pace.
    Rows of larger networks are slower, which it cannot foresee.
    """

    def __init__(self, folder, study, write):
        self.folder, self.study, self.write = Path(folder), study, write
        self.total = sum(stages[-1].config.steps for _, stages in study.runs)
        self.ended, self.thread = threading.Event(), threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.began, self.first = time.monotonic(), self.standing()
        self.bar = None
        if shows_bars(sys.stderr):
            self.bar = tqdm(total=self.total, initial=self.first.updates, unit="update", dynamic_ncols=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join()
        if self.bar is not None:
            self.bar.close()

    def standing(self):
        """The Standing of now."""
        runs, results, updates = 0, 0, 0
        for name, stages in self.study.runs:
            done = [stage.config.steps for stage in stages if read_result(self.folder, stage)]
            results += len(done)
            runs += len(done) == len(stages)
            updates += stages[-1].config.steps if len(done) == len(stages) else self._of_run(name, stages, done)
        return Standing(runs, results, updates)

    def line(self, now):
        """Where the study stands, a Standing, in words."""
        made, spent = now.updates - self.first.updates, time.monotonic() - self.began
        left = "time left not known yet"
        if made > 0:
            left = f"about {clock((self.total - now.updates) * spent / made)} left"
        return f"{self._of_runs(now)}, update {now.updates:,} of {self.total:,}, {left}"

    def _of_run(self, name, stages, done):
        log = read_log(self.folder / "runs" / name / "log.csv")
        return min(stages[-1].config.steps, max([*done, int(log["step"][-1]) if log else 0]))

    def _of_runs(self, now):
        return f"{now.runs} of {len(self.study.runs)} runs done"

    def _watch(self):
        before, printed = self.first, time.monotonic()
        while not self.ended.wait(CHECK_EVERY):
            now = self.standing()
            if now.results != before.results:
                with contextlib.suppress(Exception):  # the tables are written again at the end, where an error counts
                    self.write()
            before = now
            if self.bar is not None:
                self.bar.n = now.updates
                self.bar.set_description(self._of_runs(now), refresh=True)
            elif time.monotonic() - printed >= LINES_EVERY:
                printed = time.monotonic()
                print(self.line(now), flush=True)
