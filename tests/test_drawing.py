import os
import subprocess
import sys

import pytest

from utils.drawing import font_file, new_figure

REPOSITORY = __file__.rsplit("/tests/", 1)[0]
NOTEBOOK = "module://matplotlib_inline.backend_inline"


@pytest.mark.parametrize("backend", [NOTEBOOK, "no such one", "tkagg"])
@pytest.mark.parametrize("call", ["new_figure().savefig(sys.argv[1], format='png')", "font_file()"])
def test_drawing_needs_no_backend_of_the_environment(tmp_path, backend, call):
    code = f"import sys; from utils.drawing import *; {call}"
    environment = {**os.environ, "MPLBACKEND": backend}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], cwd=REPOSITORY, env=environment, check=True)


def test_drawing_needs_nothing_that_the_user_set_for_plots_of_their_own(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n", encoding="utf-8")
    code = "import sys; from utils.drawing import *; f = new_figure(); f.suptitle('a'); f.savefig(sys.argv[1])"
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path), "PATH": ""}  # without LaTeX
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], cwd=REPOSITORY, env=environment, check=True)


def test_drawing_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", NOTEBOOK)
    new_figure(figsize=(1, 1))
    assert os.environ["MPLBACKEND"] == NOTEBOOK


def test_font_file_is_there():
    assert font_file().is_file()
