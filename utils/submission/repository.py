"""The entrant's git repository: what is in the commit that a tag would submit."""

import os
import subprocess
from pathlib import Path

from utils.errors import InputError

TAG_PREFIX = "submission-"  # the grader takes every pushed tag that begins so
ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # would have git work elsewhere than in `folder`
FILE_MODES = ("100644", "100755", "120000")  # a file's, an executable's and a link's, and no folder's


class Repository:
    """A git repository with at least one commit. Every method asks git, nothing is kept."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(f"{folder}: no such folder; expected a git repository")
        self.folder = Path(self.git("rev-parse", "--show-toplevel").rstrip("\n"))
        if not self.succeeds("rev-parse", "--verify", "--quiet", "HEAD"):
            raise InputError(f"{self.folder}: no commit yet; a submission is a commit")

    def git(self, *arguments):
        """The output of a git command. Raises InputError with git's own reason where it fails."""
        done = self._run(arguments)
        if done.returncode:
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("hint:")]
            rejected = [line.strip() for line in lines if line.startswith(" ! ")]  # a push's reason, ref by ref
            reason = (rejected[:1] or lines[-1:] or [f"exit code {done.returncode}"])[0]
            raise InputError(f"git {arguments[0]} in {self.folder}: {reason}")
        return done.stdout.decode("utf-8", errors="surrogateescape")

    def succeeds(self, *arguments):
        """Whether a git command exits with 0."""
        return self._run(arguments).returncode == 0

    def read(self, path):
        """The committed text of the file `path`, None if the commit has no such file."""
        return self.git("cat-file", "blob", f"HEAD:{path}") if self.mode(path) in FILE_MODES else None

    def mode(self, path):
        """The mode of `path` in the commit, e.g. '100755'; None if it is not there."""
        return self.git("ls-tree", "HEAD", path)[:6] or None

    def files(self):
        """(path, bytes) of every file in the commit, and of every other content in its history."""
        listed = self.git("ls-tree", "-r", "-l", "-z", "HEAD").split("\0")[:-1]
        entries = [(*fields.split(), path) for fields, path in (entry.split("\t", 1) for entry in listed)]
        blobs = [(name, int(size), path) for _, kind, name, size, path in entries if kind == "blob"]
        return [(path, size) for _, size, path in blobs], self._history(exclude={name for name, _, _ in blobs})

    def changes(self):
        """Paths that the working tree has and the commit has not, or has otherwise; ignored ones left out."""
        status = self.git("status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames")
        return [entry[3:] for entry in status.split("\0")[:-1]]

    def submissions(self):
        """Submission tags on the commit."""
        return self.git("tag", "--points-at", "HEAD", "--list", f"{TAG_PREFIX}*").split()

    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    def _history(self, exclude):
        objects = self.git("rev-list", "--objects", "HEAD")
        form = "%(objectname) %(objecttype) %(objectsize) %(rest)"
        sizes = self._run(("cat-file", f"--batch-check={form}"), objects.encode("utf-8", "surrogateescape"))
        for line in sizes.stdout.decode("utf-8", errors="surrogateescape").split("\n")[:-1]:
            name, kind, size, path = line.split(" ", 3)
            if kind == "blob" and name not in exclude:
                yield path, int(size)

    def _run(self, arguments, stdin=b""):
        command = ["git", "-C", str(self.folder), *arguments]
        inherited = {key: value for key, value in os.environ.items() if key not in ANOTHER_REPOSITORY}
        environment = {**inherited, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        try:
            return subprocess.run(command, input=stdin, capture_output=True, env=environment)
        except FileNotFoundError:
            raise InputError("git is not installed, or not on PATH") from None
