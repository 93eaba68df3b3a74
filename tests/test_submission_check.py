"""What `python -m utils.submission check` says about real git repositories."""

import json
import os
import re
import shlex
import subprocess
import sys
import zlib

import pytest
from conftest import REPOSITORY
from entries import AICROWD, ENVIRONMENT

from utils.submission.check import LARGEST_FILE, check, read_pins, required_packages
from utils.submission.repository import Repository


def test_check_finds_nothing_in_a_sound_entry(entry):
    assert {part: found for part, found in check(Repository(entry.folder)) if found} == {}


def test_check_command_succeeds_on_a_sound_entry(entry, capsys):
    assert entry.run("check") == 0
    assert "fix" not in capsys.readouterr().out


def test_check_command_fails_with_one_line_a_finding(entry, capsys):
    entry.replace("aicrowd.json", json.dumps({**AICROWD, "authors": [], "gpu": "yes"}))
    assert entry.run("check") == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("fix")]
    assert [line.split()[1] for line in lines] == ["aicrowd.json:", "authors:"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("challenge_id", "another-challenge"),
        ("grader_id", None),
        ("description", " "),
        ("license", 3),
        ("gpu", "true"),
    ],
)
def test_check_finds_a_wrong_field_of_aicrowd_json(entry, key, value):
    entry.replace("aicrowd.json", json.dumps({**AICROWD, key: value}))
    assert [finding.split()[0] for finding in entry.findings("aicrowd.json")] == [key]


@pytest.mark.parametrize("text", ["{", "[]", "", "\ufeff{}", pytest.param("[" * 100_000, id="deep")])
def test_check_finds_an_aicrowd_json_that_is_no_object(entry, text):
    entry.replace("aicrowd.json", text)
    assert len(entry.findings("aicrowd.json")) == 1


@pytest.mark.parametrize("authors", [[], None, "Ada Lovelace", [""], [1]])
def test_check_finds_missing_authors(entry, authors):
    entry.replace("aicrowd.json", json.dumps({**AICROWD, "authors": authors}))
    assert len(entry.findings("authors")) == 1


def test_check_finds_a_run_sh_that_is_not_executable_in_git(entry):
    entry.git("update-index", "--chmod=-x", "run.sh")
    entry.git("commit", "--quiet", "--message", "not executable")
    assert "chmod=+x" in entry.findings("run.sh")[0]


def test_check_finds_a_run_sh_that_is_a_link(entry):
    (entry.folder / "run.sh").unlink()
    (entry.folder / "run.sh").symlink_to("aicrowd.json")
    entry.commit()
    assert "link" in entry.findings("run.sh")[0]


def test_check_finds_folders_in_the_place_of_files(entry):
    for path in ("run.sh", "aicrowd.json", "environment.yml"):
        (entry.folder / path).unlink()
        entry.write(f"{path}/inside", "")
    entry.commit()
    assert "folder" in entry.findings("run.sh")[0]
    assert "not in git" in entry.findings("aicrowd.json")[0]
    assert "not in git" in entry.findings("environment.yml")[0]


def test_check_finds_windows_line_ends_in_run_sh(entry):
    entry.replace("run.sh", "#!/usr/bin/env bash\r\n")
    assert "Windows" in entry.findings("run.sh")[0]


def test_check_finds_a_run_sh_without_interpreter(entry):
    entry.replace("run.sh", "exit 0\n")
    assert "#!" in entry.findings("run.sh")[0]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("aicrowd.json", "aicrowd.json"),
        ("run.sh", "run.sh"),
        ("environment.yml", "environment.yml"),
        ("configs/challenge.yml", "time budget"),
    ],
)
def test_check_finds_a_file_that_is_here_but_not_in_git(entry, path, part):
    entry.git("rm", "--quiet", "--cached", path)
    entry.git("commit", "--quiet", "--message", "left out")
    assert "not in git" in entry.findings(part)[0]


@pytest.mark.parametrize("loose", ["numpy", "numpy>=1.24", "numpy=1.24.4", "numpy==1.*"])
def test_check_finds_a_loose_pin_of_pip_s(entry, loose):
    entry.replace("environment.yml", ENVIRONMENT.replace("numpy==1.24.4", loose))
    assert "numpy has no exact version" in entry.findings("environment.yml")[0]


@pytest.mark.parametrize("loose", ["pytorch", "pytorch>=1.8", "pytorch=1.8.*", "pytorch<1.9"])
def test_check_finds_a_loose_pin_of_conda_s(entry, loose):
    entry.replace("environment.yml", ENVIRONMENT.replace("pytorch=1.8.1", f'"{loose}"'))
    assert "pytorch has no exact version" in entry.findings("environment.yml")[0]


def test_check_finds_a_package_that_the_container_lacks(entry):
    entry.replace("requirements.txt", "torch==2.13.0\nPy_YAML==6.0.3; python_version >= '3.8'\n")
    assert entry.findings("environment.yml") == [
        "py-yaml is in requirements.txt but not here; add it with the container's version"
    ]


def test_check_finds_a_pip_part_without_pip(entry):
    entry.replace("environment.yml", ENVIRONMENT.replace("pip=23.3.2, ", ""))
    assert "pip itself" in entry.findings("environment.yml")[0]


@pytest.mark.parametrize("mkl", ["", "mkl=2024.2.2, "])
def test_check_finds_an_mkl_that_breaks_pytorch(entry, mkl):
    entry.replace("environment.yml", ENVIRONMENT.replace("mkl=2024.0.0, ", mkl))
    assert "mkl=2024.0.0" in entry.findings("environment.yml")[0]


@pytest.mark.parametrize(
    "text", ["", "[", "a: 1", "dependencies: 3", "dependencies: [3]", "dependencies: [{conda: []}]"]
)
def test_check_finds_an_environment_that_is_none(entry, text):
    entry.replace("environment.yml", text)
    assert "not a conda environment" in entry.findings("environment.yml")[0]


@pytest.mark.parametrize("path", ["weights.pt", "data/mpi3d_toy.npz", "data.tar.gz", "ünïcode name.H5"])
def test_check_finds_data_and_weights_in_git(entry, path):
    entry.replace(path, b"\0")
    assert path in entry.findings("files in git")[0]


def test_check_accepts_a_small_fixture_below_tests(entry):
    entry.replace("tests/codes.npz", b"\0")
    assert entry.findings("files in git") == []


def test_check_finds_a_large_file(entry):
    entry.replace("notes.txt", os.urandom(LARGEST_FILE + 1))
    assert "notes.txt has 10 MB" in entry.findings("files in git")[0]


def test_check_finds_a_large_file_in_the_history(entry):
    entry.replace("notes.txt", os.urandom(LARGEST_FILE + 1))
    entry.git("rm", "--quiet", "notes.txt")
    entry.commit(other="x")
    assert "history" in entry.findings("files in git")[0]


def test_check_s_remedy_for_the_history_can_be_pasted_whatever_the_name(entry):
    entry.replace("it's\u2028 here.txt", os.urandom(LARGEST_FILE + 1))
    entry.git("rm", "--quiet", "it's\u2028 here.txt")
    entry.commit(other="x")
    assert shlex.quote("it's\u2028 here.txt") in entry.findings("files in git")[0]


def test_check_prints_names_that_no_terminal_can_show(entry):
    entry.write(os.fsdecode(b"\xe9.npz"), "x")
    entry.commit()
    command = [sys.executable, "-m", "utils.submission", "check", "--repository", str(entry.folder)]
    done = subprocess.run(command, cwd=str(REPOSITORY), capture_output=True)
    assert done.stderr == b""
    assert b"\\udce9.npz seems to be data" in done.stdout


def test_check_says_in_one_line_that_a_repository_is_damaged(entry, capsys):
    for path in (entry.folder / ".git" / "objects").glob("??/*"):
        if b"blob" in zlib.decompress(path.read_bytes())[:4]:
            path.unlink()
    with pytest.raises(SystemExit):
        entry.run("check")
    assert capsys.readouterr().err.startswith("error: git cat-file")


@pytest.mark.parametrize("path", ["new.py", "run.sh"])
def test_check_finds_what_is_not_committed(entry, path):
    entry.write(path, "#!/bin/sh\n")
    assert path in entry.findings("working tree")[0]


def test_check_leaves_ignored_files_alone(entry):
    entry.replace(".gitignore", "scratch/\n")
    entry.write("scratch/big.npz", "x")
    assert entry.findings("working tree") == []


def test_check_finds_a_commit_that_is_submitted(entry):
    entry.git("tag", "submission-v0.1")
    assert "submission-v0.1" in entry.findings("commit")[0]


def test_check_finds_a_budget_over_the_grader_s_time(entry, capsys):
    assert entry.run("check", "--limit", "4h") == 1
    assert "27900 s" in capsys.readouterr().out


def test_check_finds_a_budget_that_leaves_no_time_for_the_container_s_start_and_end(entry):
    entry.replace("configs/challenge.yml", "time_budget: 8h\n")
    assert "start and end included" in entry.findings("time budget")[0]


def test_check_accepts_the_budget_that_it_advises(entry, capsys):
    entry.run("check", "--limit", "1h")
    advised = re.search("set time_budget: ([^,]+),", capsys.readouterr().out).group(1)
    entry.replace("configs/challenge.yml", f"time_budget: {advised}\n")
    assert entry.run("check", "--limit", "1h") == 0


def test_check_finds_a_configuration_that_train_refuses(entry):
    entry.replace("configs/challenge.yml", "time_bugdet: 8h\n")
    assert "time_budget" in entry.findings("time budget")[0]


def test_check_reads_the_budget_that_is_in_the_commit(entry):
    entry.replace("configs/challenge.yml", "time_budget: 20h\n")
    entry.git("update-index", "--skip-worktree", "configs/challenge.yml")
    entry.write("configs/challenge.yml", "time_budget: 7h\n")
    assert "trains for 72000 s" in entry.findings("time budget")[0]


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_check_looks_at_the_repository_that_it_is_asked_for(entry, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert entry.findings("working tree") == []


def test_read_pins_reads_channels_builds_and_extras():
    conda, pip = read_pins('dependencies: ["pytorch::a==1.2=py38_0", {pip: ["b[c]==1.0+cpu", "--no-cache-dir"]}]')
    assert (conda, pip) == ({"a": "1.2"}, {"b": "1.0+cpu"})


def test_required_packages_reads_names_only():
    text = "# a comment\n\nA_b[c]==1.0; python_version < '3.9'\na-b==2\n-r more.txt\nd\n"
    assert required_packages(text) == ["a-b", "d"]


def test_check_finds_a_large_file_that_was_made_smaller(entry):
    entry.replace("notes.txt", os.urandom(11_000_000))
    entry.replace("notes.txt", "small")
    (finding,) = entry.findings("files in git")
    assert finding.startswith("notes.txt (11 MB) is in the history")


def test_check_sees_new_files_where_git_s_settings_hide_them(entry):
    entry.git("config", "status.showUntrackedFiles", "no")
    entry.write("new.py", "")
    assert "new.py" in entry.findings("working tree")[0]


@pytest.mark.parametrize("mkl", ["2024", "2024.1", "2025.0.0"])
def test_check_finds_an_mkl_that_may_be_one_that_breaks_pytorch(entry, mkl):
    entry.replace("environment.yml", ENVIRONMENT.replace("mkl=2024.0.0", f"mkl={mkl}"))
    assert "mkl=2024.0.0" in entry.findings("environment.yml")[0]


def test_check_takes_pip_s_options_markers_and_torch(entry):
    links = '"-f https://download.pytorch.org/whl/torch_stable.html"'
    pip = f"{links}, torch==1.8.1+cu101, \"numpy==1.24.4 ; python_version<'3.9'\""
    text = ENVIRONMENT.replace("pytorch=1.8.1, mkl=2024.0.0, ", "").replace("numpy==1.24.4", pip)
    entry.replace("environment.yml", text)
    assert entry.findings("environment.yml") == []
