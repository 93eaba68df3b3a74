import pytest
import torch
from torch.nn import functional

from utils.training.models import Decoder, Discriminator, Encoder, initialise


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_encoder_at_width_1_has_the_baselines_parameters():
    convolutions = (3 * 16 + 1) * 32 + (32 * 16 + 1) * 32 + (32 * 4 + 1) * 64 + (64 * 4 + 1) * 64
    assert count(Encoder(3, 10)) == convolutions + (1024 + 1) * 256 + 2 * (256 + 1) * 10


def test_decoder_at_width_1_has_the_baselines_parameters():
    convolutions = (64 * 16) * 64 + 64 + (64 * 16) * 32 + 32 + (32 * 16) * 32 + 32 + (32 * 16) * 3 + 3
    assert count(Decoder(3, 10)) == (10 + 1) * 256 + (256 + 1) * 1024 + convolutions


def test_width_multiplies_every_layer_but_the_last():
    convolutions = (3 * 16 + 1) * 16 + (16 * 16 + 1) * 16 + (16 * 4 + 1) * 32 + (32 * 4 + 1) * 32
    assert count(Encoder(3, 10, 0.5)) == convolutions + (512 + 1) * 128 + 2 * (128 + 1) * 10


def test_discriminator_has_six_layers_of_1000():
    assert count(Discriminator(10)) == (10 + 1) * 1000 + 5 * 1001 * 1000 + 1001 * 2


@pytest.mark.parametrize(
    ("channels", "latents", "width", "depth"),
    [(3, 10, 1, 1), (1, 4, 1, 2), (3, 16, 2, 3), (3, 4, 0.3, 2), (3, 4, 1 / 32, 1)],
)
def test_networks_have_the_shapes_of_their_contract(channels, latents, width, depth):
    mean, logvar = Encoder(channels, latents, width, depth)(torch.rand(2, channels, 64, 64))
    assert mean.shape == logvar.shape == (2, latents)
    assert Decoder(channels, latents, width, depth)(mean).shape == (2, channels, 64, 64)
    assert Discriminator(latents)(mean).shape == (2, 2)


def layers(network):
    """Weight and bias of each layer, in the order of the forward pass."""
    return [(layer.weight, layer.bias) for layer in network.modules() if hasattr(layer, "weight")]


def plain_encoder(encoder, images):
    *convolutions, features, mean, logvar = layers(encoder)
    values = images
    for weight, bias in convolutions:
        if weight.shape[-1] == 3:  # what `depth` adds
            values = values + functional.relu(functional.conv2d(values, weight, bias, padding=1))
        else:
            padding = {4: 1, 2: 0}[weight.shape[-1]]
            values = functional.relu(functional.conv2d(values, weight, bias, stride=2, padding=padding))
    values = functional.relu(functional.linear(values.flatten(1), *features))
    return functional.linear(values, *mean), functional.linear(values, *logvar)


def plain_decoder(decoder, codes):
    first, second, *convolutions = layers(decoder)
    values = functional.relu(functional.linear(functional.relu(functional.linear(codes, *first)), *second))
    values = values.view(len(codes), -1, 4, 4)
    for number, (weight, bias) in enumerate(convolutions, 1):
        if weight.shape[-1] == 3:
            values = values + functional.relu(functional.conv2d(values, weight, bias, padding=1))
        else:
            values = functional.conv_transpose2d(values, weight, bias, stride=2, padding=1)
            values = values if number == len(convolutions) else functional.relu(values)
    return values


def plain_discriminator(discriminator, codes):
    *hidden, last = layers(discriminator)
    for layer in hidden:
        codes = functional.leaky_relu(functional.linear(codes, *layer), 0.2)
    return functional.linear(codes, *last)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_encoder_equals_the_baselines_layers_one_by_one(depth):
    encoder, images = Encoder(3, 5, 0.5, depth), torch.rand(2, 3, 64, 64)
    assert len(layers(encoder)) == 4 * depth + 3
    for found, expected in zip(encoder(images), plain_encoder(encoder, images)):
        assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_decoder_equals_the_baselines_layers_one_by_one(depth):
    decoder, codes = Decoder(3, 5, 0.5, depth), 3 * torch.randn(2, 5)
    assert len(layers(decoder)) == 4 * depth + 2
    assert torch.allclose(decoder(codes), plain_decoder(decoder, codes), atol=1e-6)


def test_discriminator_equals_its_layers_one_by_one():
    discriminator, codes = Discriminator(5), 3 * torch.randn(4, 5)
    assert torch.allclose(discriminator(codes), plain_discriminator(discriminator, codes), atol=1e-6)


def test_mean_encoder_is_the_encoders_mean():
    encoder, images = Encoder(3, 5, 1, 2), torch.rand(2, 3, 64, 64)
    assert torch.equal(encoder.mean_encoder()(images), encoder(images)[0])


def test_initialise_makes_biases_zero():
    encoder = initialise(Encoder(3, 5), torch.Generator().manual_seed(0))
    assert all((p == 0).all() for p in encoder.parameters() if p.dim() == 1)


def test_initialise_draws_within_glorots_bound():
    linear = initialise(torch.nn.Linear(1024, 256), torch.Generator().manual_seed(0))
    bound = (6 / (1024 + 256)) ** 0.5
    assert 0.99 * bound < linear.weight.abs().max() <= bound


def test_initialise_counts_a_kernels_area():
    convolution = initialise(torch.nn.Conv2d(32, 64, 4), torch.Generator().manual_seed(0))
    bound = (6 / (16 * (32 + 64))) ** 0.5
    assert 0.99 * bound < convolution.weight.abs().max() <= bound


@pytest.mark.parametrize(("network", "inputs"), [(Encoder(3, 50), (64, 3, 64, 64)), (Decoder(3, 50), (64, 50))])
def test_he_keeps_the_size_of_signals_and_glorot_shrinks_them(network, inputs):
    values, sizes = torch.randn(inputs, generator=torch.Generator().manual_seed(0)), {}
    for method in ("glorot", "he"):
        outputs = initialise(network, torch.Generator().manual_seed(1), method)(values)
        sizes[method] = (outputs[0] if isinstance(outputs, tuple) else outputs).pow(2).mean().item()
    assert 0.25 < sizes["he"] < 4
    assert sizes["glorot"] < 0.1 * sizes["he"]


def test_he_draws_within_its_bounds():
    decoder = initialise(Decoder(3, 50), torch.Generator().manual_seed(0), "he")
    hidden, last = decoder.features[0].weight, decoder.convolutions[-1].weight  # 50 units; 32 channels by 2 x 2 taps
    assert 0.99 * (6 / 50) ** 0.5 < hidden.abs().max() <= (6 / 50) ** 0.5
    assert 0.98 * (3 / 128) ** 0.5 < last.abs().max() <= (3 / 128) ** 0.5


def test_between_draws_up_to_the_geometric_mean_of_both_bounds():
    largest = {}
    for method in ("glorot", "between", "he"):
        decoder = initialise(Decoder(3, 50), torch.Generator().manual_seed(0), method)
        largest[method] = torch.stack([weight.abs().max() for weight, _ in layers(decoder)])
    assert torch.allclose(largest["between"] ** 2, largest["glorot"] * largest["he"], rtol=1e-5, atol=0)


def test_initialise_depends_on_the_generator_alone():
    first, second = (initialise(Encoder(3, 5), torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters()))


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch has no autocast for CPUs")
@pytest.mark.parametrize(
    ("network", "values"),
    [
        (Encoder(3, 2), torch.rand(2, 3, 64, 64)),
        (Decoder(3, 2), torch.rand(2, 2)),
        (Discriminator(2), torch.rand(2, 2)),
    ],
)
def test_last_layers_compute_in_float32_under_autocast(network, values):
    seen = {}
    for name, layer in network.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, inputs, output, name=name: seen.update({name: output.dtype}))
    network(values, lambda: torch.autocast("cpu", dtype=torch.bfloat16))
    last = {Encoder: ["mean", "logvar"], Decoder: ["convolutions.6"], Discriminator: ["layers.12"]}[type(network)]
    assert [name for name, dtype in seen.items() if dtype == torch.float32] == last
