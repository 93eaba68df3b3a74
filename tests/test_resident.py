"""The copy of the data set, made in the CPU's memory where a GPU's is meant."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from utils.training import resident as residents
from utils.training.batches import STEPS, Batches
from utils.training.resident import ResidentImages, free_memory

CPU = torch.device("cpu")


@pytest.fixture
def copied(tiny_images, monkeypatch):
    """ResidentImages in pieces of 16 images, complete, and the lines that it said."""
    monkeypatch.setattr(residents, "PIECE", 16)
    lines = []
    images = ResidentImages(tiny_images, CPU, lines.append)
    images.start()
    images.wait()
    return images, lines


def test_copy_holds_every_image(copied, tiny_images):
    images, lines = copied
    assert images.tensor.dtype == torch.uint8
    assert np.array_equal(images.tensor.numpy(), tiny_images)
    assert lines == ["copying the data set to cpu (0.0 GB); training goes on meanwhile", "the data set is on cpu"]


def test_copy_of_a_read_only_map_holds_every_image_and_warns_of_nothing(tiny_images, tmp_path):
    np.save(str(tmp_path / "tiny.npy"), tiny_images)
    images = ResidentImages(np.load(str(tmp_path / "tiny.npy"), mmap_mode="r"), CPU)
    images.start()
    images.wait()
    assert np.array_equal(images.tensor.numpy(), tiny_images)


def test_nothing_is_copied_on_a_cpu(tiny_images):
    images = ResidentImages(tiny_images, CPU)
    images.start_if_it_fits()
    assert images.thread is None


def test_copy_that_runs_out_of_memory_leaves_training_to_the_file(tiny_images, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("CUDA out of memory. Tried to allocate 12 GiB")

    lines, images = [], ResidentImages(tiny_images, CPU)
    images.say = lines.append
    monkeypatch.setattr(residents.torch, "empty", fail)
    images.start()
    images.wait()
    assert images.tensor is None
    assert lines[-1] == "the data set is not copied to cpu (out of memory); training reads it from the file"


def test_close_ends_a_copy_that_is_under_way(monkeypatch):
    begun = threading.Event()

    class Slow:
        shape, nbytes = (10**9, 64, 64, 3), 0

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, index):
            begun.set()
            return np.zeros((1, 64, 64, 3), np.uint8)

    monkeypatch.setattr(
        residents.torch,
        "empty",
        lambda *shape, **options: torch.zeros(1, 64, 64, 3).byte().expand(residents.PIECE, 64, 64, 3).clone(),
    )
    images = ResidentImages(Slow(), CPU, lambda text: None)
    monkeypatch.setattr(residents, "PIECE", 1)
    images.start()
    assert begun.wait(10)
    images.close()
    assert not images.thread.is_alive()
    assert images.tensor is None


@pytest.mark.parametrize(("free", "copied"), [(2000, True), (1999, False)])
def test_images_are_copied_if_they_fit_with_memory_to_spare(monkeypatch, free, copied):
    class Images:
        nbytes = 1500

    started = []
    monkeypatch.setattr(residents, "SPARE", 500)
    monkeypatch.setattr(residents, "free_memory", lambda device: free)
    monkeypatch.setattr(ResidentImages, "start", lambda self: started.append(True))
    images = ResidentImages(Images(), torch.device("cuda"))
    assert not started
    for _ in range(3):
        images.start_if_it_fits()
    assert len(started) == copied


def test_free_memory_counts_nothing_that_pytorch_holds_for_the_next_step(monkeypatch):
    for name, value in (("mem_get_info", (100, 1000)), ("memory_reserved", 50), ("memory_allocated", 20)):
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value, raising=False)
    assert free_memory(CPU) == 100


def test_free_memory_of_old_versions_is_what_pytorch_does_not_hold(monkeypatch):
    monkeypatch.delattr(torch.cuda, "mem_get_info", raising=False)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 20)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=100))
    assert free_memory(CPU) == 80


def test_training_is_left_4_gib_of_the_gpus_memory():
    assert residents.SPARE == 4 * 1024**3


def test_batches_are_the_same_from_the_file_and_from_the_copy(copied, tiny_images):
    from_file = Batches(tiny_images, 8, (0, 0), 0, CPU)
    from_copy = Batches(tiny_images, 8, (0, 0), 0, CPU, resident=copied[0])
    assert from_copy.thread is None
    for _ in range(STEPS + 2):
        assert torch.equal(from_file.next(), from_copy.next())
    from_file.close()
    from_copy.close()


def test_batches_go_on_from_the_copy_as_soon_as_it_is_complete(copied, tiny_images):
    late, expected = ResidentImages(tiny_images, CPU), Batches(tiny_images, 8, (0, 0), 0, CPU)
    batches = Batches(tiny_images, 8, (0, 0), 0, CPU, resident=late)
    assert torch.equal(batches.next(), expected.next())
    late.tensor = copied[0].tensor
    assert torch.equal(batches.next(), expected.next())
    assert not batches.thread.is_alive()
    expected.close()
