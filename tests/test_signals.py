import os
import signal
import threading

import pytest

from utils.run.signals import Stop, Stopped


@pytest.fixture
def stop():
    """A Stop that is entered and kept by somebody who reads it."""
    with Stop() as entered:
        entered.keep()
        yield entered


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_ends_at_once_what_nobody_keeps(number):
    with pytest.raises(Stopped, match=rf"stopped by {number.name} before") as caught, Stop():
        signal.raise_signal(number)
    assert caught.value.signal == number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_keeps_the_first_signal(stop, number):
    os.kill(os.getpid(), number)
    assert stop.signal == number


def test_stop_takes_a_second_signal_at_once_for_the_same_request(stop):
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert stop.signal == signal.SIGTERM


def test_stop_lets_a_later_signal_act_as_it_always_does(stop, monkeypatch):
    monkeypatch.setattr(Stop, "PATIENCE", 0.0)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", Stop.WATCHED)
def test_stop_gives_the_handlers_back(number):
    before = signal.getsignal(number)
    with Stop():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before


def test_stop_leaves_a_signal_ignored_that_nohup_ignores():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.signal is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_stop_watches_nothing_in_another_thread():
    found = []

    def enter():
        with Stop():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]
