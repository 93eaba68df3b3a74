import dataclasses
import math

import pytest
import torch

from utils.config import OBJECTIVE_NAMES, Config
from utils.training import objectives
from utils.training.batches import to_model_input
from utils.training.trainer import Trainer

CPU = torch.device("cpu")
SMALL = Config(latent_dim=3, batch_size=4, learning_rate=1e-3)


def trainer(images, dtype=torch.float32, **settings):
    return Trainer(dataclasses.replace(SMALL, **settings), images, CPU, dtype=dtype)


def weights(trained, name):
    return [parameter.detach().clone() for parameter in trained.networks[name].parameters()]


def plain_step(trained, images, generator):
    """Kim & Mnih 2018, algorithm 2, as plainly as it can be written: gradients of each loss, then plain Adam."""
    config, networks = trained.config, trained.networks
    encoder, decoder = networks["encoder"], networks["decoder"]
    first, second = images[: config.batch_size], images[config.batch_size :]
    mean, logvar = encoder(first)
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    given = objectives.Posterior(mean, logvar, mean + torch.exp(logvar / 2) * noise)
    pixels = torch.sigmoid(decoder(given.sample))
    likelihood = first * pixels.log() + (1 - first) * (1 - pixels).log()
    logits = networks["discriminator"](given.sample) if "discriminator" in networks else None
    terms = objectives.OBJECTIVES[config.objective](given, trained.step, config, logits)
    vae = [*encoder.parameters(), *decoder.parameters()]
    losses = [(-likelihood.sum() / len(first) + sum(terms.values()), vae, config.learning_rate, (0.9, 0.999))]
    if logits is not None:
        critic = networks["discriminator"]
        mean, logvar = (value.detach() for value in encoder(second))
        codes = mean + torch.exp(logvar / 2) * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        permuted = objectives.permute_dims(codes, generator)
        joint = torch.log_softmax(critic(given.sample.detach()), 1)[:, 0].mean()
        marginals = torch.log_softmax(critic(permuted), 1)[:, 1].mean()
        loss = -0.5 * (joint + marginals)
        losses.append((loss, list(critic.parameters()), config.discriminator_learning_rate, (0.5, 0.9)))
    gradients = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss, parameters, _, _ in losses]
    return [
        first_adam_step(parameter, gradient, rate, betas)
        for (_, parameters, rate, betas), found in zip(losses, gradients)
        for parameter, gradient in zip(parameters, found)
    ]


def first_adam_step(parameter, gradient, rate, betas):
    first, second = (1 - betas[0]) * gradient, (1 - betas[1]) * gradient**2
    unbiased = first / (1 - betas[0]), second / (1 - betas[1])
    return parameter.detach() - rate * unbiased[0] / (unbiased[1].sqrt() + 1e-8)


@pytest.mark.parametrize("objective", OBJECTIVE_NAMES)
def test_learn_equals_a_plain_step_in_float64(tiny_images, objective):
    trained = trainer(tiny_images, torch.float64, objective=objective)
    images = to_model_input(tiny_images[: 8 if trained.adversarial else 4], CPU).double()
    expected = plain_step(trained, images, torch.Generator().manual_seed(5))
    trained.learn(images, torch.Generator().manual_seed(5))
    found = [p for optimizer in trained.optimizers.values() for p in optimizer.param_groups[0]["params"]]
    for one, other in zip(found, expected):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


def test_discriminators_loss_leaves_the_encoder_alone(tiny_images):
    moved, still = (trainer(tiny_images, discriminator_learning_rate=rate) for rate in (1e-4, 0.0))
    for trained in (moved, still):
        trained.update()
        trained.close()
    assert all(torch.equal(a, b) for a, b in zip(weights(moved, "encoder"), weights(still, "encoder")))


def test_autoencoders_loss_leaves_the_discriminator_alone(tiny_images):
    moved, still = (trainer(tiny_images, gamma=gamma) for gamma in (0.0, 50.0))
    for trained in (moved, still):
        trained.update()
        trained.close()
    assert all(torch.equal(a, b) for a, b in zip(weights(moved, "discriminator"), weights(still, "discriminator")))


def test_update_lowers_the_reconstruction_loss(tiny_images):
    trained = trainer(tiny_images)
    losses = [float(trained.update()["reconstruction"]) for _ in range(40)]
    trained.close()
    assert losses[-1] < 0.97 * losses[0]


def test_update_reports_the_discriminators_accuracy_as_a_share(tiny_images):
    trained = trainer(tiny_images)
    numbers = trained.update()
    trained.close()
    assert 0 <= float(numbers["discriminator_accuracy"]) <= 1
    assert math.isfinite(float(numbers["discriminator_loss"]))


def test_state_dict_lets_another_trainer_go_on_bit_for_bit(tiny_images):
    whole = trainer(tiny_images)
    for _ in range(6):
        whole.update()
    part = trainer(tiny_images)
    for _ in range(3):
        part.update()
    rest = trainer(tiny_images, seed=0)
    rest.load_state_dict(part.state_dict())
    for _ in range(3):
        rest.update()
    for trained in (whole, part, rest):
        trained.close()
    for name in whole.networks:
        assert all(torch.equal(a, b) for a, b in zip(weights(whole, name), weights(rest, name)))


@pytest.mark.parametrize(
    ("decay", "step", "spent", "share"),
    [("none", 50, 0.5, 1.0), ("steps", 50, 0.9, 0.5), ("budget", 25, 0.5, 0.5), ("budget", 50, 0.1, 0.5)],
)
def test_learning_rate_follows_its_decay(tiny_images, decay, step, spent, share):
    trained = trainer(tiny_images, decay=decay, steps=100)
    trained.step = step
    trained.update(spent)
    trained.close()
    rates = [trained.optimizers[name].param_groups[0]["lr"] for name in ("vae", "discriminator")]
    assert rates == pytest.approx([SMALL.learning_rate * share, SMALL.discriminator_learning_rate])


def test_step_does_not_depend_on_how_gradients_lie_in_memory(tiny_images):
    one, other = trainer(tiny_images), trainer(tiny_images)
    gradients = [torch.rand(p.shape) for name in one.optimizers for p in one._parameters(name)]
    one._move([torch.empty_like(p).copy_(g) for p, g in zip(one._parameters("vae"), gradients)])
    other._move([g.contiguous() for g in gradients[: len(one._parameters("vae"))]])
    assert all(torch.equal(a, b) for a, b in zip(weights(one, "encoder"), weights(other, "encoder")))


def test_seed_decides_the_weights(tiny_images):
    one, other = trainer(tiny_images, seed=1), trainer(tiny_images, seed=2)
    assert not torch.equal(weights(one, "encoder")[0], weights(other, "encoder")[0])


def test_trainer_reads_no_factor(tiny_images):
    class Images:
        """Nothing but what training may touch."""

        shape, __len__, __getitem__ = tiny_images.shape, tiny_images.__len__, tiny_images.__getitem__

    trained = trainer(Images())
    assert math.isfinite(float(trained.update()["kl"]))
    trained.close()
