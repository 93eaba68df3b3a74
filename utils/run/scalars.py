"""The rows of log.csv as curves for TensorBoard, where that is installed."""

import time
from pathlib import Path
from types import SimpleNamespace

from utils.errors import one_line
from utils.notes import note


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
        reason = f"{type(error).__name__}: {one_line(error)}"
        note(f"no curves for TensorBoard, it does not load ({reason})")
        return None
    return SimpleNamespace(Event=Event, SessionLog=SessionLog, Summary=Summary, RecordWriter=RecordWriter)
