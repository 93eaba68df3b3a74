"""utils/setup.sh: which Python runs the kit."""

import os
import subprocess
import sys

import pytest
from conftest import REPOSITORY


def bash(script, cwd, **variables):
    """The finished process of a script that has sourced setup.sh."""
    return subprocess.run(
        ["bash", "-c", f"source '{REPOSITORY}/utils/setup.sh'; {script}"],
        cwd=str(cwd),
        env={"PATH": os.environ["PATH"], "NDC_ROOT": str(cwd), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("pytest", 0),
        ("pytest>=1  # a comment", 0),
        ("", 0),
        ("pytest>=9999", 1),
        ("no-such-package", 1),
        ("no-such-package; python_version < '3'", 0),
    ],
)
def test_has_requirements_reads_versions_and_markers(tmp_path, line, code):
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    assert bash(f"has_requirements '{sys.executable}' requirements.txt", tmp_path).returncode == code


def test_has_requirements_needs_no_pip(tmp_path):
    (tmp_path / "requirements.txt").write_text("pytest\n")
    code = "import sys; sys.modules['pip'] = None; exec(sys.stdin.read())"
    write_stub(tmp_path / "python", f'shift 2; exec "{sys.executable}" -c "{code}" "$@"')  # instead of -I -
    assert bash("has_requirements ./python requirements.txt", tmp_path).returncode == 0


def test_python_may_be_named_by_a_relative_path(tmp_path):
    (tmp_path / "here").symlink_to(os.path.dirname(sys.executable))
    done = bash("base_python", tmp_path, PYTHON=f"here/{os.path.basename(sys.executable)}")
    assert done.stdout.strip() == str(tmp_path / "here" / os.path.basename(sys.executable))


def test_packages_that_cannot_be_installed_end_in_one_line_and_code_2(tmp_path):
    (tmp_path / "requirements.txt").write_text("no-such-package==1\n")
    stub = f"case $* in *install*) exit 1 ;; esac; exec '{sys.executable}' \"$@\""
    write_stub(tmp_path / ".venv" / "bin" / "python", stub)
    done = bash("find_or_make_python requirements.txt", tmp_path, PYTHON=sys.executable)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the packages could not be installed")


def test_environment_of_another_version_than_python_names_is_made_anew(tmp_path):
    (tmp_path / "requirements.txt").write_text("no-such-package==1\n")
    write_stub(tmp_path / ".venv" / "bin" / "python", "echo 3 1")
    (tmp_path / ".venv" / ".made-by-the-kit").touch()
    write_stub(tmp_path / "base", f"case $* in *venv*) exit 1 ;; esac; exec '{sys.executable}' \"$@\"")
    done = bash("find_or_make_python requirements.txt", tmp_path, PYTHON=str(tmp_path / "base"))
    assert f"making {tmp_path}/.venv anew" in done.stdout
    assert not (tmp_path / ".venv" / "bin").exists()
    assert done.stderr == f"error: {tmp_path}/.venv could not be made (is the venv module there?)\n"


@pytest.mark.parametrize("stub", ["echo 3 1", f"exec '{sys.executable}' -c 'raise SystemExit(1)'"])
def test_environment_that_the_kit_did_not_make_is_never_deleted(tmp_path, stub):
    (tmp_path / "requirements.txt").write_text("no-such-package==1\n")
    write_stub(tmp_path / ".venv" / "bin" / "python", stub)
    done = bash("find_or_make_python requirements.txt", tmp_path, PYTHON=sys.executable)
    assert done.returncode == 2
    assert f"error: {tmp_path}/.venv: not made by this kit" in done.stderr
    assert (tmp_path / ".venv" / "bin" / "python").exists()


def write_stub(path, line):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
