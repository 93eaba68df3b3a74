"""Real git repositories that hold a submission, for the tests of `python -m utils.submission`."""

import json
import os
import shutil
import subprocess

from utils.submission.__main__ import main
from utils.submission.check import CHALLENGE, check
from utils.submission.repository import Repository

AICROWD = {
    "challenge_id": CHALLENGE,
    "grader_id": CHALLENGE,
    "authors": ["Ada Lovelace"],
    "description": "an entry",
    "license": "MIT",
    "gpu": True,
}
ENVIRONMENT = "dependencies: [python=3.8.18, pip=23.3.2, pytorch=1.8.1, mkl=2024.0.0, {pip: [numpy==1.24.4]}]\n"
FILES = {
    "aicrowd.json": json.dumps(AICROWD),
    "run.sh": "#!/usr/bin/env bash\n",
    "environment.yml": ENVIRONMENT,
    "requirements.txt": "torch==2.13.0\nnumpy==2.4.6\n",
    "configs/challenge.yml": "time_budget: 7.75h\n",
}


class Entry:
    """A git repository that holds a submission with nothing to fix."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main", str(folder), at=folder.parent)
        for path, text in FILES.items():
            self.write(path, text)
        (folder / "run.sh").chmod(0o755)
        self.commit()

    def git(self, *arguments, at=None):
        command = ["git", "-C", str(at or self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, **files):
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "an entry")

    def replace(self, path, text):
        self.write(path, text)
        self.commit()

    def findings(self, part):
        return dict(check(Repository(self.folder)))[part]

    def run(self, *arguments):
        return main([arguments[0], "--repository", str(self.folder), *arguments[1:]])


def set_up_git(monkeypatch, home):
    """A git that knows nothing of this machine's settings."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    variables = {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TEMPLATE_DIR": ""}
    for role in ("AUTHOR", "COMMITTER"):
        variables.update({f"GIT_{role}_NAME": "Ada Lovelace", f"GIT_{role}_EMAIL": "ada@example.org"})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def copy_of(entry, folder):
    """The same entry in another folder: quicker than to make it anew."""
    shutil.copytree(str(entry.folder), str(folder))
    copy = Entry.__new__(Entry)
    copy.folder = folder
    return copy
