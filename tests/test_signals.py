import os
import signal
import threading

import pytest

from utils.run.signals import Stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_keeps_the_first_signal(number):
    with Stop() as stop:
        os.kill(os.getpid(), number)
        assert stop.signal == number


def test_stop_takes_a_second_signal_at_once_for_the_same_request():
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.signal == signal.SIGTERM


def test_stop_lets_a_later_signal_act_as_it_always_does(monkeypatch):
    monkeypatch.setattr(Stop, "PATIENCE", 0.0)
    with pytest.raises(KeyboardInterrupt), Stop():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
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
