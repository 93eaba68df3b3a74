"""The grader's end of the events: a local Redis server and a listener that acknowledges submissions."""

import contextlib
import json
import socket
import subprocess
import threading
import time

PATIENCE = 20  # seconds until a server answers


def free_port():
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def redis_server(port, folder, password=None):
    """A redis-server on `port` that answers when this yields; killed, without a farewell, afterwards.

    Its configuration comes by standard input, so that the password is in no list of processes.
    Raises OSError where redis-server is missing or does not answer within PATIENCE.
    """
    settings = [f"port {port}", "bind 127.0.0.1", 'save ""', "appendonly no"]
    settings += [f"requirepass {password}"] if password else []
    process = subprocess.Popen(["redis-server", "-"], cwd=str(folder), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        with process.stdin as stdin:
            stdin.write("\n".join(settings).encode())
        _wait_for_answer(process, port)
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def listening_grader(port, password=None, acknowledges=True):
    """Takes the events off the list and acknowledges `submit`; yields the list of events received so far."""
    import redis  # a dependency of aicrowd-api, and needed by no other command

    received, stop = [], threading.Event()

    def listen():
        with contextlib.suppress(redis.exceptions.ConnectionError):  # the server was killed
            while not stop.wait(0.02):
                while data := server.rpop("AICROWD_REDIS_COMMUNICATION_CHANNEL"):
                    received.append(json.loads(data))
                    if acknowledges and received[-1]["message"] == "submit":
                        server.lpush("AICROWD_BLOCKING_RESPONSE_CHANNEL", "{}")

    with redis.Redis(port=port, password=password) as server:
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield received
        finally:
            stop.set()
            thread.join()


def _wait_for_answer(process, port):
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(100)[:1] in (b"+", b"-"):  # pong, or: the password is missing
                return
        time.sleep(0.02)
    raise OSError(f"redis-server on port {port} did not answer within {PATIENCE} s")
