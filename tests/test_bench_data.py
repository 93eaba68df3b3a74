"""The data bench prints what it measured, and says what it could not measure. No time is tested."""

import numpy as np
import pytest
from data_files import noise

from utils.bench import data as bench_module
from utils.bench.data import bench, count_distinct


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(bench_module, "ROUNDS", 2)


@pytest.fixture
def folder(tmp_path):
    """A data folder with twelve images of which eleven differ, in a file."""
    images = noise(0, 12, 64, 64, 3)
    images[5] = images[2]
    np.savez(str(tmp_path / "own.npz"), images=images)
    return tmp_path


def row(capsys, name):
    return next(line for line in capsys.readouterr().out.splitlines() if line.strip().startswith(name))


@pytest.mark.parametrize("name", ["opened in", "batch of 128", "warm", "cold", "memory of its own", "distinct images"])
def test_bench_prints_its_rows(folder, capsys, name):
    bench("own.npz", folder)
    assert row(capsys, name)


def test_bench_counts_images_that_differ(folder, capsys):
    bench("own.npz", folder)
    assert row(capsys, "distinct images").split()[-3:] == ["11", "of", "12"]


def test_bench_compares_a_warm_batch_with_bare_reads(folder, capsys):
    bench("own.npz", folder)
    kit, _, bare, _, ratio = row(capsys, "warm").split()[1:]
    assert min(float(kit), float(bare), float(ratio)) > 0


def test_bench_says_so_where_a_file_cannot_be_dropped_from_memory(folder, capsys, monkeypatch):
    monkeypatch.setattr(bench_module, "drop_from_memory", lambda images: False)
    bench("own.npz", folder)
    assert "no posix_fadvise" in row(capsys, "cold")


def test_bench_says_so_where_a_file_stays_in_memory(folder, capsys, monkeypatch):
    monkeypatch.setattr(bench_module, "read_without_waiting", lambda *arguments: 1)
    bench("own.npz", folder)
    assert "stays in memory" in row(capsys, "cold")


def test_bench_command_names_a_data_set_that_is_not_there(command):
    done = command("-m", "utils.bench", "data", "mpi3d_toy")
    assert done.returncode == 2
    assert "mpi3d_toy.npz" in done.stderr


def test_count_distinct_of_many_blocks():
    images = np.arange(20, dtype=np.uint8).repeat(16).reshape(20, 4, 4, 1) % 7
    assert count_distinct(images, block=3) == 7
