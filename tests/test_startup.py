import signal
import subprocess
import sys

import pytest
from conftest import REPOSITORY

from utils.startup import report_in_one_line

COMMANDS = (
    ["train.py"],
    ["local_evaluation.py"],
    ["-m", "utils.study", "configs/studies/steps.yml"],
    ["-m", "utils.submission", "check"],
    ["-m", "utils.bench", "steps"],
    ["-m", "utils.data", "list"],
    ["-m", "utils.report"],
)
NEED_EVERY_PACKAGE = (["train.py", "--help"], ["-m", "utils.study", "rank", "x"], ["-m", "utils.bench", "steps"])


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_ctrl_c_while_packages_are_imported_is_one_line(command, tmp_path, arguments):
    (tmp_path / "numba.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")  # as if it came right here
    done = command(*arguments, PYTHONPATH=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "interrupted\n")


@pytest.mark.parametrize("script", ["train.py", "local_evaluation.py"])
def test_a_script_runs_by_a_link_to_it(tmp_path, script):
    (tmp_path / script).symlink_to(REPOSITORY / script)
    done = subprocess.run([sys.executable, str(tmp_path / script), "--help"], stdout=subprocess.PIPE, check=True)
    assert done.stdout.startswith(b"usage: " + script.encode())


def test_an_empty_setting_of_torchscript_is_none(command):
    assert command("train.py", "--help", PYTORCH_JIT="").returncode == 0


@pytest.mark.parametrize("script", ["train.py", "local_evaluation.py"])
def test_a_working_folder_that_is_gone_is_one_line(tmp_path, script):
    (tmp_path / "gone").mkdir()
    line = f'cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && exec "{sys.executable}" "{REPOSITORY / script}" --help'
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"error: the working folder is gone; change to another\n")


def test_report_in_one_line_leaves_other_errors_to_who_reported_them(monkeypatch, capsys):
    others = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: others.append(error))
    report_in_one_line()
    own = ImportError("cannot import name 'x'", name="utils.files")
    sys.excepthook(ZeroDivisionError, error := ZeroDivisionError(), None)
    sys.excepthook(ImportError, own, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (others, capsys.readouterr().err) == ([error, own], "interrupted\n")


@pytest.mark.parametrize("package", ["numba", "yaml", "torch"])
@pytest.mark.parametrize("arguments", NEED_EVERY_PACKAGE, ids=" ".join)
def test_a_missing_package_is_one_line_that_says_where_the_packages_are_named(command, tmp_path, arguments, package):
    (tmp_path / f"{package}.py").write_text(f"raise ImportError('No module named {package}')\n", encoding="utf-8")
    done = command(*arguments, PYTHONPATH=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: No module named {package}; expected the packages of requirements.txt")
    assert done.stderr.count("\n") == 1
