import numpy as np
import pytest
import torch

from utils.training.batches import Batches, held_out_positions, step_generator, to_model_input

CPU = torch.device("cpu")


def take(images, count, first_step=0, key=(0, 0)):
    batches = Batches(images, 8, key, first_step, CPU)
    taken = [batches.next() for _ in range(count)]
    batches.close()
    return taken


def test_next_gives_images_as_the_networks_take_them(tiny_images):
    (batch,) = take(tiny_images, 1)
    assert batch.shape == (8, 3, 64, 64)
    assert batch.dtype == torch.float32
    assert 0 <= batch.min() <= batch.max() <= 1


def test_next_gives_what_to_model_input_makes_of_the_images_drawn(tiny_images):
    (batch,) = take(tiny_images, 1)
    drawn = step_generator(0, 0, 0).integers(len(tiny_images), size=8)
    assert torch.equal(batch, to_model_input(tiny_images[drawn], CPU))
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_next_of_a_step_does_not_depend_on_the_steps_before(tiny_images):
    assert torch.equal(take(tiny_images, 5)[4], take(tiny_images, 1, first_step=4)[0])


def test_key_decides_the_draw(tiny_images):
    assert not torch.equal(take(tiny_images, 1)[0], take(tiny_images, 1, key=(1, 0))[0])


def test_draw_is_frozen_over_versions_of_numpy():
    assert step_generator(0, 0, 3).integers(1000, size=4).tolist() == [844, 195, 485, 659]


def test_batches_reach_every_image(tiny_images):
    marked = np.zeros_like(tiny_images)
    marked[:, 0, 0, 0] = np.arange(len(marked))
    seen = {round(float(value) * 255) for batch in take(marked, 60) for value in batch[:, 0, 0, 0]}
    assert seen == set(range(len(marked)))


def test_next_raises_what_reading_raised():
    class Broken:
        nbytes = 0

        def __len__(self):
            return 10

        def __getitem__(self, index):
            raise OSError("the disk is gone")

    batches = Batches(Broken(), 8, (0,), 0, CPU)
    with pytest.raises(OSError, match="the disk is gone"):
        batches.next()
    batches.close()


def test_close_ends_the_thread(tiny_images):
    batches = Batches(tiny_images, 8, (0,), 0, CPU)
    batches.next()
    batches.close()
    assert not batches.thread.is_alive()


def test_to_model_input_puts_channels_before_height_and_width(tiny_images):
    expected = tiny_images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    assert np.allclose(to_model_input(tiny_images, CPU).numpy(), expected, atol=1e-7)


def test_to_model_input_divides_by_255():
    image = np.full((1, 64, 64, 1), 51, dtype=np.uint8)
    assert torch.equal(to_model_input(image, CPU), torch.full((1, 1, 64, 64), 0.2))


def test_images_held_out_are_never_drawn(tiny_images):
    marked = np.zeros_like(tiny_images)
    marked[:, 0, 0, 0] = np.arange(len(marked))
    batches = Batches(marked, 8, (0, 0), 0, CPU, held_out=5)
    seen = {round(float(value) * 255) for _ in range(60) for value in batches.next()[:, 0, 0, 0]}
    batches.close()
    assert seen == set(range(len(marked))) - set(held_out_positions(len(marked), 5).tolist())


def test_positions_held_out_are_different_and_the_same_each_time():
    found = held_out_positions(100, 40)
    assert len(set(found.tolist())) == 40
    assert found.tolist() == sorted(held_out_positions(100, 40).tolist())


def test_positions_held_out_are_frozen_over_versions_of_the_kit():
    assert held_out_positions(1000, 4).tolist() == [63, 194, 291, 946]
