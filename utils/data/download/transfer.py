"""One file over HTTP: mirrors in turn, resumed where the line was cut, checked before it takes its name."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from utils.data.storage.partial import partial_file, require_room
from utils.errors import InputError

TRIES = 6  # in a row that bring nothing
PATIENCE = 3  # of them with the mirror that began, if another one would have to begin again
PAUSE = 1.0  # seconds before the second try, doubled with each one after
TIMEOUT = (10, 60)  # seconds to connect, and between two packets
AGENT = "disentanglement-challenge-kit (download of a research data set)"  # Wikimedia refuses libraries' own names
_BLOCK = 1 << 14  # bytes: what is on its way in a block is lost when the line breaks


class _Broken(Exception):
    """This try failed; another one may not."""


class _Hopeless(Exception):
    """This mirror will go on failing: no connection, no such page."""


def download(path, urls, size=None, sha256=None, check=None):
    """Fetch one of `urls` to `path`, unless it is there.

    size, sha256: what is published of the file. check(path) raises InputError if the contents are not as expected.
    Returns the SHA-256 that the file was compared with, the published one or what the server announced, else None.
    InputError: no network, every mirror failing for good, no room, other contents than expected. What was fetched
    before a failure of the line stays, and the next call goes on from there.
    """
    with partial_file(path, "download") as file:
        if file is None:
            return None
        announced = _fetch(file, path, urls, size, sha256)
        try:
            _verify(file, path, sha256 or announced)
            if check is not None:
                check(file.name)
        except InputError as error:
            file.truncate(0)
            raise InputError(str(error).replace(file.name, str(path))) from error
        return sha256 or announced


def _fetch(file, path, urls, size, sha256):
    """Bring the whole file, with as many tries as bring something; returns the SHA-256 that the server announced."""
    first, idle, problems = True, 0, {}
    origin = _Origin(file, sha256)
    with tqdm(total=size, desc=f"fetching {path.name}", unit="B", unit_scale=True, disable=None) as bar:
        while True:
            brought, hopeless = False, 0
            for url in origin.first_among(urls):
                have = origin.standing(url)
                try:
                    announced = _transfer(file, path, url, size, bar, origin)
                    origin.forget()
                    return announced
                except (_Broken, _Hopeless) as problem:
                    problems[url] = f"{url}: {problem}"
                    hopeless += isinstance(problem, _Hopeless)
                    brought = origin.standing(url) > have
                    if brought or (origin.is_bound() and isinstance(problem, _Broken) and idle < PATIENCE):
                        break
            idle = 0 if brought else idle + 1
            if idle == TRIES or (hopeless == len(urls) and first):  # no network: say so at once
                raise InputError(f"{path}: not fetched: {'; '.join(problems.values())}")
            first = False
            time.sleep(PAUSE * 2 ** min(idle, 5))


class _Origin:
    """Which mirror the bytes that stand in `file` came from, in a small file beside it.

    Without a published SHA-256 nothing would show that bytes of two different files were joined, so another mirror
    begins again.
    """

    def __init__(self, file, sha256):
        self.file, self.sha256, self.note = file, sha256, Path(f"{file.name}.origin")

    def first_among(self, urls):
        """`urls`, the one that began first."""
        return sorted(urls, key=lambda url: not self._began(url))

    def standing(self, url):
        """How many bytes stand that `url` may go on from."""
        return self.file.seek(0, os.SEEK_END) if self.sha256 or self._began(url) else 0

    def is_bound(self):
        """Whether another mirror would have to begin again."""
        return not self.sha256 and self.file.seek(0, os.SEEK_END) > 0

    def begin(self, url, have):
        """From now on `url` writes after the first `have` bytes; the others go."""
        self.file.truncate(have)
        self.file.seek(have)
        self.note.write_text(url, encoding="utf-8")

    def forget(self):
        self.note.unlink()

    def _began(self, url):
        return self.note.exists() and self.note.read_text(encoding="utf-8") == url


def _transfer(file, path, url, size, bar, origin):
    """One try: append what is missing to `file`. Returns the announced SHA-256 or None."""
    have = origin.standing(url)
    headers = {"Accept-Encoding": "identity", "User-Agent": AGENT}
    if have:
        headers["Range"] = f"bytes={have}-"
    with _line_failures(), _ask(url, headers) as response:
        have, total = _agree(file, response, have, size)
        if total is not None:
            require_room(path, total - have)
        origin.begin(url, have)
        bar.total, bar.n = total, have
        for block in response.iter_content(_BLOCK):
            have += len(block)
            if total is not None and have > total:
                file.truncate(0)
                raise _Broken(f"sends more than the {total} bytes it announces")
            file.write(block)
            bar.update(len(block))
        file.flush()
        if total is not None and have != total:
            raise _Broken(f"ended after {have} of {total} bytes")
        return _announced(response)


@contextlib.contextmanager
def _line_failures():
    """What requests raises comes out as _Broken or _Hopeless."""
    try:
        yield
    except InputError:  # no room
        raise
    except (requests.TooManyRedirects, ValueError) as error:  # requests' errors for addresses are ValueErrors
        raise _Hopeless(f"leads nowhere ({error})") from error
    except requests.ConnectionError as error:
        inner = error.args[0] if error.args else None
        if isinstance(inner, (urllib3.exceptions.ProtocolError, urllib3.exceptions.ReadTimeoutError)):
            raise _Broken("the connection broke") from error
        raise _Hopeless("cannot be reached; is there a network?") from error
    except requests.RequestException as error:
        raise _Broken(f"the connection broke ({type(error).__name__})") from error


def _ask(url, headers):
    """The server's answer, whose body is not read yet."""
    try:
        return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except requests.RequestException:
        raise
    except OSError as error:  # of the machine's own settings, such as REQUESTS_CA_BUNDLE
        raise _Hopeless(str(error)) from error


def _agree(file, response, have, size):
    """Bytes that stand and bytes that the whole file has, from the answer's status and headers; _Broken if unfit."""
    if response.status_code == 206:
        span = re.match(r"bytes (\d+)-\d+/(\d+)$", response.headers.get("Content-Range", ""))
        if span is None or int(span.group(1)) != have:
            file.truncate(0)
            raise _Broken("answers with another range than asked for")
        total = int(span.group(2))
    elif response.status_code == 200:
        have = 0
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    else:
        if response.status_code == 416:  # what stands is longer than the file: begin again
            file.truncate(0)
        passing = response.status_code >= 500 or response.status_code in (408, 416, 425, 429)
        raise (_Broken if passing else _Hopeless)(f"answers with status {response.status_code}")
    if size is not None and total is not None and total != size:
        raise _Broken(f"offers {total} bytes, expected {size}")
    return have, size if total is None else total


def _announced(response):
    """The SHA-256 that Hugging Face gives on the way to its stored files, else None."""
    for answer in (*response.history, response):
        tag = answer.headers.get("X-Linked-ETag", "").strip('"')
        if re.match(r"[0-9a-f]{64}$", tag):
            return tag
    return None


def _verify(file, path, sha256):
    if sha256 is None:
        return
    digest = hashlib.sha256()
    file.seek(0)
    for block in iter(lambda: file.read(_BLOCK), b""):
        digest.update(block)
    if digest.hexdigest() != sha256:
        raise InputError(f"{path}: SHA-256 {digest.hexdigest()} found, expected {sha256}; fetched again next time")
