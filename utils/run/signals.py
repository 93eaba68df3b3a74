"""SIGTERM, SIGINT and SIGHUP as a request that the loop reads, so that a run ends with everything saved.

Before the loop there is nothing to save: they end the run at once.
"""

import signal
import threading
import time


class Stopped(BaseException):
    """A signal came before there was a loop that could read it; no `except Exception` holds it up."""

    def __init__(self, number):
        super().__init__(f"stopped by {number.name} before training began")
        self.signal = number


class Stop:
    """While entered, the first of the watched signals raises Stopped; from `keep()` on it is kept in `signal` instead.

    A second one within PATIENCE seconds belongs to the same request: torchrun passes on what the terminal has sent
    already, and so does a shell that is hung up. A later one acts as it always does. A signal that was ignored when
    the process started (nohup) stays ignored. Python handles signals in the main thread alone; in another one nothing
    is watched.
    """

    WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    PATIENCE = 2.0

    def __init__(self):
        self.signal = None
        self._kept, self._came, self._before = False, 0.0, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            handlers = {watched: signal.getsignal(watched) for watched in self.WATCHED}
            self._before = {
                watched: handler for watched, handler in handlers.items() if handler not in (None, signal.SIG_IGN)
            }
            for watched in self._before:
                signal.signal(watched, self._note)
        return self

    def __exit__(self, *exception):
        self._restore()

    def keep(self):
        """From now on the loop reads `signal`."""
        self._kept = True

    def _note(self, number, frame):
        if self.signal is None:
            self.signal, self._came = signal.Signals(number), time.monotonic()
            if not self._kept:
                raise Stopped(self.signal)
        elif time.monotonic() - self._came > self.PATIENCE:
            self._restore()
            signal.raise_signal(number)

    def _restore(self):
        for watched, handler in self._before.items():
            signal.signal(watched, handler)
