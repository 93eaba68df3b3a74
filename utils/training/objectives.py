"""The paper's objectives as pure regularisers: a batch's posterior in, named terms out.

Every loss is the reconstruction term plus the sum of its terms. Means are over the batch, logarithms natural.
"""

import math
from typing import Callable, NamedTuple

import torch
from torch.nn import functional

from utils.config import FIELDS

ACTIVE_KL = 0.01  # nats; a latent whose KL is larger is counted as active


class Posterior(NamedTuple):
    """q(z|x) of a batch: its parameters, and one sample of it; each (N, latents)."""

    mean: torch.Tensor
    logvar: torch.Tensor
    sample: torch.Tensor


def reconstruction_loss(logits, images):
    """Bernoulli negative log-likelihood in nats, summed over pixels and channels, averaged over the batch."""
    return functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)


def kl_per_latent(mean, logvar):
    """KL(q(z_j|x) || N(0, 1)) in nats, averaged over the batch: (latents,). Kingma & Welling 2014, appendix B."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1).mean(0)


def total_kl(posterior):
    """KL(q(z|x) || p(z)) in nats, averaged over the batch."""
    return kl_per_latent(posterior.mean, posterior.logvar).sum()


class Objective(NamedTuple):
    """One of the paper's objectives.

    function             (posterior, step, config, logits) -> {name: term}; logits (N, 2) of the discriminator, or None
    title                as people write it
    weights              keys of the configuration that the function reads
    needs_discriminator  whether a discriminator is trained beside it
    """

    function: Callable
    title: str
    weights: tuple
    needs_discriminator: bool = False


def factor_vae(posterior, step, config, logits):
    """FactorVAE, Kim & Mnih 2018, eq. 2: KL + gamma TC, TC by the discriminator's density ratio (eq. 3)."""
    return {"kl": total_kl(posterior), "tc": config.gamma * density_ratio_tc(logits)}


def beta_vae(posterior, step, config, logits):
    """beta-VAE, Higgins et al. 2017, eq. 4: beta KL."""
    return {"kl": config.beta * total_kl(posterior)}


def annealed_vae(posterior, step, config, logits):
    """AnnealedVAE, Burgess et al. 2018, eq. 8: gamma |KL - C|, C rising linearly to `capacity`."""
    capacity = config.capacity * min(1.0, step / config.annealing_steps)
    return {"kl": config.gamma * (total_kl(posterior) - capacity).abs()}


def bottleneck_vae(posterior, step, config, logits):
    """The starter kit's BottleneckVAE: gamma |KL - C| with C fixed from the start."""
    return {"kl": config.gamma * (total_kl(posterior) - config.capacity).abs()}


def dip_vae_i(posterior, step, config, logits):
    """DIP-VAE-I, Kumar et al. 2018, eq. 6: KL, and the covariance of the means drawn to the identity."""
    return {"kl": total_kl(posterior), "dip": _dip(covariance(posterior.mean), config)}


def dip_vae_ii(posterior, step, config, logits):
    """DIP-VAE-II, Kumar et al. 2018, eq. 7: as I, for the covariance of the samples themselves."""
    expected = torch.diag(posterior.logvar.exp().mean(0))
    return {"kl": total_kl(posterior), "dip": _dip(covariance(posterior.mean) + expected, config)}


def beta_tc_vae(posterior, step, config, logits):
    """beta-TCVAE, Chen et al. 2018, eq. 4: KL + (beta - 1) TC, TC by minibatch-weighted sampling."""
    return {"kl": total_kl(posterior), "tc": (config.beta - 1) * minibatch_tc(posterior)}


OBJECTIVES = {  # by the names of utils.config.OBJECTIVE_NAMES, which stand there because config.py needs no PyTorch
    "factor_vae": Objective(factor_vae, "FactorVAE", ("gamma",), needs_discriminator=True),
    "beta_vae": Objective(beta_vae, "β-VAE", ("beta",)),
    "annealed_vae": Objective(annealed_vae, "AnnealedVAE", ("gamma", "capacity", "annealing_steps")),
    "dip_vae_i": Objective(dip_vae_i, "DIP-VAE-I", ("lambda_od", "lambda_d")),
    "dip_vae_ii": Objective(dip_vae_ii, "DIP-VAE-II", ("lambda_od", "lambda_d")),
    "beta_tc_vae": Objective(beta_tc_vae, "β-TCVAE", ("beta",)),
    "bottleneck_vae": Objective(bottleneck_vae, "BottleneckVAE", ("gamma", "capacity")),
}


def weights_in_words(config):
    """(weights that the objective of `config` reads, those that it does not and that are not the defaults), as text."""
    read = OBJECTIVES[config.objective].weights
    others = [key for one in OBJECTIVES.values() for key in one.weights if key not in read]
    idle = [key for key in dict.fromkeys(others) if getattr(config, key) != FIELDS[key].default]
    return tuple(", ".join(f"{key}={getattr(config, key):g}" for key in keys) for keys in (read, idle))


def density_ratio_tc(logits):
    """TC in nats from the discriminator's logits (N, 2): mean of log q(z) / prod_j q(z_j). Kim & Mnih, eq. 3."""
    return (logits[:, 0] - logits[:, 1]).mean()


def discriminator_loss(logits, permuted_logits):
    """Cross-entropy in nats of telling q(z) (class 0) from permuted codes (class 1). Algorithm 2, last line."""
    joint = functional.softplus(logits[:, 1] - logits[:, 0]).mean()
    marginals = functional.softplus(permuted_logits[:, 0] - permuted_logits[:, 1]).mean()
    return 0.5 * (joint + marginals)


def discriminator_accuracy(logits, permuted_logits):
    """Share in [0, 1] of codes and permuted codes that the discriminator classifies correctly."""
    right = torch.cat([logits[:, 0] > logits[:, 1], permuted_logits[:, 1] > permuted_logits[:, 0]])
    return right.float().mean()


def permute_dims(codes, generator):
    """Each latent of `codes` (N, latents) in an order of its own over the batch. Kim & Mnih, algorithm 1."""
    order = torch.rand(codes.shape, generator=generator, device=codes.device).argsort(0)
    return codes.gather(0, order)


def covariance(means):
    """Covariance (latents, latents) of `means` (N, latents), divided by N as the library does."""
    centred = means - means.mean(0)
    return centred.t() @ centred / len(means)


def minibatch_tc(posterior):
    """TC in nats, up to a constant of batch and data set size. Chen et al. 2018, eq. S6, as in the library."""
    mean, logvar = posterior.mean.unsqueeze(0), posterior.logvar.unsqueeze(0)
    distance = posterior.sample.unsqueeze(1) - mean  # (N samples, N posteriors, latents)
    log_density = -0.5 * (distance.square() * (-logvar).exp() + logvar + math.log(2 * math.pi))
    log_joint = log_density.sum(2).logsumexp(1)
    log_marginals = log_density.logsumexp(1).sum(1)
    return (log_joint - log_marginals).mean()


def _dip(matrix, config):
    diagonal = torch.diagonal(matrix)
    off_diagonal = matrix - torch.diag(diagonal)
    return config.lambda_od * off_diagonal.square().sum() + config.lambda_d * (diagonal - 1).square().sum()
