"""How often progress is sent."""

from hypothesis import given, settings
from hypothesis import strategies as st

from utils.grader.events import Events


class Recorder:
    """Stands in for the thread: keeps what it is given."""

    def __init__(self):
        self.fractions = []

    def put(self, kind, name, payload, blocking):
        self.fractions.append(payload["training_progress"])


def recorded_run(fractions):
    run = Events(False)
    run._courier = Recorder()
    for fraction in fractions:
        run.register_progress(fraction)
    return run


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True)))
def test_progress_is_sent_once_a_percent_and_never_back(fractions):
    run = recorded_run(fractions)
    percents = [int(100 * fraction + 1e-9) for fraction in run._courier.fractions]
    assert percents == sorted(set(percents))
    assert all(0 <= percent <= 100 for percent in percents)


def test_progress_reports_every_percent_of_a_steady_run():
    run = recorded_run(step / 1000 for step in range(1001))
    assert len(run._courier.fractions) == 101
