import errno
import io
import os
import subprocess
import sys

import pytest

from evaluation.command.entry import entry_point
from evaluation.command.streams import Stream, lasting_streams
from evaluation.errors import InputError


class Failing(io.StringIO):
    """A stream behind which writing fails."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    flush = isatty = lambda self: self.write("")


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC])
def test_stream_never_raises(number):
    stream = Stream(Failing(OSError(number, os.strerror(number))))
    print("text", file=stream, flush=True)
    assert stream.isatty() is False


@pytest.mark.parametrize(("number", "is_failure"), [(errno.EPIPE, False), (errno.EIO, False), (errno.ENOSPC, True)])
def test_stream_remembers_a_full_disk_but_no_reader_that_is_gone(number, is_failure):
    stream = Stream(Failing(OSError(number, os.strerror(number))))
    print("text", file=stream, flush=True)
    assert (stream.failure is not None) is is_failure


def test_stream_goes_on_when_there_is_room_again(tmp_path):
    inner = Failing(OSError(errno.ENOSPC, "No space left on device"))
    stream = Stream(inner)
    print("lost", file=stream)
    inner.write = lambda text: io.StringIO.write(inner, text)
    print("kept", file=stream)
    assert inner.getvalue() == "kept\n"


def test_stream_escapes_what_its_encoding_lacks():
    buffer = io.BytesIO()
    terminal = io.TextIOWrapper(buffer, encoding="ascii", write_through=True)
    print("0.5 ± 0.1 \udce4", file=Stream(terminal))
    assert buffer.getvalue() == b"0.5 \\xb1 0.1 \\udce4\n"


def test_lasting_streams_gives_the_streams_back():
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyError), lasting_streams():
        raise KeyError
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_lasting_streams_stands_in_for_a_stream_that_is_missing(monkeypatch, name):
    monkeypatch.setattr(sys, name, None)
    with lasting_streams():
        getattr(sys, name).write("text")
        assert getattr(sys, name).isatty() is False
    assert getattr(sys, name) is None


COMMAND = """
import os, sys
from evaluation.command.entry import entry_point
@entry_point
def main():
    print("±" * 100000)
    print("done", file=sys.stderr)
sys.exit(main())
"""


def shell(line):
    """The finished bash command `line`, in which $COMMAND prints much to stdout and a word to stderr."""
    command = [sys.executable, "-c", COMMAND]
    script = f'COMMAND() {{ "$0" -c "$CODE"; }}; set -o pipefail; {line}'
    environment = {**os.environ, "CODE": COMMAND, "PYTHONIOENCODING": "utf-8"}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return subprocess.run(
        ["bash", "-c", script, command[0]], cwd=root, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("line", ["COMMAND | head -c 1 >/dev/null", "COMMAND >&-", "COMMAND <&- >&-"])
def test_a_command_whose_output_nobody_reads_ends_well(line):
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, "done\n")


def test_a_command_whose_output_does_not_fit_says_so():
    done = shell("COMMAND >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "done\nerror: standard output could not be written (No space left on device)\n"


def test_a_command_without_any_stream_ends_well():
    assert shell("COMMAND >&- 2>&-; echo $?").stdout == "0\n"


def test_a_file_never_takes_the_number_of_a_closed_stream():
    code = "import sys; from evaluation.command.streams import lasting_streams\nwith lasting_streams(): "
    code += "print(open('train.py').fileno(), file=sys.stderr)"
    done = subprocess.run(
        ["bash", "-c", '"$0" -c "$1" <&- >&-', sys.executable, code],
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        capture_output=True,
        text=True,
    )
    assert int(done.stderr) > 2


def test_entry_point_reports_an_error_where_standard_error_is_gone(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Failing(BrokenPipeError(errno.EPIPE, "Broken pipe")))

    @entry_point
    def main():
        raise InputError("a.yml: wrong")

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
