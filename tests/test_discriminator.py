import pytest
import torch

from utils.training import objectives
from utils.training.discriminator import discriminate
from utils.training.models import Discriminator, initialise


@pytest.fixture(params=[torch.float64, torch.float32])  # PyTorch's own products, and oneDNN's
def pieces(request):
    """A small discriminator, five codes that want a gradient, and five permuted ones."""
    generator = torch.Generator().manual_seed(0)
    discriminator = initialise(Discriminator(3, units=7, layers=3).to(request.param), generator)
    codes, permuted = torch.randn(2, 5, 3, dtype=request.param, generator=generator)
    return discriminator, codes.requires_grad_(), permuted


def close(one, other):
    exact = one.dtype == torch.float64
    return torch.allclose(one, other, rtol=1e-10 if exact else 1e-4, atol=1e-14 if exact else 1e-6)


def test_discriminate_gives_the_plain_logits(pieces):
    discriminator, codes, permuted = pieces
    both = discriminate(discriminator, codes, permuted, 5)
    assert close(both.logits, discriminator(codes))
    assert close(both.permuted_logits, discriminator(permuted))


def test_discriminate_sends_tc_back_to_the_codes(pieces):
    discriminator, codes, permuted = pieces
    both = discriminate(discriminator, codes, permuted, 5)
    (found,) = torch.autograd.grad(30 * objectives.density_ratio_tc(both.logits), codes)
    (expected,) = torch.autograd.grad(30 * objectives.density_ratio_tc(discriminator(codes)), codes)
    assert close(found, expected)


def test_discriminate_gives_the_gradients_of_the_discriminators_loss(pieces):
    discriminator, codes, permuted = pieces
    found = discriminate(discriminator, codes, permuted, 5).gradients
    loss = objectives.discriminator_loss(discriminator(codes), discriminator(permuted))
    expected = torch.autograd.grad(loss, list(discriminator.parameters()))
    assert all(close(one, other) for one, other in zip(found, expected))


def test_discriminate_averages_over_the_codes_of_all_processes(pieces):
    discriminator, codes, permuted = pieces
    halves = [discriminate(discriminator, codes[part], permuted[part], 5) for part in (slice(0, 2), slice(2, 5))]
    whole = discriminate(discriminator, codes, permuted, 5).gradients
    for one, first, second in zip(whole, halves[0].gradients, halves[1].gradients):
        assert close(one, first + second)
