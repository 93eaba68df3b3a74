import dataclasses
import json
import math
from pathlib import Path

import pytest
import torch

from utils.config import OBJECTIVE_NAMES, Config
from utils.training import objectives
from utils.training.objectives import OBJECTIVES, Posterior

OFFICIAL = json.loads((Path(__file__).parent / "official_objectives.json").read_text())
STEP = 7000


def posterior(requires_grad=False):
    tensors = (torch.tensor(OFFICIAL[name], dtype=torch.float64) for name in ("mean", "logvar", "sample"))
    return Posterior(*(tensor.requires_grad_(requires_grad) for tensor in tensors))


def value(name, given, **settings):
    logits = torch.stack([given.sample.sum(1), -given.sample.prod(1)], dim=1)
    return sum(OBJECTIVES[name].function(given, STEP, dataclasses.replace(Config(), **settings), logits).values())


def independent(count=4000, latents=3):
    """A posterior whose aggregate is N(0, 1) in each latent, independently."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(count, latents, generator=generator, dtype=torch.float64) * 0.5**0.5
    noise = torch.randn(count, latents, generator=generator, dtype=torch.float64)
    logvar = torch.full_like(mean, math.log(0.5))
    return Posterior(mean, logvar, mean + (0.5 * logvar).exp() * noise)


WEIGHTS = sorted({key for one in OBJECTIVES.values() for key in one.weights})


@pytest.mark.parametrize("key", WEIGHTS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_reads_the_weights_that_it_names_and_no_others(name, key):
    before, after = (float(value(name, posterior(), **{key: of})) for of in (2e4, 3e4))
    assert (before != after) is (key in OBJECTIVES[name].weights)


def test_weights_in_words_are_those_that_are_read_and_those_that_were_set_for_nothing():
    assert objectives.weights_in_words(Config(objective="beta_vae")) == ("beta=4", "")
    assert objectives.weights_in_words(Config(objective="beta_vae", gamma=500)) == ("beta=4", "gamma=500")
    assert objectives.weights_in_words(Config(objective="bottleneck_vae", gamma=4))[0] == "gamma=4, capacity=25"


@pytest.mark.parametrize("name", sorted(OFFICIAL["settings"]))
def test_objective_equals_the_librarys_value(name):
    tolerance = 1e-6 if name == "annealed_vae" else 1e-12  # the library's schedule is in float32
    expected = pytest.approx(OFFICIAL["values"][name], rel=tolerance)
    assert float(value(name, posterior(), **OFFICIAL["settings"][name])) == expected


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_objective_has_the_gradient_that_differences_give(name):
    def loss(*tensors):
        return value(name, Posterior(*tensors))

    assert torch.autograd.gradcheck(loss, tuple(posterior(requires_grad=True)))


def test_kl_of_the_prior_is_zero():
    zeros = torch.zeros(4, 3)
    assert float(objectives.total_kl(Posterior(zeros, zeros, zeros))) == 0


def test_kl_of_a_gaussian_is_its_closed_form():
    mean, logvar = torch.tensor([[2.0]]), torch.tensor([[math.log(0.25)]])
    assert float(objectives.kl_per_latent(mean, logvar)) == pytest.approx(0.5 * (4 + 0.25 - math.log(0.25) - 1))


def test_factor_vae_without_tc_is_the_vae():
    assert float(value("factor_vae", posterior(), gamma=0.0)) == float(objectives.total_kl(posterior()))


def test_beta_vae_at_beta_1_is_the_vae():
    assert float(value("beta_vae", posterior(), beta=1.0)) == float(objectives.total_kl(posterior()))


def test_beta_tc_vae_at_beta_1_is_the_vae():
    assert float(value("beta_tc_vae", posterior(), beta=1.0)) == float(objectives.total_kl(posterior()))


@pytest.mark.parametrize("name", ["dip_vae_i", "dip_vae_ii"])
def test_dip_vae_without_weight_is_the_vae(name):
    expected = float(objectives.total_kl(posterior()))
    assert float(value(name, posterior(), lambda_od=0.0, lambda_d=0.0)) == expected


def test_dip_vae_ii_of_an_identity_covariance_is_the_vae():
    given = Posterior(torch.zeros(5, 3), torch.zeros(5, 3), torch.zeros(5, 3))
    assert float(value("dip_vae_ii", given)) == 0


def test_annealed_vae_ends_at_its_capacity():
    given = posterior()
    kl = float(objectives.total_kl(given))
    assert float(value("annealed_vae", given, annealing_steps=10, capacity=5.0, gamma=2.0)) == 2 * abs(kl - 5)


def test_bottleneck_vae_has_its_capacity_from_the_start():
    kl = float(objectives.total_kl(posterior()))
    assert float(value("bottleneck_vae", posterior(), capacity=10.0, gamma=4.0)) == 4 * abs(kl - 10)


def test_minibatch_tc_of_independent_latents_is_its_constant():
    given = independent()
    constant = (given.mean.shape[1] - 1) * math.log(len(given.mean))  # the library drops it too
    assert float(objectives.minibatch_tc(given)) + constant == pytest.approx(0, abs=0.15)


def test_minibatch_tc_grows_when_a_latent_is_duplicated():
    given = independent()
    doubled = Posterior(*(torch.cat([tensor, tensor[:, :1]], dim=1) for tensor in given))
    constants = math.log(len(given.mean))
    assert float(objectives.minibatch_tc(doubled) - objectives.minibatch_tc(given)) + constants > 0.3


def test_density_ratio_tc_of_equal_logits_is_zero():
    assert float(objectives.density_ratio_tc(torch.ones(5, 2))) == 0


def test_density_ratio_tc_is_the_difference_of_logits():
    assert float(objectives.density_ratio_tc(torch.tensor([[2.0, 0.5], [1.0, 1.5]]))) == 0.5


def test_discriminator_loss_of_a_coin_is_log_2():
    logits = torch.zeros(5, 2)
    assert float(objectives.discriminator_loss(logits, logits)) == pytest.approx(math.log(2))


def test_discriminator_loss_is_the_cross_entropy():
    joint, permuted = torch.randn(5, 2, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    cross_entropy = torch.nn.functional.cross_entropy
    classes = torch.zeros(5, dtype=torch.long)
    expected = 0.5 * (cross_entropy(joint, classes) + cross_entropy(permuted, classes + 1))
    assert float(objectives.discriminator_loss(joint, permuted)) == pytest.approx(float(expected), rel=1e-12)


def test_permute_dims_keeps_each_latents_values():
    codes = torch.randn(50, 4)
    permuted = objectives.permute_dims(codes, torch.Generator().manual_seed(0))
    assert torch.equal(permuted.sort(0).values, codes.sort(0).values)


def test_permute_dims_orders_each_latent_on_its_own():
    codes = torch.arange(50.0).unsqueeze(1).repeat(1, 3)
    permuted = objectives.permute_dims(codes, torch.Generator().manual_seed(0))
    assert not torch.equal(permuted[:, 0], permuted[:, 1])
    assert not torch.equal(permuted[:, 1], permuted[:, 2])


def test_reconstruction_loss_is_the_bernoulli_likelihood_summed_over_pixels():
    logits, images = torch.zeros(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    assert float(objectives.reconstruction_loss(logits, images)) == pytest.approx(3 * 64 * 64 * math.log(2), rel=1e-6)


def test_factor_vae_weighs_tc_with_gamma():
    logits = torch.tensor([[2.0, 0.5]])
    terms = OBJECTIVES["factor_vae"].function(posterior(), 0, dataclasses.replace(Config(), gamma=100.0), logits)
    assert float(terms["tc"]) == 150


def test_objectives_are_those_that_a_configuration_may_name():
    assert set(OBJECTIVES) == set(OBJECTIVE_NAMES)


def test_discriminator_accuracy_is_the_share_told_right_and_a_tie_is_wrong():
    logits = torch.tensor([[2.0, 1.0], [1.0, 2.0], [0.0, 3.0], [1.0, 1.0]])
    permuted = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, 5.0], [1.0, 1.0]])
    assert float(objectives.discriminator_accuracy(logits, permuted)) == (1 + 3) / 8
