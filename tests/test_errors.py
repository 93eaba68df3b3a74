"""What exceptions say, in one line."""

import pytest
import torch

from utils import torchscript
from utils.errors import InputError, first_line, one_line
from utils.notes import note


@pytest.mark.parametrize("in_words", [one_line, first_line, torchscript.reason])
def test_an_exception_that_says_nothing_is_named_by_its_class(in_words):
    assert in_words(RuntimeError()) == "RuntimeError"
    assert in_words(RuntimeError("\n")) == "RuntimeError"


def test_one_line_has_all_lines_and_the_file_of_the_system_s_errors():
    assert one_line(RuntimeError("Error in x:\n\tsize mismatch")) == "Error in x: size mismatch"
    assert one_line(OSError(28, "No space left", "a.txt")) == "No space left (a.txt)"


def test_first_line_leaves_out_pytorchs_own_calls():
    assert first_line(RuntimeError("no such file\nframe #0: c10::Error\nframe #1: x")) == "no such file"


def test_reason_is_what_a_module_raised_below_torchscript_s_traceback():
    error = torch.jit.Error("The following operation failed:\nTraceback:\n  File x\nRuntimeError: sizes do not\nmatch")
    assert torchscript.reason(error) == "RuntimeError: sizes do not match"


@pytest.mark.parametrize(("rank", "printed"), [("0", "note: look\n"), ("1", "")])
def test_a_note_is_printed_by_the_main_process_alone(monkeypatch, capsys, rank, printed):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", rank)
    note("look")
    assert capsys.readouterr().err == printed


def test_a_note_is_one_line_whatever_it_is_of(capsys):
    note(InputError("two\nlines"))
    assert capsys.readouterr().err == "note: two lines\n"
