import dataclasses

import pytest
import torch

from utils.bench.flops import encoder_flops, step_flops
from utils.config import Config
from utils.training import models


def multiplications(module, values):
    """Multiplications of one sample's way through `module`, counted layer by layer on a real pass."""
    found = []

    def count(layer, inputs, output):
        if isinstance(layer, torch.nn.Linear):
            found.append(layer.weight.numel())
        elif isinstance(layer, torch.nn.ConvTranspose2d):
            found.append(layer.weight.numel() * inputs[0].shape[2] * inputs[0].shape[3])
        elif isinstance(layer, torch.nn.Conv2d):
            found.append(layer.weight.numel() * output.shape[2] * output.shape[3])

    for layer in module.modules():
        layer.register_forward_hook(count)
    module(values)
    return sum(found)


@pytest.mark.parametrize(("width", "depth", "latents"), [(1, 1, 10), (2, 3, 7)])
def test_step_operations_are_those_of_the_layers_that_run(width, depth, latents):
    size = (3, latents, width, depth)
    encode = multiplications(models.Encoder(*size), torch.zeros(1, 3, 64, 64))
    decode = multiplications(models.Decoder(*size), torch.zeros(1, latents))
    config = Config(objective="beta_vae", width=width, depth=depth, latent_dim=latents, batch_size=64)
    first = 32 * width * 3 * 4 * 4 * 32 * 32  # its input is the image, which wants no gradient
    assert step_flops(config, 3) == 2 * 64 * (3 * encode - first + 3 * decode)


@pytest.mark.parametrize(("width", "depth", "latents"), [(1, 1, 10), (2, 3, 7)])
def test_encoder_operations_are_those_of_the_mean_s_layers(width, depth, latents):
    encoder = models.Encoder(3, latents, width, depth).mean_encoder()
    expected = 2 * multiplications(encoder, torch.zeros(1, 3, 64, 64))
    assert encoder_flops([tuple(weights.shape) for weights in encoder.state_dict().values()]) == expected


def test_step_operations_of_factor_vae_add_the_discriminator_and_the_second_half():
    config = Config(objective="beta_vae", latent_dim=10, batch_size=64)
    encode = multiplications(models.Encoder(3, 10), torch.zeros(1, 3, 64, 64))
    judge = multiplications(models.Discriminator(10), torch.zeros(1, 10))
    added = step_flops(dataclasses.replace(config, objective="factor_vae"), 3) - step_flops(config, 3)
    assert added == 2 * 64 * (encode + 6 * judge - 10 * 1000)
