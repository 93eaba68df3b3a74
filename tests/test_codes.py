import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.codes import Encoded, Encoder, encode
from evaluation.protocol import VOTE_SIZE, Points, Votes
from utils.errors import InputError

IMAGES = np.random.RandomState(0).randint(256, size=(50, 2, 2, 3)).astype(np.uint8)


def flatten(images):
    return images.reshape(len(images), -1)


def ask(seed=0, points=20, votes=6):
    random_state = np.random.RandomState(seed)
    drawn = random_state.randint(len(IMAGES), size=(votes, VOTE_SIZE))
    return (
        Points(np.zeros((points, 1), int), random_state.randint(len(IMAGES), size=points)),
        Votes(random_state.randint(len(IMAGES), size=30), np.zeros(votes, int), drawn),
    )


def test_encode_gathers_the_points():
    points, votes = ask()
    found = encode(Encoder(flatten), IMAGES, points, votes)
    np.testing.assert_allclose(found.points, flatten(IMAGES[points.looks]) / 255, rtol=1e-6)


def test_encode_takes_the_variances_of_the_reference():
    points, votes = ask()
    found = encode(Encoder(flatten), IMAGES, points, votes)
    np.testing.assert_allclose(found.variances, np.var(flatten(IMAGES[votes.reference]) / 255, 0, ddof=1), rtol=1e-5)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 60), shift=st.sampled_from([0, 1e3]))
def test_encode_takes_the_variances_within_votes(seed, batch, shift):
    points, votes = ask(seed)
    found = encode(Encoder(lambda images: flatten(images) + shift), IMAGES, points, votes, batch=batch)
    codes = (flatten(IMAGES).astype(np.float32) / np.float32(255) + np.float32(shift)).astype(np.float64)
    expected = np.var(codes[votes.looks], axis=1, ddof=1)
    np.testing.assert_allclose(found.local_variances, expected, rtol=1e-4)


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_encode_does_not_depend_on_the_batch(batch):
    points, votes = ask()
    found, expected = (encode(Encoder(flatten), IMAGES, points, votes, batch=size) for size in (batch, 13))
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)


def test_encode_shows_each_image_once_in_order():
    shown = []

    def represent(images):
        shown.extend(flatten(images)[:, 0].tolist())
        return flatten(images)

    points, votes = ask()
    encode(Encoder(represent, as_uint8=True), np.arange(50 * 12, dtype=np.uint8).reshape(IMAGES.shape), points, votes)
    wanted = np.unique(np.concatenate([points.looks, votes.reference, votes.looks.ravel()]))
    assert shown == (wanted * 12 % 256).tolist()


def test_encode_only_the_points():
    points, _ = ask()
    assert encode(Encoder(flatten), IMAGES, points=points)[1:] == (None, None)


def test_encode_only_the_votes():
    _, votes = ask()
    assert encode(Encoder(flatten), IMAGES, votes=votes).points is None


def test_encode_reports_every_image():
    seen = []
    points, _ = ask()
    encode(Encoder(flatten), IMAGES, points=points, batch=7, progress=lambda done, total: seen.append((done, total)))
    assert sum(done for done, _ in seen) == seen[0][1] == len(np.unique(points.looks))


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


def test_encoded_updated_keeps_what_the_other_lacks():
    assert Encoded(points=1, variances=2).updated(Encoded(variances=3)) == Encoded(points=1, variances=3)
