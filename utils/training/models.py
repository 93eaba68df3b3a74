"""The networks: encoder, decoder, discriminator.

At width=1 and depth=1 encoder and decoder are the baseline of disentanglement_lib (Locatello et al. 2019, table 1),
and the discriminator is FactorVAE's (Kim & Mnih 2018, appendix A). Images are NCHW, 64x64.

`cast` opens the context in which a network's hidden layers run (utils.training.device.autocast). What a network
returns is always computed in the type of its weights: mean and logvar, pixels and logits lose too much in bfloat16.
"""

from contextlib import nullcontext

import torch
from torch import nn

STAGES = ((32, 4), (32, 4), (64, 2), (64, 2))  # the encoder's channels and kernel sizes, each with stride 2
FEATURES = 256  # units of the fully connected layer, both ways
GRID = 4  # height and width of the last feature map


class Encoder(nn.Module):
    """Images (N, channels, 64, 64) in [0, 1] -> mean and logvar of the posterior, each (N, latent_dim)."""

    def __init__(self, channels, latent_dim, width=1, depth=1):
        super().__init__()
        layers, current = [], channels
        for stage, kernel in STAGES:
            wide = round(stage * width)
            layers += [nn.Conv2d(current, wide, kernel, stride=2, padding=kernel // 2 - 1), nn.ReLU(inplace=True)]
            layers += [Residual(wide) for _ in range(depth - 1)]
            current = wide
        features = round(FEATURES * width)
        self.convolutions = nn.Sequential(*layers)
        self.features = nn.Linear(current * GRID * GRID, features)
        self.mean = nn.Linear(features, latent_dim)
        self.logvar = nn.Linear(features, latent_dim)

    def forward(self, images, cast=nullcontext):
        with cast():
            features = self.convolutions(images).flatten(1)  # (N, 64 * width * 16)
            features = torch.relu(self.features(features))  # (N, 256 * width)
        features = features.to(self.mean.weight.dtype)
        return self.mean(features), self.logvar(features)

    @property
    def heads(self):
        """The layers that no ReLU follows."""
        return self.mean, self.logvar

    def mean_encoder(self):
        """The same weights as a module of their own that gives the mean alone: what is exported."""
        return nn.Sequential(self.convolutions, nn.Flatten(), self.features, nn.ReLU(inplace=True), self.mean)


class Decoder(nn.Module):
    """Codes (N, latent_dim) -> logits of a Bernoulli a pixel and channel, (N, channels, 64, 64)."""

    def __init__(self, channels, latent_dim, width=1, depth=1):
        super().__init__()
        features, current = round(FEATURES * width), round(64 * width)
        self.channels = current  # of the first feature map
        self.features = nn.Sequential(
            nn.Linear(latent_dim, features),
            nn.ReLU(inplace=True),
            nn.Linear(features, current * GRID * GRID),
            nn.ReLU(inplace=True),
        )
        layers = []
        for stage in (64, 32, 32):
            layers += [Residual(current) for _ in range(depth - 1)]
            wide = round(stage * width)
            layers += [nn.ConvTranspose2d(current, wide, 4, stride=2, padding=1), nn.ReLU(inplace=True)]
            current = wide
        layers += [Residual(current) for _ in range(depth - 1)]
        layers += [nn.ConvTranspose2d(current, channels, 4, stride=2, padding=1)]
        self.convolutions = nn.Sequential(*layers)

    @property
    def heads(self):
        """The layer that no ReLU follows."""
        return (self.convolutions[-1],)

    def forward(self, codes, cast=nullcontext):
        *hidden, last = self.convolutions
        with cast():
            values = self.features(codes).view(-1, self.channels, GRID, GRID)
            for layer in hidden:
                values = layer(values)
        return last(values.to(last.weight.dtype))


class Discriminator(nn.Module):
    """Codes (N, latent_dim) -> two logits (N, 2): drawn from q(z), or from the product of its marginals.

    linear: the class of its layers, nn.Linear or a subclass (utils.training.linear)
    """

    def __init__(self, latent_dim, units=1000, layers=6, linear=nn.Linear):
        super().__init__()
        stack, current = [], latent_dim
        for _ in range(layers):
            stack += [linear(current, units), nn.LeakyReLU(0.2)]
            current = units
        self.layers = nn.Sequential(*stack, linear(current, 2))

    def forward(self, codes, cast=nullcontext):
        *hidden, last = self.layers
        with cast():
            for layer in hidden:
                codes = layer(codes)
        return last(codes.to(last.weight.dtype))


class Residual(nn.Module):
    """One more 3x3 convolution at the same resolution, beside an identity: how `depth` enlarges a network."""

    def __init__(self, channels):
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features):
        return features + torch.relu(self.convolution(features))


def initialise(module, generator, method="glorot"):
    """Draw the weights of every layer from a uniform distribution around 0; biases are 0.

    glorot  up to sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16), as the baseline does: TensorFlow's
            default. Signals shrink behind ReLUs, and most in transposed convolutions, of whose kernel only a part
            reaches each pixel
    he      up to sqrt(6 / fan_in) before a ReLU (He et al. 2015, eq. 10) and sqrt(3 / fan_in) for `module.heads`,
            which no ReLU follows: signals keep their size from layer to layer
    between up to the geometric mean of both: signals shrink by the square root of the factor by which Glorot's shrink
            them. This kit's own; docs/unseen_sets.md has what speaks for it
    """
    heads = getattr(module, "heads", ())
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                bound = _bound(method, layer, before_relu=layer not in heads)
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.zero_()
    return module


def _bound(method, layer, before_relu):
    glorot, he = _glorot_bound(layer), _he_bound(layer, before_relu)
    return {"glorot": glorot, "he": he, "between": (glorot * he) ** 0.5}[method]


def _glorot_bound(layer):
    weight = layer.weight
    return (6 / (weight[0][0].numel() * (weight.shape[0] + weight.shape[1]))) ** 0.5


def _he_bound(layer, before_relu):
    fan_in = layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):  # weight (in, out, height, width)
        fan_in = layer.weight[:, 0].numel() / (layer.stride[0] * layer.stride[1])
    return ((6 if before_relu else 3) / fan_in) ** 0.5
