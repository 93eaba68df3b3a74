import signal
import sys

import pytest

from utils.startup import report_ctrl_c_in_one_line

COMMANDS = (
    ["train.py"],
    ["local_evaluation.py"],
    ["-m", "utils.study", "configs/studies/steps.yml"],
    ["-m", "utils.submission", "check"],
    ["-m", "utils.bench", "steps"],
    ["-m", "utils.data", "list"],
    ["-m", "utils.report"],
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_ctrl_c_while_packages_are_imported_is_one_line(command, tmp_path, arguments):
    (tmp_path / "numba.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")  # as if it came right here
    done = command(*arguments, PYTHONPATH=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "interrupted\n")


def test_report_ctrl_c_in_one_line_leaves_other_errors_to_who_reported_them(monkeypatch, capsys):
    others = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: others.append(error))
    report_ctrl_c_in_one_line()
    error = ZeroDivisionError()
    sys.excepthook(ZeroDivisionError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (others, capsys.readouterr().err) == ([error], "interrupted\n")


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_missing_package_is_one_line_that_says_where_the_packages_are_named(command, tmp_path, arguments):
    (tmp_path / "numba.py").write_text("raise ImportError('No module named numba')\n", encoding="utf-8")
    done = command(*arguments, PYTHONPATH=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No module named numba; expected the packages of requirements.txt")
    assert done.stderr.count("\n") == 1
