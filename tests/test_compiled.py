"""Kernels compile wherever the kit runs."""

import os
import subprocess
import sys

from evaluation.compiled import njit

KERNEL = "from evaluation.compiled import njit\n\n\n@njit\ndef double(x):\n    return 2 * x\n"


@njit(error_model="numpy")
def _divide(a, b):
    return a / b


def test_njit_takes_numba_options():
    assert _divide(1.0, 0.0) == float("inf")


def test_njit_keeps_the_compiled_code(tmp_path):
    (tmp_path / "kernel.py").write_text(KERNEL)
    paths = os.pathsep.join([str(tmp_path), os.getcwd()])
    environment = {**os.environ, "PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", "import kernel; kernel.double(21)"], env=environment, check=True)
    assert list((tmp_path / "cache").rglob("*.nbi"))


def test_njit_compiles_what_cannot_be_cached():
    module = {}
    exec(compile(KERNEL, "<no file, so numba finds no place for a cache>", "exec"), module)
    assert module["double"](21) == 42
