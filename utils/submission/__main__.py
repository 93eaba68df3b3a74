"""Before a submission is pushed.

python -m utils.submission check              # what would fail at the grader, one line each
python -m utils.submission rehearse           # a fresh clone, run as the grader runs it, for two minutes
python -m utils.submission tag v0.1           # check, make the tag submission-v0.1, print how to push it
python -m utils.submission tag v0.1 --push REMOTE
"""

import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from utils.errors import InputError, Parser, entry_point
from utils.files import REPOSITORY, user_path
from utils.submission.check import check
from utils.submission.repository import Repository
from utils.submission.tag import likely_remote, make_tag, push_commands


@entry_point
def main(arguments=None):
    """Run a command; returns the exit code, 0 where nothing stands in the way of a submission."""
    options = parse_arguments(arguments)
    return options.run(Repository(options.repository), options)


def parse_arguments(arguments):
    parser = Parser(
        prog="python -m utils.submission",
        description=__doc__,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command, run in (("check", run_check), ("rehearse", run_rehearsal), ("tag", run_tag)):
        added = commands.add_parser(command, help=run.__doc__)
        added.set_defaults(run=run)
        added.add_argument(
            "--repository", type=user_path, default=REPOSITORY, metavar="FOLDER", help="default: this one"
        )
        if command == "rehearse":
            added.add_argument("--minutes", default=2.0, type=float, help="the budget (default: %(default)s)")
            added.add_argument(
                "--folder", type=user_path, help="a new folder that keeps everything; 6 GB (default: a temporary one)"
            )
        else:
            added.add_argument("--limit", default="8h", help="the grader's time for the run (default: %(default)s)")
        if command == "tag":
            added.add_argument("name", help="e.g. v0.1, for the tag submission-v0.1")
            added.add_argument("--push", metavar="REMOTE", help="push branch and tag there: this submits")
    return parser.parse_args(arguments)


def run_check(repository, options):
    """list what would fail at the grader"""
    findings = 0
    for part, found in check(repository, options.limit):
        for finding in found:
            print(f"fix   {part}: {' '.join(finding.split())}")
        if not found:
            print(f"ok    {part}")
        findings += len(found)
    return 1 if findings else 0


def run_rehearsal(repository, options):
    """clone, run, load and score as the grader does, within minutes"""
    from utils.submission.rehearse import Rehearsal, rehearse  # here, since only this command needs the data sets

    if not 0.2 <= options.minutes <= 24 * 60:
        raise InputError(f"--minutes {options.minutes:g}: expected 0.2 to 1440")
    with _ended_by_signals(), contextlib.ExitStack() as stack:
        folder = _new_folder(options.folder) or stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))
        return 0 if rehearse(Rehearsal(repository, Path(folder).resolve(), options.minutes)) else 1


def _new_folder(path):
    """`path`, made; None if there is none. InputError: it exists, or cannot be made."""
    try:
        if path:
            path.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"--folder {path}: {error.strerror}; expected the name of a new folder") from None
    return path


def run_tag(repository, options):
    """check, then make the tag that submits the commit"""
    if run_check(repository, options):
        print("no tag made: fix the above first", file=sys.stderr)
        return 1
    tag = make_tag(repository, options.name, options.push)
    print(f"made  {tag} on {repository.head()[:10]}")
    remote = options.push or likely_remote(repository)
    commands = push_commands(repository, tag, remote or "REMOTE")
    if not options.push:
        print("submit it with:" if remote else "submit it with (REMOTE: your repository at AIcrowd):")
    for command in commands:
        print(f"  git {' '.join(command)}", flush=True)
        if options.push:
            _push(repository, command, tag)
    return 0


def _push(repository, command, tag):
    """Run a git push; where it fails, nothing is submitted and the tag is taken back."""
    try:
        repository.git(*command)
    except InputError as error:
        repository.git("tag", "--delete", tag)
        raise InputError(f"{error}; nothing is submitted, and {tag} is taken back here") from None


@contextlib.contextmanager
def _ended_by_signals():
    """SIGTERM and SIGHUP as exceptions, so that what was started is ended and what was made is removed.

    One that was ignored when the process started (nohup) stays ignored.
    """

    def end(number, frame):
        raise SystemExit(128 + number)

    handled = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # git holds names of files that no terminal can show
    sys.exit(main())
