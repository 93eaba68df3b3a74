"""run.sh from anywhere, for anyone: what it starts, with which arguments, and the exit code it passes on.

`train.py` and `local_evaluation.py` are stand-ins here that write down how they were called.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from copies import REPOSITORY, copy_repository

STAND_IN = """import json, os, sys
with open(os.environ["RECORD"], "a") as record:
    told = {"argv": sys.argv, "root": os.environ.get("NDC_ROOT"), "cwd": os.getcwd(), "parent": os.getppid()}
    told["dataset"] = os.environ.get("AICROWD_DATASET_NAME")
    record.write(json.dumps(told) + "\\n")
sys.exit(int(os.environ.get(os.path.basename(__file__)[0].upper() + "_CODE", 0)))
"""
HEEDS_SIGNALS = """import json, os, signal, sys, time
came = []
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, lambda number, frame: came.append(number))
print("training", flush=True)
while not came:
    time.sleep(0.01)
time.sleep(0.3)
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps({"argv": sys.argv, "signals": came}) + "\\n")
sys.exit(128 + came[0])
"""
SCRIPTS = ["run.sh", "tests/run.sh", "utils/setup.sh", ".ci/run"]
GRADING = {"AICROWD_IS_GRADING": "true"}


class Kit:
    """A copy of the repository in `folder` with stand-ins, and what they wrote down."""

    def __init__(self, folder, record):
        self.folder, self.record = copy_repository(folder), record
        for name in ("train.py", "local_evaluation.py"):
            (folder / name).write_text(STAND_IN)

    def run(self, *arguments, script=None, cwd=None, **variables):
        """The finished process; its environment has nothing but `variables` and what a shell needs."""
        path = os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin", "/bin"])
        environment = {"PATH": path, "PYTHON": sys.executable, "RECORD": str(self.record), **variables}
        return subprocess.run(
            [str(script or self.folder / "run.sh"), *arguments],
            cwd=str(cwd or self.folder),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self):
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]

    def arguments(self):
        """What train.py was called with, below the repository's folder."""
        return [word.replace(f"{self.folder}/", "") for word in self.calls()[0]["argv"][1:]]

    def scripts(self):
        return [os.path.basename(call["argv"][0]) for call in self.calls()]


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path / 'it\'s a "kit" $HOME `x`', tmp_path / "record")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_pass_shellcheck(script):
    tool = shutil.which("shellcheck", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    subprocess.run([tool, "--external-sources", script], cwd=str(REPOSITORY), check=True)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_use_nothing_newer_than_bash_4(script):
    newer = (
        r"\$\{[^}]*@[A-Za-z]\}|EPOCHSECONDS|EPOCHREALTIME|SRANDOM|BASH_ARGV0|wait -p|local -\s|readarray -d|mapfile -d"
    )
    assert re.findall(newer, (REPOSITORY / script).read_text()) == []


def test_run_sh_trains_and_scores_outside_the_grader(kit):
    assert kit.run().returncode == 0
    assert kit.scripts() == ["train.py", "local_evaluation.py"]


def test_run_sh_leaves_scoring_to_the_grader(kit):
    assert kit.run(**GRADING).returncode == 0
    assert kit.scripts() == ["train.py"]


def test_run_sh_takes_the_quick_start_outside_the_grader(kit):
    kit.run()
    assert kit.arguments() == ["--default", "configs/quickstart.yml"]


def test_run_sh_takes_the_challenge_s_configuration_inside_the_grader(kit):
    kit.run(**GRADING)
    assert kit.arguments() == ["--default", "configs/challenge.yml"]


@pytest.mark.parametrize("word", ["False", "0", "no", "", "False\r", " "])
def test_run_sh_reads_the_grading_switch_by_word(kit, word):
    kit.run(AICROWD_IS_GRADING=word)
    assert kit.arguments() == ["--default", "configs/quickstart.yml"]


def test_run_sh_adds_settings_to_the_configuration(kit):
    kit.run("seed=1", "--fresh", **GRADING)
    assert kit.arguments() == ["--default", "configs/challenge.yml", "seed=1", "--fresh"]


@pytest.mark.parametrize("name", ["mine.yml", "/tmp/a=b/own.yml", "a=b.yml"])
def test_run_sh_passes_another_configuration_on(kit, name):
    kit.run(name, "seed=1", **GRADING)
    assert kit.arguments()[2:] == [name, "seed=1"]


def test_run_sh_refuses_a_python_that_is_not_there(kit):
    done = kit.run(PYTHON="/nope/python")
    assert done.returncode == 2
    assert "no Python 3.8 or newer found (tried /nope/python)" in done.stderr


def test_run_sh_takes_a_configuration_after_a_flag(kit):
    kit.run("--fresh", "mine.yml")
    assert kit.arguments()[2:] == ["--fresh", "mine.yml"]


@pytest.mark.parametrize("word", ["-h", "--help", "--plan"])
def test_run_sh_scores_nothing_where_nothing_is_trained(kit, word):
    assert kit.run("gamma=3", word).returncode == 0
    assert kit.scripts() == ["train.py"]


def test_run_sh_scores_on_what_was_trained_on(kit):
    kit.run("dataset=mine.npz", AICROWD_DATASET_NAME="shapes3d")
    assert [call["dataset"] for call in kit.calls()] == ["shapes3d", None]


def test_run_sh_passes_words_on_as_they_are(kit):
    words = ["my config's.yml", 'a="b c"', "*", "", "$HOME"]
    kit.run(*words, **GRADING)
    assert kit.arguments()[2:] == words


def test_run_sh_runs_from_any_directory(kit, tmp_path):
    kit.run(cwd=tmp_path, **GRADING)
    assert kit.calls()[0]["root"] == str(kit.folder)


def test_run_sh_stays_in_the_caller_s_directory(kit, tmp_path):
    kit.run("mine.yml", cwd=tmp_path, **GRADING)
    assert kit.calls()[0]["cwd"] == str(tmp_path)


def test_run_sh_follows_links_to_the_repository(kit, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "first").symlink_to(kit.folder / "run.sh")
    (tmp_path / "second").symlink_to(Path("far") / "first")
    kit.run(script=tmp_path / "second", cwd=tmp_path, **GRADING)
    assert kit.calls()[0]["root"] == str(kit.folder)


def test_run_sh_runs_by_a_relative_path(kit):
    kit.run(script="../run.sh", cwd=kit.folder / "utils", **GRADING)
    assert kit.calls()[0]["root"] == str(kit.folder)


def test_run_sh_is_not_led_astray_by_cdpath(kit):
    folder, name = kit.folder.parent, kit.folder.name
    kit.run(f"{name}/run.sh", script="/bin/bash", cwd=folder, CDPATH=str(folder), **GRADING)
    assert kit.calls()[0]["root"] == str(kit.folder)


def test_run_sh_runs_in_a_folder_whose_name_looks_like_an_option(tmp_path):
    kit = Kit(tmp_path / "-P", tmp_path / "record")
    kit.run("--", "-P/run.sh", script="/bin/bash", cwd=tmp_path, **GRADING)
    assert kit.calls()[0]["root"] == str(kit.folder)


def test_run_sh_leaves_its_place_to_train_in_the_grader(kit):
    kit.run(**GRADING)
    assert kit.calls()[0]["parent"] == os.getpid()  # so that a signal to run.sh reaches train.py


@pytest.mark.parametrize("code", [1, 2, 130])
@pytest.mark.parametrize("variables", [GRADING, {}])
def test_run_sh_ends_with_train_s_code(kit, code, variables):
    assert kit.run(T_CODE=str(code), **variables).returncode == code


def test_run_sh_does_not_score_what_was_not_trained(kit):
    kit.run(T_CODE="2")
    assert kit.scripts() == ["train.py"]


def test_run_sh_ends_with_the_evaluation_s_code(kit):
    assert kit.run(L_CODE="2").returncode == 2


def test_run_sh_says_in_one_line_that_there_is_no_python(kit, tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "dirname", "readlink"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    done = kit.run(PATH=str(tmp_path / "bin"), PYTHON="")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no Python")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_run_sh_alone_ends_the_training(kit, number):
    assert signalled(kit, lambda process: process.send_signal(number)) == 128 + number
    assert kit.scripts() == ["train.py"]  # and nothing is scored


def test_ctrl_c_at_run_sh_s_terminal_reaches_the_training_once(kit):
    assert signalled(kit, lambda process: os.killpg(process.pid, signal.SIGINT)) == 128 + signal.SIGINT
    assert [call["signals"] for call in kit.calls()] == [[signal.SIGINT]]


def signalled(kit, send):
    """run.sh's exit code when `send(process)` has signalled it, and train.py heeds signals as it does."""
    (kit.folder / "train.py").write_text(HEEDS_SIGNALS)
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "RECORD": str(kit.record)}
    process = subprocess.Popen(
        [str(kit.folder / "run.sh")], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout.readline() == "training\n"
        send(process)
        return process.wait(30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
