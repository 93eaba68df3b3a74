"""How far a study is, and how long it will take: a bar on a terminal, a line a minute elsewhere."""

import sys
import threading
import time
from pathlib import Path

from tqdm import tqdm

from evaluation.progress import shows_bars
from utils.durations import clock
from utils.run.log import read_log
from utils.study.stages import read_result

LOOK_EVERY = 5.0  # seconds between looks at the runs' logs
LINES_EVERY = 60.0  # seconds between plain lines


class Progress:
    """A context in which a study's runs are made: tells from their results and logs how many updates are made.

    folder, study: as in utils.study.__main__. The time left is that of the updates left, at the pace since the
    context was entered; scoring is part of the pace. Rows of larger networks are slower, which it cannot foresee.
    """

    def __init__(self, folder, study):
        self.folder, self.study = Path(folder), study
        self.total = sum(stages[-1].config.steps for _, stages in study.runs)
        self.ended, self.thread = threading.Event(), threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.began, (_, self.first) = time.monotonic(), self.look()
        self.bar = None
        if shows_bars(sys.stderr):
            self.bar = tqdm(total=self.total, initial=self.first, unit="update", dynamic_ncols=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join()
        if self.bar is not None:
            self.bar.close()

    def look(self):
        """(runs that are done, updates that are made), from the files."""
        runs, updates = 0, 0
        for name, stages in self.study.runs:
            done = [stage.config.steps for stage in stages if read_result(self.folder, stage)]
            runs += len(done) == len(stages)
            updates += stages[-1].config.steps if len(done) == len(stages) else self._of_run(name, stages, done)
        return runs, updates

    def line(self):
        """Where the study stands, in words."""
        (runs, made), spent = self.look(), time.monotonic() - self.began
        left = "time left not known yet"
        if made > self.first:
            left = f"about {clock((self.total - made) * spent / (made - self.first))} left"
        return f"{self._of_runs(runs)}, update {made:,} of {self.total:,}, {left}"

    def _of_run(self, name, stages, done):
        log = read_log(self.folder / "runs" / name / "log.csv")
        return min(stages[-1].config.steps, max([*done, int(log["step"][-1]) if log else 0]))

    def _of_runs(self, done):
        return f"{done} of {len(self.study.runs)} runs done"

    def _watch(self):
        while not self.ended.wait(LINES_EVERY if self.bar is None else LOOK_EVERY):
            if self.bar is None:
                print(self.line(), flush=True)
            else:
                runs, self.bar.n = self.look()
                self.bar.set_description(self._of_runs(runs), refresh=True)
