import copy
import math

import numpy as np
import pytest
import torch
from trainers import CPU, SMALL, after_an_update, trainer, weights

from utils.config import OBJECTIVE_NAMES
from utils.training import objectives
from utils.training.batches import held_out_positions, to_model_input
from utils.training.schedule import learning_rate


def plain_gradients(trained, images, generator):
    """Kim & Mnih 2018, algorithm 2, as plainly as it can be written: [(gradients, parameters, rate, betas)]."""
    config, networks = trained.config, trained.networks
    encoder, decoder = networks["encoder"], networks["decoder"]
    first, second = images[: config.batch_size], images[config.batch_size :]
    mean, logvar = encoder(first)
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    given = objectives.Posterior(mean, logvar, mean + torch.exp(logvar / 2) * noise)
    pixels = torch.sigmoid(decoder(given.sample))
    likelihood = first * pixels.log() + (1 - first) * (1 - pixels).log()
    logits = networks["discriminator"](given.sample) if "discriminator" in networks else None
    terms = objectives.OBJECTIVES[config.objective].function(given, trained.step, config, logits)
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
    return [(torch.autograd.grad(loss, own, retain_graph=True), own, *rest) for loss, own, *rest in losses]


def plain_step(trained, images, generator, moments):
    """One step of plain Adam by `plain_gradients`; `moments`: {parameter: [steps, first, second]}, updated."""
    for gradients, parameters, rate, betas in plain_gradients(trained, images, generator):
        for parameter, gradient in zip(parameters, gradients):
            adam_step(parameter.data, gradient, rate, betas, moments.setdefault(parameter, [0, 0.0, 0.0]))
    trained.step += 1


def adam_step(values, gradient, rate, betas, moments):
    """Kingma & Ba 2015, algorithm 1, in place."""
    moments[0] += 1
    moments[1] = betas[0] * moments[1] + (1 - betas[0]) * gradient
    moments[2] = betas[1] * moments[2] + (1 - betas[1]) * gradient**2
    first, second = (moment / (1 - beta ** moments[0]) for moment, beta in zip(moments[1:], betas))
    values -= rate * first / (second.sqrt() + 1e-8)


@pytest.mark.parametrize("objective", OBJECTIVE_NAMES)
def test_learn_equals_plain_steps_in_float64(tiny_images, objective):
    """Two steps: the first step of Adam does not depend on its betas."""
    trained, plain = (trainer(tiny_images, torch.float64, objective=objective) for _ in range(2))
    count, moments = 8 if objective == "factor_vae" else 4, {}
    for step in range(2):
        images = to_model_input(tiny_images[count * step : count * (step + 1)], CPU).double()
        trained.learn(images, torch.Generator().manual_seed(step))
        trained.step += 1
        plain_step(plain, images, torch.Generator().manual_seed(step), moments)
    for name in plain.networks:
        for one, other in zip(weights(trained, name), weights(plain, name)):
            assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)


def test_learn_reports_the_discriminators_loss_and_accuracy(tiny_images):
    trained = trainer(tiny_images, torch.float64)
    images = to_model_input(tiny_images[:8], CPU).double()
    (codes, permuted), discriminator = draw(trained, images), trained.networks["discriminator"]
    told = torch.log_softmax(discriminator(torch.cat([codes, permuted])), 1).detach()
    right = torch.cat([told[:4, 0], told[4:, 1]])
    numbers = trained.learn(images, torch.Generator().manual_seed(5))
    assert float(numbers["discriminator_loss"]) == pytest.approx(-float(right.mean()), rel=1e-10)
    assert float(numbers["discriminator_accuracy"]) == pytest.approx(float((right > math.log(0.5)).double().mean()))


def draw(trained, images):
    """The codes of `images`' first half and the permuted codes of its second, as a step with seed 5 draws them."""
    generator, codes = torch.Generator().manual_seed(5), []
    for half in images.split(4):
        mean, logvar = trained.networks["encoder"](half)
        codes.append(mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=generator, dtype=mean.dtype))
    return codes[0].detach(), objectives.permute_dims(codes[1].detach(), generator)


def test_discriminators_loss_leaves_the_autoencoder_alone(tiny_images, monkeypatch):
    one, loss = after_an_update(tiny_images), objectives.discriminator_loss
    monkeypatch.setattr(objectives, "discriminator_loss", lambda *logits: -1000 * loss(*logits))
    other = after_an_update(tiny_images)
    for name, same in (("encoder", True), ("decoder", True), ("discriminator", False)):
        assert all(torch.equal(a, b) is same for a, b in zip(weights(one, name), weights(other, name)))


def test_autoencoders_loss_leaves_the_discriminator_alone(tiny_images, monkeypatch):
    one, loss = after_an_update(tiny_images), objectives.reconstruction_loss
    monkeypatch.setattr(objectives, "reconstruction_loss", lambda *pixels: -1000 * loss(*pixels))
    other = after_an_update(tiny_images)
    for name, same in (("encoder", False), ("decoder", False), ("discriminator", True)):
        assert all(torch.equal(a, b) is same for a, b in zip(weights(one, name), weights(other, name)))


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


@pytest.mark.parametrize("attempt", [0, 2])
@pytest.mark.parametrize("schedule", [{}, {"warmup_steps": 4, "decay": "steps", "steps": 8}])
def test_state_dict_lets_another_trainer_go_on_bit_for_bit(tiny_images, schedule, attempt):
    whole, part = trainer(tiny_images, **schedule), trainer(tiny_images, **schedule)
    whole.attempt = part.attempt = attempt
    for _ in range(6):
        whole.update()
    for _ in range(3):
        part.update()
    rest = trainer(tiny_images, seed=0, **schedule)
    rest.load_state_dict(part.state_dict())
    for _ in range(3):
        rest.update()
    for trained in (whole, part, rest):
        trained.close()
    for name in whole.networks:
        assert all(torch.equal(a, b) for a, b in zip(weights(whole, name), weights(rest, name)))


def test_load_state_dict_takes_a_trainer_back_bit_for_bit(tiny_images):
    trained, found = after_an_update(tiny_images), []
    state = copy.deepcopy(trained.state_dict())
    for _ in range(2):
        trained.load_state_dict(copy.deepcopy(state))
        for _ in range(2):
            trained.update()
        found.append(weights(trained, "encoder"))
    trained.close()
    assert all(torch.equal(a, b) for a, b in zip(*found))


@pytest.mark.parametrize(("objective", "count"), [("factor_vae", 8), ("beta_vae", 4)])
def test_update_takes_as_many_images_as_its_objective_needs(tiny_images, monkeypatch, objective, count):
    trained, seen = trainer(tiny_images, objective=objective), []
    monkeypatch.setattr(trained, "learn", lambda images, generator: seen.append(len(images)))
    trained.update()
    trained.close()
    assert seen == [count]


def test_each_step_and_attempt_has_a_noise_of_its_own(tiny_images):
    trained, seeds = trainer(tiny_images), set()
    for trained.attempt in range(2):
        for trained.step in range(500):
            seeds.add(trained._noise_generator().initial_seed())
    assert len(seeds) == 1000


def drawn(images, seed, attempt):
    """(the images, the seed of the noise) that a trainer's first update draws."""
    trained, found = trainer(images, seed=seed), []
    trained.attempt = attempt
    trained.learn = lambda images, generator: found.append((images.numpy().tobytes(), generator.initial_seed()))
    trained.update()
    trained.close()
    return found[0]


def test_seed_and_attempt_decide_batches_and_noise(tiny_images):
    found = [drawn(tiny_images, seed, attempt) for seed, attempt in ((0, 0), (1, 0), (0, 1), (0, 0))]
    assert found[0] == found[3]
    for values in zip(*found[:3]):
        assert len(set(values)) == 3


def test_objective_is_given_the_number_of_updates_made_before(tiny_images, monkeypatch):
    trained, learn, steps = trainer(tiny_images), objectives.OBJECTIVES["factor_vae"], []

    def noted(posterior, step, *rest):
        steps.append(step)
        return learn.function(posterior, step, *rest)

    trained.objective = learn._replace(function=noted)
    for _ in range(3):
        trained.update()
    trained.close()
    assert steps == [0, 1, 2]


def test_learn_reports_reconstruction_and_kl_of_its_first_images(tiny_images):
    trained = trainer(tiny_images, torch.float64)
    images = to_model_input(tiny_images[:8], CPU).double()
    mean, logvar = (value.detach() for value in trained.networks["encoder"](images[:4]))
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(5), dtype=mean.dtype)
    pixels = torch.sigmoid(trained.networks["decoder"](mean + (logvar / 2).exp() * noise)).detach()
    likelihood = (images[:4] * pixels.log() + (1 - images[:4]) * (1 - pixels).log()).sum() / 4
    kl = 0.5 * (mean**2 + logvar.exp() - logvar - 1).mean(0)
    numbers = trained.learn(images, torch.Generator().manual_seed(5))
    assert float(numbers["reconstruction"]) == pytest.approx(-float(likelihood), rel=1e-10)
    assert torch.allclose(numbers["kl_per_latent"], kl, rtol=1e-9)


def test_trainer_begins_at_step_0_and_counts_its_updates(tiny_images):
    trained, steps = trainer(tiny_images, objective="beta_vae"), []
    for _ in range(3):
        steps.append(trained.step)
        trained.update()
    trained.close()
    assert steps == [0, 1, 2]


def test_close_ends_the_thread_that_gathers_batches(tiny_images):
    trained = trainer(tiny_images)
    trained.update()
    thread = trained.batches.thread
    trained.close()
    assert not thread.is_alive()


def test_learning_rate_of_a_step_is_the_schedules(tiny_images):
    trained = trainer(tiny_images, decay="steps", warmup_steps=10, steps=100)
    trained.step = 4
    trained.update()
    trained.close()
    rates = [trained.optimizers[name].param_groups[0]["lr"] for name in ("vae", "discriminator")]
    assert rates == [learning_rate(trained.config, 4), SMALL.discriminator_learning_rate]


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


def test_trainer_never_learns_from_the_images_held_out(tiny_images, monkeypatch):
    marked = np.zeros_like(tiny_images)
    marked[:, 0, 0, 0] = np.arange(len(marked))
    trained, seen = trainer(marked, held_out=20), set()

    def note(images, generator):
        seen.update((images[:, 0, 0, 0] * 255).round().int().tolist())

    monkeypatch.setattr(trained, "learn", note)
    for _ in range(40):
        trained.update()
    trained.close()
    assert seen == set(range(40)) - set(held_out_positions(40, 20).tolist())


def test_initialization_is_of_the_autoencoder_alone(tiny_images):
    glorot, he = (trainer(tiny_images, initialization=method) for method in ("glorot", "he"))
    equal = {name: torch.equal(weights(glorot, name)[0], weights(he, name)[0]) for name in glorot.networks}
    assert equal == {"encoder": False, "decoder": False, "discriminator": True}
