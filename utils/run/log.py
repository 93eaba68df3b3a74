"""What a run tells while it trains: log.csv for programs, curves for TensorBoard, a bar or plain lines for people."""

import csv
import errno
import io
import math
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from tqdm import tqdm

from utils.durations import clock
from utils.files import write_text
from utils.training.objectives import ACTIVE_KL

LINES_EVERY = 10.0  # seconds between plain lines
SHOWN = ("reconstruction", "kl", "tc", "dip")  # of a row, beside steps and time


class Means:
    """Running means of a step's numbers, kept on the device: nothing is synchronised until `take`."""

    def __init__(self):
        self.count, self.sums = 0, {}

    def add(self, numbers):
        for name, value in numbers.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value.clone()
        self.count += 1

    def take(self):
        """{name: float} since the last call, with kl_per_latent made into the number of active latents."""
        means = {name: value / self.count for name, value in self.sums.items()}
        self.count, self.sums = 0, {}
        per_latent = means.pop("kl_per_latent")
        taken = {name: float(value) for name, value in means.items()}
        taken["active_latents"] = (
            int((per_latent > ACTIVE_KL).sum()) if torch.isfinite(per_latent).all() else float("nan")
        )
        return taken


class CsvLog:
    """log.csv: a header, then a row a call; continued on resume without gaps or repeats."""

    def __init__(self, path, first_step):
        self.path = Path(path)
        self.names = None
        if self.path.exists():
            self._cut_after(first_step)

    def add(self, row):
        """Append the mapping `row`, whole or, on a full disk, not at all; the header first where the file is new."""
        self.names = self.names or list(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=self.names, lineterminator="\n")
        with self.path.open("ab", buffering=0) as out:
            size = out.tell()
            if size == 0:
                writer.writeheader()
            writer.writerow(
                {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()}
            )
            data = text.getvalue().encode()
            if out.write(data) < len(data):
                out.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _cut_after(self, step):
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not lines or not lines[0].endswith("\n"):
            write_text(self.path, "")
            return
        self.names = lines[0].strip().split(",")
        kept = [line for line in lines[1:] if line.endswith("\n") and int(line.partition(",")[0]) <= step]
        write_text(self.path, "".join([lines[0], *kept]))


class Scalars:
    """The rows of log.csv as TensorBoard's scalars, where that is installed; elsewhere nothing happens.

    Each process begins a file, as does each row after one that could not be written; a file hides what earlier ones
    hold of its first step and later. The files are SummaryWriter's, without its thread, which at a full disk prints a
    traceback and writes nothing from then on, and without TensorFlow, which it loads where that is, and for seconds.
    """

    def __init__(self, folder, first_step):
        self.folder, self.path, self.first_step = Path(folder), None, first_step + 1
        self.parts = _tensorboard()

    def add(self, row):
        """Append the mapping `row` as scalars of its step; OSError as the file system gives it."""
        if self.parts is None:
            return
        event, path, first_step = self._scalars(row), self.path, self.first_step
        self.path, self.first_step = None, row["step"]  # behind a record that was cut short, nothing would be read
        if path:
            self._append(path, event)
        else:
            path = self._begin(first_step, event)
        self.path = path

    def _begin(self, first_step, event):
        path = self.folder / f"events.out.tfevents.{time.time_ns()}"
        start = self.parts.SessionLog(status=self.parts.SessionLog.START)
        common = {"wall_time": time.time(), "step": first_step}
        heads = {"file_version": "brain.Event:2"}, {"session_log": start}
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._append(path, *[self.parts.Event(**head, **common) for head in heads], event)
        except OSError:
            path.unlink(missing_ok=True)  # or a full disk would get one a row
            raise
        return path

    def _append(self, path, *events):
        with path.open("ab") as out:
            for event in events:
                self.parts.RecordWriter(out).write(event.SerializeToString())

    def _scalars(self, row):
        value = self.parts.Summary.Value
        values = [value(tag=name, simple_value=number) for name, number in row.items() if name != "step"]
        return self.parts.Event(wall_time=time.time(), step=row["step"], summary=self.parts.Summary(value=values))


def _tensorboard():
    """What TensorBoard writes its files with, or None."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        return None
    except Exception as error:  # its protobuf is of another time, and what that raises is not ours to stop at
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        print(f"note: no curves for TensorBoard, it does not load ({reason})", file=sys.stderr, flush=True)
        return None
    return SimpleNamespace(Event=Event, SessionLog=SessionLog, Summary=Summary, RecordWriter=RecordWriter)


class Display:
    """The progress that people see: a bar on a terminal, a plain line every ten seconds elsewhere."""

    def __init__(self, steps, first_step):
        self.steps, self.printed = steps, 0.0
        self.bar = (
            tqdm(total=steps, initial=first_step, unit="step", dynamic_ncols=True) if sys.stderr.isatty() else None
        )

    def show(self, row, seconds_left, last=False):
        """`row`: what the log gets; `seconds_left` of training; `last`: print whatever the time."""
        terms = {name: row[name] for name in SHOWN if name in row}
        if self.bar is not None:
            self.bar.n = row["step"]
            self.bar.set_postfix({name: f"{value:.5g}" for name, value in terms.items()}, refresh=False)
            self.bar.set_description(f"{clock(seconds_left)} left", refresh=True)
        elif last or time.monotonic() - self.printed >= LINES_EVERY:
            self.printed = time.monotonic()
            told = "  ".join(f"{name} {value:.5g}" for name, value in terms.items())
            rate, left = f"{row['steps_per_second']:.1f} steps/s", f"{clock(seconds_left)} left"
            print(f"step {row['step']}/{self.steps}  {rate}  {told}  {left}", flush=True)

    def close(self):
        if self.bar is not None:
            self.bar.close()


def read_log(path):
    """{column: (rows,) float64} of log.csv; empty if there is none. A value that is no number is NaN."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([_number(row[name]) for row in rows]) for name in (rows[0] if rows else ())}


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan
