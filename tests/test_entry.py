import pytest

from evaluation.command.entry import entry_point
from evaluation.errors import InputError


def raising(error):
    @entry_point
    def main():
        raise error

    return main


def test_entry_point_makes_bad_input_one_line_and_exit_code_2(capsys):
    with pytest.raises(SystemExit) as caught:
        raising(InputError("a.yml: two\nlines"))()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: a.yml: two lines\n"


def test_entry_point_makes_a_path_that_the_system_refuses_one_line_and_exit_code_2(capsys):
    with pytest.raises(SystemExit) as caught:
        raising(PermissionError(13, "Permission denied", "closed/run"))()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: closed/run: Permission denied\n"


def test_entry_point_makes_ctrl_c_exit_code_130(capsys):
    with pytest.raises(SystemExit) as caught:
        raising(KeyboardInterrupt())()
    assert caught.value.code == 130


def test_entry_point_does_not_hide_a_mistake_of_the_kit():
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())()


def test_entry_point_gives_the_result_back():
    assert entry_point(lambda: 7)() == 7
