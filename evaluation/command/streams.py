"""Standard output and standard error that end no command: what cannot be written there is dropped."""

import contextlib
import errno
import os
import sys

READER_IS_GONE = (errno.EPIPE, errno.EIO, errno.EBADF)  # `| head` has read enough; the terminal was closed


class Stream:
    """A text stream like `stream`, whose methods never raise because of what lies behind it.

    A character that its encoding lacks becomes an escape. `failure` is the last error of writing that is worth
    a message: a full disk, but not a reader that is gone.
    """

    def __init__(self, stream):
        self._stream, self.failure = stream, None

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            self.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError) as error:
            self._drop(error)
        return len(text)

    def flush(self):
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._drop(error)

    def isatty(self):
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False

    def close_down(self):
        """Write what is buffered, or drop it, so that the interpreter's own flush at its end does not fail."""
        before, self.failure = self.failure, None
        self.flush()
        if self.failure:
            self._lead_to_nowhere()
        self.failure = self.failure or before

    def _drop(self, error):
        if getattr(error, "errno", None) in READER_IS_GONE:
            self._lead_to_nowhere()
        elif isinstance(error, OSError):  # ValueError: it was closed by whoever opened it
            self.failure = error

    def _lead_to_nowhere(self):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def lasting_streams():
    """sys.stdout and sys.stderr as Streams; gives both. Descriptors that the caller closed (`>&-`) lead to nowhere.

    Left closed, their numbers would be given to the next files that are opened, and whatever C libraries print would
    be written into those.
    """
    _fill_closed_descriptors()
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        streams = [Stream(nowhere if stream is None else stream) for stream in before]
        sys.stdout, sys.stderr = streams
        try:
            yield streams
        finally:
            for stream in streams:
                stream.close_down()
            sys.stdout, sys.stderr = before


def _fill_closed_descriptors():
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
