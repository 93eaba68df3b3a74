"""The grader's progress events, through its official client, so that they can never delay or stop a run.

aicrowd-api waits forever, for a Redis that never comes (or that refuses the password) and for an
acknowledgement. Here it works on a thread of its own that dies with the process; the caller's waits, all
of them together, end after WAIT_IN_ALL seconds. Nothing is raised: what went wrong is one note on stderr.
"""

import logging
import os
import threading
import time

from utils.notes import note

WAIT_IN_ALL = 25  # seconds that submit, execution_error and close wait together, if Redis has answered before
WAIT_STOPPED = 3  # of these seconds, after a signal: whoever sent it may kill 10 s later
WAIT_UNREACHED = 5  # seconds after the first event: if Redis has not answered by then, nobody waits for it
RETRY_AFTER = 1  # seconds until an event that Redis did not take is offered again
SECRET_ENDINGS = ("PASSWORD", "SECRET", "TOKEN")


class Events:
    """What is reported to the grader. Outside it every method does nothing, and aicrowd-api is not imported.

    An event that Redis did not take is kept and offered again, so a server that restarts misses none but
    superseded progress; one that dies after it took `submit` gets it again: twice is better than never.
    As a context, it reports an exception that leaves it, and closes.
    """

    def __init__(self, is_grading, is_main=True):
        """`is_grading`: whether the grader listens; `is_main`: false in all but one process of torchrun's."""
        self._courier = _courier() if is_grading and is_main else None
        self._percent = -1

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and kind is not SystemExit:  # of --help
            self.execution_error(f"{kind.__name__}: {error}")
        self.close()

    def execution_started(self):
        """Training begins."""
        self._send("INFO", "execution_started")

    def register_progress(self, fraction):
        """Training has come to `fraction` of its budget; a step back or one within a percent is not sent."""
        fraction = min(float(fraction), 1.0)
        if not fraction >= 0:  # NaN as well
            return
        percent = int(100 * fraction + 1e-9)
        if percent > self._percent:
            self._percent = percent
            self._send("INFO", "register_progress", training_progress=fraction)

    def submit(self):
        """The verified encoder is in its place; waits for the grader's word and returns whether it came."""
        return self._send_and_wait("SUCCESS", "submit", "acknowledge the submission; the export is complete")

    def execution_error(self, message):
        """The run failed; `message` is sent without the secrets that the environment holds."""
        self._send_and_wait("ERROR", "execution_error", "take the error", error=hide_secrets(str(message)))

    def stopped(self, message):
        """A signal ends the run, and its sender does not wait for long: execution_error in a hurry."""
        if self._courier:
            self._courier.hurry()
        self.execution_error(message)

    def close(self):
        """Let what is on its way arrive, within what is left of the waits. To be called last."""
        if self._courier:
            self._courier.close()

    def _send(self, kind, name, blocking=False, **fields):
        if self._courier:
            payload = {"event_type": f"disentanglement_challenge:{name}", **fields}
            self._courier.put(f"AICROWD_EVENT_{kind}", name, payload, blocking)

    def _send_and_wait(self, kind, name, purpose, **fields):
        self._send(kind, name, blocking=name == "submit", **fields)
        arrived = bool(self._courier) and self._courier.wait()
        if self._courier and not arrived:
            _note(f"the grader's Redis did not {purpose}")
        return arrived


def hide_secrets(text, environ=None):
    """`text` with `***` for the value of every variable named like a password, a secret or a token."""
    environ = os.environ if environ is None else environ
    secrets = [value for name, value in environ.items() if value and name.upper().endswith(SECRET_ENDINGS)]
    for value in sorted(secrets, key=len, reverse=True):  # one may begin another
        text = text.replace(value, "***")
    return text


class _Courier:
    """Hands events to the client in order, on a daemon thread; unsent progress gives way to newer."""

    def __init__(self, client):
        self._client = client
        self._queue = []  # the first one is on its way
        self._changed = threading.Condition()
        self._first = None  # when the first event was put
        self._reached = self._closed = False
        self._waited = 0.0
        threading.Thread(target=self._work, name="events", daemon=True).start()

    def put(self, *event):
        with self._changed:
            self._first = self._first or time.monotonic()
            if len(self._queue) > 1 and event[1] == self._queue[-1][1] == "register_progress":
                self._queue.pop()
            self._queue.append(event)
            self._changed.notify_all()

    def wait(self):
        """Whether all events arrived (and a blocking one was acknowledged) within the time left."""
        began, waited = time.monotonic(), self._waited
        with self._changed:
            while self._queue and self._seconds_left() > 0:
                self._changed.wait(min(0.5, self._seconds_left()))
                self._waited = waited + time.monotonic() - began
            return not self._queue

    def hurry(self):
        """Leave WAIT_STOPPED of the waits at most."""
        self._waited = max(self._waited, WAIT_IN_ALL - WAIT_STOPPED)

    def close(self):
        self.wait()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _seconds_left(self):
        left = WAIT_IN_ALL - self._waited
        return left if self._reached else min(left, self._first + WAIT_UNREACHED - time.monotonic())

    def _work(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                event = self._queue[0]
            self._deliver(event)
            with self._changed:
                self._queue.pop(0)
                self._changed.notify_all()

    def _deliver(self, event):
        while not self._closed:
            try:
                self._client.register_event(*event)
            except Exception:  # whatever Redis or its client raises: the run goes on and the event waits
                time.sleep(RETRY_AFTER)
            else:
                self._reached = True
                return


def _courier():
    """A courier around the official client, or None and a note where that cannot be had."""
    try:
        return _Courier(_official_client())
    except ImportError as error:
        _note(f"the grader gets no events, the package aicrowd-api does not load ({error})")
    except Exception as error:  # the client reads more variables, and what they hold is not ours to stop at
        _note(f"the grader gets no events, aicrowd-api does not start ({type(error).__name__}: {error})")
    return None


def _official_client():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        from aicrowd_api.events import AIcrowdEvents  # here, because importing it reconfigures all logging
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return AIcrowdEvents()


def _note(text):
    note(hide_secrets(text))
