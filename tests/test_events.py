"""Events reach a real Redis, and whatever Redis does, the run goes on, ends, and keeps its secrets."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from utils.files import REPOSITORY
from utils.grader import events
from utils.grader.events import Events
from utils.submission.grader_redis import free_port, listening_grader, redis_server

PASSWORD = "correct-horse-battery"
GRADING = True
BEFORE = (
    "from utils.grader import environment, events; events.WAIT_IN_ALL = 1; "
    "run = events.Events(environment.is_grading())"
)

MISSING = "redis-server is missing: apt-get install redis-server"
needs_redis = pytest.mark.skipif(not shutil.which("redis-server"), reason=MISSING)


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def slow_proxy(port, behind, seconds):
    """Passes bytes between `port` and `behind`, each answer `seconds` late."""
    stop = threading.Event()

    def pump(source, target, pause):
        source.settimeout(0.1)
        with source, contextlib.suppress(OSError):
            while not stop.is_set():
                with contextlib.suppress(socket.timeout):
                    data = source.recv(65536)
                    time.sleep(pause)
                    target.sendall(data)

    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(60)
        threads = []

        def accept():
            front, back = listener.accept()[0], socket.create_connection(("127.0.0.1", behind))
            for ends in ((front, back, 0), (back, front, seconds)):
                threads.append(threading.Thread(target=pump, args=ends))
                threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        yield
        stop.set()
        for thread in threads:
            thread.join()


def names(received):
    return [event["message"] for event in received]


@pytest.fixture
def port(monkeypatch):
    """A free port, as the environment's Redis; no test that passes waits as long as the waits are here."""
    port = free_port()
    monkeypatch.setenv("AICROWD_IS_GRADING", "true")
    monkeypatch.setenv("AICROWD_REDIS_HOST", "127.0.0.1")
    monkeypatch.setenv("AICROWD_REDIS_PORT", str(port))
    monkeypatch.setenv("REDIS_CALL_SLEEP_TIME", "0.05")
    monkeypatch.setattr(events, "RETRY_AFTER", 0.05)
    monkeypatch.setattr(events, "WAIT_IN_ALL", 60)
    monkeypatch.setattr(events, "WAIT_UNREACHED", 60)
    return port


@needs_redis
def test_events_of_a_run_arrive_in_order(port, tmp_path):
    with redis_server(port, tmp_path), listening_grader(port) as received:
        run = Events(GRADING)
        run.execution_started()
        run.register_progress(0.5)
        run.submit()
        run.close()
    assert names(received) == ["execution_started", "register_progress", "submit"]


@needs_redis
def test_events_carry_the_challenge_s_payload(port, tmp_path):
    with redis_server(port, tmp_path), listening_grader(port) as received:
        run = Events(GRADING)
        run.register_progress(0.25)
        run.close()
        wait_until(lambda: received)
    assert received[0]["event_type"] == "AICROWD_EVENT_INFO"
    expected = {"event_type": "disentanglement_challenge:register_progress", "training_progress": 0.25}
    assert received[0]["payload"] == expected


@needs_redis
def test_submit_returns_true_when_acknowledged(port, tmp_path):
    with redis_server(port, tmp_path), listening_grader(port):
        run = Events(GRADING)
        assert run.submit() is True
        run.close()


@needs_redis
def test_waits_for_an_acknowledgement_that_never_comes_end_together(port, tmp_path, monkeypatch, capsys):
    with redis_server(port, tmp_path), listening_grader(port, acknowledges=False) as received:
        run = Events(GRADING)
        run.execution_started()
        wait_until(lambda: received)
        monkeypatch.setattr(events, "WAIT_IN_ALL", 3)
        began = time.monotonic()
        assert run.submit() is False
        run.execution_error("after all")
        run.close()
        assert 3 <= time.monotonic() - began < 6
    assert "did not acknowledge" in capsys.readouterr().err


@needs_redis
def test_execution_error_carries_the_message_without_secrets(port, tmp_path, monkeypatch):
    monkeypatch.setenv("AICROWD_REDIS_PASSWORD", PASSWORD)
    with redis_server(port, tmp_path, PASSWORD), listening_grader(port, PASSWORD) as received:
        run = Events(GRADING)
        run.execution_error(f"no space left; {PASSWORD} seen")
        run.close()
        wait_until(lambda: received)
    assert received[0]["event_type"] == "AICROWD_EVENT_ERROR"
    assert received[0]["payload"]["error"] == "no space left; *** seen"


@needs_redis
def test_events_survive_a_server_that_restarts(port, tmp_path):
    run = Events(GRADING)
    with redis_server(port, tmp_path), listening_grader(port) as received:
        run.execution_started()
        wait_until(lambda: received)
    run.register_progress(0.3)
    run.register_progress(0.6)
    time.sleep(0.2)
    with redis_server(port, tmp_path), listening_grader(port) as received:
        assert run.submit() is True
        run.close()
        wait_until(lambda: "submit" in names(received))
    assert names(received)[-2:] == ["register_progress", "submit"]


@needs_redis
def test_events_pass_a_server_that_answers_slowly(port, tmp_path):
    behind = free_port()
    with redis_server(behind, tmp_path), slow_proxy(port, behind, 0.15), listening_grader(behind) as received:
        run = Events(GRADING)
        run.execution_started()
        assert run.submit() is True
        run.close()
    assert names(received) == ["execution_started", "submit"]


def test_events_wait_little_for_a_server_that_is_not_there(port, monkeypatch, capsys):
    monkeypatch.setattr(events, "WAIT_UNREACHED", 0.5)
    run = Events(GRADING)
    began = time.monotonic()
    run.execution_started()
    run.submit()
    run.execution_error("unreached")
    run.close()
    assert time.monotonic() - began < 30
    assert "did not acknowledge" in capsys.readouterr().err


def test_sending_never_waits(port, monkeypatch):
    run = Events(GRADING)
    began = time.monotonic()
    run.execution_started()
    for percent in range(101):
        run.register_progress(percent / 100)
    assert time.monotonic() - began < 30
    monkeypatch.setattr(events, "WAIT_UNREACHED", 0)
    run.close()


def test_events_do_not_pile_up_while_redis_is_away(port, monkeypatch):
    monkeypatch.setattr(events, "WAIT_UNREACHED", 0.5)
    run = Events(GRADING)
    for percent in range(101):
        run.register_progress(percent / 100)
    assert len(run._courier._queue) == 2
    run.close()


@needs_redis
def test_a_wrong_password_is_neither_waited_for_nor_shown(port, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("AICROWD_REDIS_PASSWORD", PASSWORD)
    monkeypatch.setattr(events, "WAIT_UNREACHED", 0.5)
    with redis_server(port, tmp_path, "another"):
        began = time.monotonic()
        run = Events(GRADING)
        run.execution_started()
        assert run.submit() is False
        run.close()
        assert time.monotonic() - began < 30
    assert PASSWORD not in "".join(capfd.readouterr())


def in_a_new_process(script):
    """The output of `script`, run in the repository within a minute, `events` and a fresh `run` at hand."""
    command = [sys.executable, "-c", f"{BEFORE}; {script}"]
    return subprocess.run(command, cwd=str(REPOSITORY), timeout=60, check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("is_silent", [True, False])
def test_the_process_ends_whatever_the_server_does(port, is_silent):
    with contextlib.ExitStack() as stack:
        if is_silent:  # takes connections and never says a word
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        in_a_new_process("run.execution_started(); run.submit(); run.close()")


def test_events_outside_the_grader_cost_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "aicrowd_api.events", None)  # importing it would raise
    threads = threading.active_count()
    run = Events(False)
    run.execution_started()
    assert run.submit() is False
    run.execution_error("nobody hears")
    run.close()
    assert threading.active_count() == threads


def test_events_of_a_side_process_cost_nothing(port):
    threads = threading.active_count()
    Events(GRADING, is_main=False).execution_started()
    assert threading.active_count() == threads


def test_a_missing_client_is_one_note(port, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "aicrowd_api.events", None)
    run = Events(GRADING)
    run.execution_started()
    run.submit()
    run.close()
    assert capsys.readouterr().err.count("note:") == 1


def test_a_client_that_does_not_start_is_one_note(port, monkeypatch, capsys):
    monkeypatch.setenv("REDIS_SOCKET_TIMEOUT", "soon")
    Events(GRADING).submit()
    assert capsys.readouterr().err.count("note:") == 1


def test_the_client_s_import_leaves_logging_alone(port):
    assert in_a_new_process("import logging; print(logging.root.level, logging.root.handlers)") == b"30 []\n"


def test_hide_secrets_hides_every_kind_of_secret():
    environ = {"AICROWD_REDIS_PASSWORD": "p1", "API_TOKEN": "t2", "my_secret": "s3", "TOKEN": "", "HOME": "h"}
    assert events.hide_secrets("p1 t2 s3 h", environ) == "*** *** *** h"


def test_hide_secrets_hides_one_that_begins_another():
    environ = {"GIT_TOKEN": "hunter2", "AICROWD_REDIS_PASSWORD": "hunter2extra"}
    assert events.hide_secrets("AUTH hunter2extra failed", environ) == "AUTH *** failed"


@needs_redis
def test_submit_waits_for_a_redis_that_answered_long_ago(port, tmp_path, monkeypatch):
    monkeypatch.setattr(events, "WAIT_UNREACHED", 0.3)
    with redis_server(port, tmp_path), listening_grader(port) as received:
        run = Events(GRADING)
        run.execution_started()
        wait_until(lambda: received)
        time.sleep(0.5)
        assert run.submit() is True
        run.close()


@needs_redis
def test_redis_of_a_folder_with_accents_answers(tmp_path):
    (tmp_path / "\u00e9").mkdir()
    with redis_server(free_port(), tmp_path / "\u00e9"):
        pass
