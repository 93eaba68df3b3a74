"""Downloads survive what networks and servers do, and a file takes its name only when it is what it should be."""

import contextlib
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from data_files import noise

from utils.data.download import transfer as module
from utils.data.download.transfer import download
from utils.errors import InputError

CONTENT = noise(0, 300_000).tobytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def serve(monkeypatch):
    """A function that starts a server whose every answer the function `answer(handler)` writes; returns its address."""
    monkeypatch.setattr(module, "PAUSE", 0)
    with contextlib.ExitStack() as stack:

        def start(answer):
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    with contextlib.suppress(ConnectionError):
                        answer(self)

                def log_message(self, *arguments):
                    pass

            server = HTTPServer(("127.0.0.1", 0), Handler)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/file"

        yield start


def reply(handler, status, content=b"", **headers):
    handler.send_response(status)
    for name, value in {"Content-Length": len(content), **headers}.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(content)


def well(handler, cut=None):
    """Answer as a good server does, ranges included; `cut`: after how many bytes the line breaks."""
    first = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
    if first >= len(CONTENT):
        return reply(handler, 416)
    rest = CONTENT[first:]
    handler.send_response(206 if first else 200)
    handler.send_header("Content-Length", str(len(rest)))
    if first:
        handler.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.end_headers()
    return handler.wfile.write(rest[:cut])


def unused_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/file"


def test_download_brings_the_file(serve, tmp_path):
    download(tmp_path / "file", [serve(well)], len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_download_goes_on_where_the_line_was_cut(serve, tmp_path):
    starts = []

    def cut(handler):
        starts.append(handler.headers.get("Range"))
        well(handler, cut=114_688)

    download(tmp_path / "file", [serve(cut)], len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert starts == [None, "bytes=114688-", "bytes=229376-"]


def test_download_goes_on_in_the_next_run(serve, tmp_path, monkeypatch):
    starts, is_up = [], []

    def answer(handler):
        starts.append(handler.headers.get("Range"))
        if handler.headers.get("Range") and not is_up:
            return reply(handler, 404)
        return well(handler, cut=None if is_up else 196_608)

    address = serve(answer)
    monkeypatch.setattr(module, "TRIES", 1)
    with pytest.raises(InputError, match="not fetched"):
        download(tmp_path / "file", [address])
    is_up.append(True)
    download(tmp_path / "file", [address])
    assert starts[-1] == "bytes=196608-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_begins_again_where_ranges_are_not_known(serve, tmp_path):
    cuts = [100_000]
    address = serve(lambda handler: well(handler, cuts.pop()) if cuts else reply(handler, 200, CONTENT))
    download(tmp_path / "file", [address], len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_takes_the_next_mirror(serve, tmp_path):
    mirrors = [unused_address(), serve(lambda handler: reply(handler, 404)), serve(well)]
    download(tmp_path / "file", mirrors, len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def failing_after(count):
    """A server that breaks after `count` bytes, and then answers with 503."""
    return lambda handler: reply(handler, 503) if handler.headers.get("Range") else well(handler, cut=count)


def test_download_joins_no_bytes_of_two_files(serve, tmp_path):
    other = bytes(len(CONTENT))
    mirrors = [serve(failing_after(100_000)), serve(lambda handler: reply(handler, 200, other))]
    download(tmp_path / "file", mirrors)
    assert (tmp_path / "file").read_bytes() == other
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_download_keeps_what_stands_until_another_mirror_has_something(serve, tmp_path):
    starts, answers = [], [503, 503, 503, 503, None]

    def slow(handler):
        starts.append(handler.headers.get("Range"))
        status = answers.pop(0) if handler.headers.get("Range") else None
        return reply(handler, status) if status else well(handler, cut=98_304 if len(starts) == 1 else None)

    download(tmp_path / "file", [serve(slow), serve(lambda handler: reply(handler, 404))])
    assert starts == [None, *["bytes=98304-"] * 5]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_that_another_mirror_began_begins_again_in_the_next_run(serve, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "TRIES", 1)
        with pytest.raises(InputError, match="not fetched"):
            download(tmp_path / "file", [serve(failing_after(100_000))])
    starts = []
    download(tmp_path / "file", [serve(lambda handler: starts.append(handler.headers.get("Range")) or well(handler))])
    assert starts == [None]


def test_download_goes_on_from_another_mirror_where_a_checksum_is_published(serve, tmp_path):
    starts = []
    second = serve(lambda handler: starts.append(handler.headers.get("Range")) or well(handler))
    download(tmp_path / "file", [serve(failing_after(98_304)), second], len(CONTENT), SHA256)
    assert starts == ["bytes=98304-"]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_tries_again_after_a_servers_error(serve, tmp_path):
    statuses = iter([500, 503, 429])
    address = serve(
        lambda handler: well(handler) if (status := next(statuses, None)) is None else reply(handler, status)
    )
    download(tmp_path / "file", [address], len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_waits_longer_with_each_vain_try(serve, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(module, "PAUSE", 1.0)
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with pytest.raises(InputError, match="status 503"):
        download(tmp_path / "file", [serve(lambda handler: reply(handler, 503))])
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0]


def refused(tmp_path, addresses, match, **expected):
    with pytest.raises(InputError, match=match):
        download(tmp_path / "file", addresses, **expected)
    assert not (tmp_path / "file").exists()


def test_download_says_at_once_that_there_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", None)
    refused(tmp_path, [unused_address(), unused_address()], "cannot be reached; is there a network?")


def test_download_says_at_once_that_a_page_is_gone(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", None)
    refused(tmp_path, [serve(lambda handler: reply(handler, 404))], "status 404")


def test_download_names_a_redirection_to_nowhere(serve, tmp_path):
    nowhere = unused_address()
    refused(tmp_path, [serve(lambda handler: reply(handler, 302, Location=nowhere))], "cannot be reached")


def test_download_names_a_redirection_in_a_circle(serve, tmp_path):
    refused(tmp_path, [serve(lambda handler: reply(handler, 302, Location="/file"))], "leads nowhere")


def test_download_refuses_a_server_that_announces_more_than_it_sends(serve, tmp_path):
    refused(tmp_path, [serve(lambda handler: reply(handler, 200, b"few", Content_Length=10))], "not fetched")


def test_download_refuses_another_size(serve, tmp_path):
    refused(tmp_path, [serve(well)], f"offers {len(CONTENT)} bytes, expected 5", size=5)


def test_download_refuses_another_range_than_asked_for(serve, tmp_path):
    def liar(handler):
        if handler.headers.get("Range"):
            return reply(handler, 206, CONTENT[:10], Content_Range=f"bytes 0-9/{len(CONTENT)}")
        return well(handler, cut=1000)

    refused(tmp_path, [serve(liar)], "another range|broke")


def test_download_refuses_corrupt_contents_and_begins_again(serve, tmp_path):
    corrupt = serve(lambda handler: reply(handler, 200, CONTENT[:-1] + b"?"))
    refused(tmp_path, [corrupt], "SHA-256", size=len(CONTENT), sha256=SHA256)
    download(tmp_path / "file", [serve(well)], len(CONTENT), SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_holds_the_server_to_the_checksum_it_announces(serve, tmp_path):
    target = serve(lambda handler: reply(handler, 200, CONTENT[:-1] + b"?"))
    tag = f'"{SHA256}"'
    refused(tmp_path, [serve(lambda handler: reply(handler, 302, Location=target, X_Linked_ETag=tag))], "SHA-256")


def test_download_refuses_contents_that_fail_the_check(serve, tmp_path):
    def check(path):
        raise InputError(f"{path}: no data set")

    refused(tmp_path, [serve(well)], r"/file: no data set", check=check)


def test_download_needs_room_on_the_disk(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    refused(tmp_path, [serve(well)], "^(?!.*leads nowhere).*GB free on the disk")


def test_download_leaves_a_file_that_is_there(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    download(tmp_path / "file", [unused_address()])
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_download_gives_no_librarys_own_name(tmp_path, serve):
    """Wikimedia answers such with 403."""

    def answer(handler):
        return reply(handler, 403) if "requests" in handler.headers["User-Agent"] else well(handler)

    download(tmp_path / "file", [serve(answer)])
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_download_names_certificates_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    refused(tmp_path, ["https://127.0.0.1:1/file"], r"not fetched: https://127\.0\.0\.1:1/file: .*none\.pem")


def test_download_tells_the_checksum_that_it_compared(tmp_path, serve):
    url = serve(lambda handler: reply(handler, 200, CONTENT, X_Linked_ETag=f'"{SHA256}"'))
    assert download(tmp_path / "announced", [url]) == SHA256
    assert download(tmp_path / "published", [serve(well)], sha256=SHA256) == SHA256
    assert download(tmp_path / "unknown", [serve(well)]) is None
