"""How many multiplications and additions a step of training, or an encoder, needs, counted from the layers' shapes."""

import math

from torch import nn

from utils.training import models
from utils.training.objectives import OBJECTIVES

IMAGE_SIDE = 64  # height and width of an image


def step_flops(config, channels):
    """Operations of one update, a multiplication or an addition each: int.

    Counted are the products of convolutions and fully connected layers; all else is small beside them. A layer costs
    one product forward, one for the gradient of its weights and one for the gradient of its input, which a network's
    first layer on data does not need. FactorVAE's second half of the batch is encoded without gradients. Its
    discriminator sees both halves; one backward pass of the difference of its logits could serve both losses, so a
    layer's three products for each half are what is necessary.
    """
    size = (channels, config.latent_dim, config.width, config.depth)
    encoder, decoder = models.Encoder(*size), models.Decoder(*size)
    encode, first = (_products(part, IMAGE_SIDE) for part in (encoder, encoder.convolutions[0]))
    an_image = 3 * encode - first + 3 * _products(decoder, models.GRID)
    if OBJECTIVES[config.objective].needs_discriminator:
        discriminator = models.Discriminator(config.latent_dim)
        judge = _products(discriminator, 1)
        an_image += encode + 6 * judge - config.latent_dim * discriminator.layers[0].out_features
    return 2 * config.batch_size * an_image


def encoder_flops(shapes):
    """Multiplications and additions an image, from the shapes of an encoder's weights in order.

    As in the kit's encoders, a convolution of an even kernel halves the picture, one of an odd kernel keeps its size.
    """
    flops, size = 0, IMAGE_SIDE
    for shape in shapes:
        if len(shape) == 4:
            size = size if shape[2] % 2 else size // 2
        flops += 2 * math.prod(shape) * (size * size if len(shape) == 4 else len(shape) == 2)
    return flops


def _products(module, grid):
    """Multiplications of one sample's way through `module`, whose first convolution sees `grid` x `grid` values."""
    total = 0
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            total += layer.weight.numel()
        elif isinstance(layer, nn.ConvTranspose2d):
            total += layer.weight.numel() * grid**2
            grid *= layer.stride[0]
        elif isinstance(layer, nn.Conv2d):
            grid //= layer.stride[0]
            total += layer.weight.numel() * grid**2
    return total
