import numpy as np
import pytest

from evaluation.encoder import Encoder
from utils.errors import InputError

IMAGES = np.random.RandomState(0).randint(256, size=(50, 2, 2, 3)).astype(np.uint8)


def flatten(images):
    return images.reshape(len(images), -1)


def test_encoder_gets_floats_in_the_unit_interval():
    seen = []
    Encoder(lambda images: seen.append(images) or flatten(images))(IMAGES)
    assert seen[0].dtype == np.float32
    np.testing.assert_array_equal(seen[0], (IMAGES / 255.0).astype(np.float32))


def test_encoder_gets_bytes_if_it_takes_them():
    seen = []
    Encoder(lambda images: seen.append(images) or flatten(images), as_uint8=True)(IMAGES)
    assert seen[0].dtype == np.uint8


def test_encoder_returns_single_precision():
    assert Encoder(lambda images: flatten(images).astype(np.float64))(IMAGES).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_encoder_names_a_latent_that_is_not_finite(bad):
    codes = np.zeros((50, 4))
    codes[3, 2] = bad
    with pytest.raises(InputError, match="latent 2 is NaN or infinite"):
        Encoder(lambda images: codes)(IMAGES)


def test_encoder_refuses_one_latent():
    with pytest.raises(InputError, match="1 latent, expected at least 2"):
        Encoder(lambda images: np.zeros((50, 1)))(IMAGES)


@pytest.mark.parametrize("codes", [np.zeros(50), np.zeros((49, 3)), np.zeros((50, 3, 1)), np.full((50, 3), "a"), None])
def test_encoder_refuses_other_shapes_and_types(codes):
    with pytest.raises(InputError, match=r"expected numbers \(50, latents\)"):
        Encoder(lambda images: codes)(IMAGES)


def test_encoder_refuses_a_changing_number_of_latents():
    encoder = Encoder(lambda images: np.zeros((len(images), len(images))))
    encoder(IMAGES[:3])
    with pytest.raises(InputError, match="4 latents, but 3"):
        encoder(IMAGES[:4])
