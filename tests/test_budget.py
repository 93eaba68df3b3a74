import subprocess
import sys
import time

import pytest

from utils.run.budget import Budget, process_start

REPOSITORY = __file__.rsplit("/tests/", 1)[0]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def budget(seconds, clock, afterwards=0.0):
    return Budget(seconds, afterwards, began=clock() - 5.0, clock=clock)


def test_budget_counts_from_its_beginning():
    assert budget(60, Clock()).left == 55


def test_budget_counts_from_now_by_default():
    assert Budget(60, clock=Clock()).left == 60


def test_budget_left_falls_with_the_clock():
    clock = Clock()
    counted = budget(60, clock)
    clock.now += 10
    assert counted.left == 45


def test_budget_holds_back_more_than_the_save_took():
    counted = budget(60, Clock())
    counted.hold_back(2.0)
    assert counted.left == 55 - (Budget.MARGIN * 2.0 + Budget.SLACK)


def test_budget_keeps_the_longest_save():
    counted = budget(60, Clock())
    counted.hold_back(2.0)
    left = counted.left
    counted.hold_back(1.0)
    assert counted.left == left


def test_budget_holds_back_what_comes_after_the_save():
    counted = budget(60, Clock(), afterwards=25)
    counted.hold_back(2.0)
    assert counted.left == 55 - 25 - (Budget.MARGIN * 2.0 + Budget.SLACK)


def test_budget_permits_what_still_fits_with_its_margin():
    counted = budget(60, Clock(), afterwards=25)
    most = (55 - 25 - Budget.SLACK) / Budget.MARGIN
    assert counted.permits(most - 0.01)
    assert not counted.permits(most + 0.01)


def test_budget_permits_what_belongs_to_the_save_that_is_held_back():
    counted = budget(60, Clock())
    permitted = counted.permits(20.0)
    counted.hold_back(20.0)
    assert permitted
    assert counted.permits(20.0)


def test_process_start_counts_the_time_before_the_import():
    code = (
        "import time; time.sleep(1.5); from utils.run.budget import process_start as p; print(time.monotonic() - p())"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
    assert 1.5 <= float(done.stdout) <= time.monotonic() - began + 0.05


def test_process_start_stays_the_same():
    first = process_start()
    time.sleep(0.2)
    assert process_start() == pytest.approx(first, abs=0.05)
