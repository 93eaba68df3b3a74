"""SIGTERM and SIGINT as a wish that the loop reads, so that a run ends with everything written."""

import signal


class Stop:
    """While entered, the first SIGTERM or SIGINT is kept in `signal`; a second one acts as it always does."""

    WATCHED = (signal.SIGTERM, signal.SIGINT)

    def __init__(self):
        self.signal = None
        self._before = {}

    def __enter__(self):
        self._before = {watched: signal.signal(watched, self._note) for watched in self.WATCHED}
        return self

    def __exit__(self, *exception):
        self._restore()

    def _note(self, number, frame):
        self.signal = signal.Signals(number)
        self._restore()

    def _restore(self):
        for watched, handler in self._before.items():
            signal.signal(watched, handler)
