"""Kernels compile wherever the kit runs."""

import os
import subprocess
import sys

import pytest

from evaluation.compiled import njit

KERNEL = "from evaluation.compiled import njit\n\n\n@njit\ndef double(x):\n    return 2 * x\n"


@njit(error_model="numpy")
def _divide(a, b):
    return a / b


def test_njit_takes_numba_options():
    assert _divide(1.0, 0.0) == float("inf")


@pytest.fixture
def double(tmp_path):
    """A function that calls a kernel in a new process, whose cache is in tmp_path / "cache": its output."""
    (tmp_path / "kernel.py").write_text(KERNEL)
    paths = os.pathsep.join([str(tmp_path), os.getcwd()])
    environment = {**os.environ, "PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def call(before=""):
        line = f"{before}\nimport kernel\nprint(kernel.double(21), sum(kernel.double.stats.cache_hits.values()))"
        done = subprocess.run([sys.executable, "-c", line], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return call


def test_njit_keeps_the_compiled_code(double):
    assert [double(), double()] == ["42 0", "42 1"]


@pytest.mark.parametrize("threads", ["0", "-1"])
def test_threads_that_numba_refuses_are_ignored_with_a_note(threads):
    line = [sys.executable, "-c", "from evaluation.compiled import njit"]
    done = subprocess.run(line, env={**os.environ, "NUMBA_NUM_THREADS": threads}, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == f"note: NUMBA_NUM_THREADS='{threads}' is ignored; expected at least 1\n"


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"damaged"])
def test_njit_compiles_past_a_damaged_cache_and_repairs_it(double, tmp_path, kind, content):
    double()
    (path,) = (tmp_path / "cache").rglob(f"*.{kind}")
    path.write_bytes(content)
    assert [double(), double()] == ["42 0", "42 1"]


FULL_DISK = """
import builtins, errno
opened = builtins.open
def full(path, mode="r", *rest, **options):
    if "w" in mode:
        raise OSError(errno.ENOSPC, "No space left on device", path)
    return opened(path, mode, *rest, **options)
import numba
builtins.open = full
"""


def test_njit_compiles_where_the_disk_under_the_cache_is_full(double):
    assert double(FULL_DISK) == "42 0"


def test_njit_compiles_what_cannot_be_cached():
    module = {}
    exec(compile(KERNEL, "<no file, so numba finds no place for a cache>", "exec"), module)
    assert module["double"](21) == 42
