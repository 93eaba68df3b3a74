"""The pictures of a run: what they show, in which order, and that they stay quick."""

import numpy as np
import pytest
import torch
from PIL import Image

from utils.config import Config
from utils.report import pictures
from utils.training.trainer import Trainer


class Encoder(torch.nn.Module):
    """Three latents: the red, green and blue of an image's corner, spread as wide as `logvar` says."""

    def __init__(self, logvar):
        super().__init__()
        self.logvar = torch.tensor(logvar)

    def forward(self, images):
        mean = 4 * images[:, :, 0, 0] - 2
        return mean, self.logvar.expand(len(mean), 3)


class Decoder(torch.nn.Module):
    """Images of one colour, that of the codes."""

    def forward(self, codes):
        colours = torch.logit(((codes + 2) / 4).clamp(1e-4, 1 - 1e-4))
        return colours[:, :, None, None].expand(-1, -1, 64, 64)


@pytest.fixture
def colours():
    """float32 (20, 3, 64, 64): images of one colour each, the first two black."""
    values = torch.rand(20, 3, generator=torch.Generator().manual_seed(0))
    values[:2] = 0
    return values[:, :, None, None].expand(-1, -1, 64, 64)


@pytest.fixture
def seen(colours):
    return pictures.make_view(Encoder([-1.0, -3.0, -2.0]), Decoder(), colours)


@pytest.fixture
def trainer(tiny_images):
    made = Trainer(Config(latent_dim=12, device="cpu"), tiny_images, torch.device("cpu"))
    yield made
    made.close()


def test_view_orders_latents_by_kl(seen):
    kl = seen.kl[seen.latents]
    assert (np.diff(kl) <= 0).all()
    assert seen.latents[0] == seen.kl.argmax()


def test_view_leaves_out_latents_that_are_not_active(colours):
    encoder = torch.nn.Module()
    encoder.forward = lambda images: (torch.cat([2 * images[:, :, 0, 0], torch.zeros(20, 30)], 1), torch.zeros(20, 33))
    decoder = torch.nn.Module()
    decoder.forward = lambda codes: codes[:, :3, None, None].expand(-1, -1, 64, 64)
    assert sorted(pictures.make_view(encoder, decoder, colours).latents) == [0, 1, 2]


def test_view_shows_some_latents_even_if_all_are_collapsed(colours):
    encoder = torch.nn.Module()
    encoder.forward = lambda images: (torch.zeros(20, 9), torch.zeros(20, 9))
    decoder = torch.nn.Module()
    decoder.forward = lambda codes: codes[:, :3, None, None].expand(-1, -1, 64, 64)
    assert len(pictures.make_view(encoder, decoder, colours).latents) == pictures.AT_LEAST


def test_view_reconstructs_the_images_it_shows(seen):
    assert np.abs(seen.images.astype(int) - seen.reconstructions).max() <= 1


def test_view_starts_traversals_from_an_image_of_median_distance(seen, colours):
    distances = (colours[:, :, 0, 0] - 0.5).square().sum(1)
    middle = colours[distances.argsort()[10], :, 0, 0]
    expected = (middle * 255).round().byte().numpy()
    for row, latent in zip((1, 0), seen.latents[:2]):
        assert abs(int(seen.traversals[row, 0, 0, 0, latent]) - int(expected[latent])) <= 1


def test_traversal_moves_its_latent_from_end_to_end(seen):
    channel = seen.latents[0]
    np.testing.assert_allclose(seen.traversals[0, :, 0, 0, channel], np.linspace(0, 255, pictures.STEPS), atol=1)


def test_traversal_leaves_the_other_latents_as_they_are(seen):
    others = [channel for channel in range(3) if channel != seen.latents[0]]
    moved = seen.traversals[0][..., others].astype(int)
    assert np.abs(moved - moved[:1]).max() <= 1


def test_sheet_shows_every_pixel_of_every_tile():
    tiles = np.random.RandomState(0).randint(0, 256, size=(2, 3, 64, 64, 3)).astype(np.uint8)
    picture = np.asarray(pictures.sheet(tiles, ["one", "two\nlines"], ["a", "b", "c"]))
    left, top = pictures.MARGIN + pictures.LABEL_WIDTH, pictures.MARGIN + pictures.HEADER
    for row in range(2):
        for column in range(3):
            y, x = (
                start + number * (64 * pictures.SCALE + pictures.GAP) for start, number in ((top, row), (left, column))
            )
            found = picture[y : y + 64 * pictures.SCALE : pictures.SCALE, x : x + 64 * pictures.SCALE : pictures.SCALE]
            np.testing.assert_array_equal(found, tiles[row, column])


def test_sheet_keeps_labels_off_the_tiles():
    white = np.full((1, 1, 64, 64, 3), 255, np.uint8)
    picture = np.asarray(pictures.sheet(white, ["latent 3071\n123.45 nats"], ["−2.0"]))
    left, top = pictures.MARGIN + pictures.LABEL_WIDTH, pictures.MARGIN + pictures.HEADER
    assert picture[:, :left].min() < 128
    assert picture[top:, left:].min() == 255


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_enlarged_takes_any_number_of_channels(channels):
    pixels = np.zeros((64, 64, channels), np.uint8)
    assert pictures.enlarged(pixels).size == (64 * pictures.SCALE, 64 * pictures.SCALE)


def test_step_labels_name_both_ends_and_zero():
    assert [pictures.step_labels()[place] for place in (0, 5, 10)] == ["−2.0", "0", "+2.0"]


def test_draw_pictures_leaves_two_readable_pictures(trainer, tmp_path):
    pictures.draw_pictures(pictures.view_of_trainer(trainer), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"reconstructions.png", "traversals.png"}
    for path in tmp_path.iterdir():
        with Image.open(str(path)) as picture:
            assert picture.size[0] > 1000


def test_draw_pictures_draws_the_same_for_the_same_weights(trainer, tmp_path):
    for name in ("one", "two"):
        pictures.draw_pictures(pictures.view_of_trainer(trainer), tmp_path / name)
    first, second = ((tmp_path / name / "traversals.png").read_bytes() for name in ("one", "two"))
    assert first == second
