"""What is measured of a run without labels."""

import math
import types

import numpy as np
import pytest
import torch

from utils.config import Config
from utils.study import criteria as criteria_module
from utils.study.criteria import Measured, _measure, criteria, measure
from utils.study.udr import agreements, udr
from utils.training.batches import held_out_positions


class Encoder(torch.nn.Module):
    """Two latents: the image's mean with a tiny spread, and the prior."""

    def forward(self, images):
        mean = images.mean(dim=(1, 2, 3))
        return torch.stack([mean, 0 * mean], 1), torch.stack([0 * mean - 20, 0 * mean], 1)


class Decoder(torch.nn.Module):
    """Logits of the first latent everywhere."""

    def forward(self, codes):
        return torch.logit(codes[:, :1].clamp(1e-4, 1 - 1e-4))[..., None, None].expand(-1, 1, 4, 4)


@pytest.fixture
def images():
    return torch.rand(10, 1, 1, 1, generator=torch.Generator().manual_seed(0)).mul(0.8).add(0.1).expand(-1, 1, 4, 4)


def test_measure_gives_the_closed_form(images):
    found = _measure(Encoder(), Decoder(), [images[:6], images[6:]])
    p = images[:, 0, 0, 0].numpy().astype(float)
    np.testing.assert_allclose(found.codes, np.stack([p, 0 * p], 1), rtol=1e-6)
    np.testing.assert_allclose(found.kl, [0.5 * np.mean(p**2 + np.exp(-20) + 20 - 1), 0], rtol=1e-5)
    assert found.reconstruction == pytest.approx(16 * np.mean(p * np.log(p) + (1 - p) * np.log(1 - p)), rel=1e-3)


def codes_measured(monkeypatch, count, held_out):
    """Codes, the images' means, of a run on `count` images whose pixels are their numbers modulo 256."""
    pixels = np.repeat(np.arange(count, dtype=np.uint8), 16).reshape(count, 4, 4, 1)
    monkeypatch.setattr(criteria_module, "read_networks", lambda *run: (Encoder(), Decoder()))
    monkeypatch.setattr(criteria_module, "load_run_data", lambda *run: types.SimpleNamespace(images=pixels))
    return measure("run", Config(held_out=held_out), "data").codes[:, 0] * 255


@pytest.mark.parametrize(("count", "held_out", "expected"), [(40, 5, 5), (40, 0, 40), (2000, 0, 1000)])
def test_measure_is_on_the_images_that_were_held_out_or_on_a_thousand(monkeypatch, count, held_out, expected):
    codes = codes_measured(monkeypatch, count, held_out)
    np.testing.assert_allclose(codes, held_out_positions(count, expected) % 256, rtol=1e-5, atol=1e-4)


def test_measure_does_not_depend_on_when_it_is_called(images):
    one, other = (_measure(Encoder(), Decoder(), [images]) for _ in range(2))
    assert one.reconstruction == other.reconstruction


def test_elbo_is_reconstruction_less_kl():
    codes = np.random.RandomState(0).randn(50, 2)
    found = criteria([Measured(codes, np.array([1.0, 2.0]), -10.0), Measured(codes, np.array([0.5, 0.0]), -11.0)])
    np.testing.assert_array_equal(found["reconstruction"].values, [-10, -11])
    np.testing.assert_array_equal(found["ELBO"].values, [-13, -11.5])


def test_measure_draws_codes_with_the_posteriors_deviation(images):
    class Wide(Encoder):
        def forward(self, images):
            mean = images.mean(dim=(1, 2, 3))
            return torch.stack([mean, mean], 1), torch.full((len(images), 2), math.log(0.25))

    class Seen(Decoder):
        def forward(self, codes):
            drawn.append(codes)
            return super().forward(codes)

    drawn, many = [], images.repeat(400, 1, 1, 1)
    _measure(Wide(), Seen(), [many])
    assert float((drawn[0] - many.mean(dim=(1, 2, 3))[:, None]).std()) == pytest.approx(0.5, rel=0.05)


def test_udr_of_a_set_is_that_of_its_runs_alone():
    codes = np.random.RandomState(0).randn(50, 3)
    turned = [codes @ np.linalg.qr(np.random.RandomState(seed).randn(3, 3))[0] for seed in range(4)]
    measured = [Measured(one, np.ones(3), 0.0) for one in turned]
    sets = np.array([[0, 1, 3], [1, 2, 3]])
    expected = [udr(agreements([turned[run] for run in some], [np.ones(3)] * 3)) for some in sets]
    np.testing.assert_allclose(criteria(measured)["UDR"].within(sets), expected)
