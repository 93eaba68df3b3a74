import numpy as np
import pytest

from evaluation.encoder import Encoder
from evaluation.progress import Silent
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


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_encoder_gets_floats_in_single_precision(dtype):
    seen, images = [], (IMAGES / 255).astype(dtype)
    Encoder(lambda images: seen.append(images) or flatten(images))(images)
    assert seen[0].dtype == np.float32
    np.testing.assert_array_equal(seen[0], images.astype(np.float32))


@pytest.mark.parametrize(
    ("images", "what"),
    [
        (IMAGES.astype(np.int64), "int64"),
        (IMAGES.astype(np.uint16), "uint16"),
        (IMAGES > 9, "bool"),
        (IMAGES.astype(np.float32), "float32 from [0-9]+ to 25[0-9]"),
        (IMAGES / 127.5 - 1, "float64 from -[01]"),
        (np.full(IMAGES.shape, np.nan), "float64 from nan to nan"),
    ],
)
def test_encoder_refuses_images_that_are_not_in_the_unit_interval(images, what):
    with pytest.raises(InputError, match=rf"images: {what}.*, expected uint8 or floats in \[0, 1\]"):
        Encoder(flatten)(images)


def test_encoder_returns_single_precision():
    assert Encoder(lambda images: flatten(images).astype(np.float64))(IMAGES).dtype == np.float32


@pytest.mark.parametrize(
    ("bad", "what"),
    [(np.nan, "is NaN"), (np.inf, "is NaN or infinite"), (-np.inf, "is NaN"), (3e38, r"reaches 3.0e\+38")],
)
def test_encoder_names_a_latent_that_cannot_be_scored(bad, what):
    codes = np.zeros((50, 4))
    codes[3, 2] = bad
    with pytest.raises(InputError, match=f"latent 2 {what}"):
        Encoder(lambda images: codes)(IMAGES)


def test_encoder_refuses_one_latent():
    with pytest.raises(InputError, match="1 latent, expected at least 2"):
        Encoder(lambda images: np.zeros((50, 1)))(IMAGES)


@pytest.mark.parametrize("codes", [np.zeros(50), np.zeros((49, 3)), np.zeros((50, 3, 1)), np.full((50, 3), "a"), None])
def test_encoder_refuses_other_shapes_and_types(codes):
    with pytest.raises(InputError, match=r"expected numbers \(50, latents\)"):
        Encoder(lambda images: codes)(IMAGES)


def test_encoder_refuses_masked_codes():
    with pytest.raises(InputError, match="encoder: some values are masked, expected a value for each"):
        Encoder(lambda images: np.ma.masked_less(flatten(images), 0.5))(IMAGES)


def test_encoder_refuses_a_changing_number_of_latents():
    encoder = Encoder(lambda images: np.zeros((len(images), len(images))))
    encoder(IMAGES[:3])
    with pytest.raises(InputError, match="4 latents, but 3"):
        encoder(IMAGES[:4])


class Lines(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def test_check_repeats_says_that_codes_are_sampled():
    report, random_state = Lines(), np.random.RandomState(0)
    noise = np.array([0, 1, 1, 0] * 3)
    Encoder(lambda images: flatten(images) + noise * random_state.randn(len(images), 12)).check_repeats(IMAGES, report)
    assert len(report.lines) == 1
    told = "encoder: encodes the same images differently each time, or in another batch (latent 1 by up to "
    assert report.lines[0].startswith(told)
    assert "6 of 12 latents differ" in report.lines[0]


def test_check_repeats_says_that_codes_depend_on_their_batch():
    report = Lines()
    Encoder(lambda images: flatten(images) - flatten(images).mean(axis=0)).check_repeats(IMAGES, report)
    assert "or in another batch" in report.lines[0]


@pytest.mark.parametrize("represent", [flatten, lambda images: np.zeros((len(images), 3))])
def test_check_repeats_is_silent_about_codes_that_are_not(represent):
    report = Lines()
    Encoder(represent).check_repeats(IMAGES, report)
    assert not report.lines


@pytest.mark.parametrize(("images", "as_uint8"), [(IMAGES, True), (IMAGES, False), (IMAGES / np.float32(255), False)])
def test_check_repeats_lets_the_function_change_what_it_gets(images, as_uint8):
    def represent(images):
        np.divide(images, 2, out=images, casting="unsafe")
        return flatten(images)

    report, given = Lines(), images.copy()
    Encoder(represent, as_uint8).check_repeats(given, report)
    assert not report.lines
    np.testing.assert_array_equal(given, images)


def test_encoder_keeps_the_codes_of_a_function_that_reuses_its_output():
    memory = np.zeros((50, 12), np.float32)

    def reuse(images):
        memory[: len(images)] = flatten(images)
        return memory[: len(images)]

    encoder = Encoder(reuse)
    first = encoder(IMAGES[:20])
    encoder(IMAGES[20:])
    np.testing.assert_array_equal(first, flatten(IMAGES[:20] / np.float32(255)))


def test_encoder_refuses_masked_images():
    images = np.ma.array(IMAGES, mask=IMAGES > 250)
    with pytest.raises(InputError, match="images: some values are masked"):
        Encoder(flatten)(images)
