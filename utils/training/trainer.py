"""One update after another: both networks, both optimisers, from batches that are gathered ahead.

FactorVAE's update is Kim & Mnih 2018, algorithm 2. As in disentanglement_lib, both losses of a step are taken
at the weights before it. The discriminator's gradients are asked for its own parameters alone (utils/adversary.py),
so nothing of its loss can reach the encoder, and nothing of the autoencoder's loss the discriminator.
"""

import inspect
import math

import torch

from utils.training import models, objectives
from utils.training.batches import Batches, step_generator
from utils.training.device import autocast, resolve_precision
from utils.training.discriminator import discriminate
from utils.training.distributed import SingleProcess

VAE_BETAS, DISCRIMINATOR_BETAS = (0.9, 0.999), (0.5, 0.9)


class Trainer:
    """Networks, optimisers and batches of one run; `update()` makes one step of each.

    config   utils.config.Config
    images   uint8 (n, 64, 64, channels); no factor is ever seen
    device   torch.device
    attempt  how often the run went back after a number that was not finite: changes batches and noise
    group    the processes that share the run (utils.training.distributed); each learns from its part of a batch
    """

    def __init__(self, config, images, device, attempt=0, dtype=torch.float32, group=None):
        self.config, self.images, self.device, self.attempt = config, images, device, attempt
        self.group = group or SingleProcess()
        self.channels = images.shape[-1]
        self.objective = objectives.OBJECTIVES[config.objective]
        self.adversarial = config.objective == "factor_vae"
        self.step, self.batches = 0, None
        self._build(dtype)
        self.cast = autocast(device, resolve_precision(config.precision, device))

    def _build(self, dtype):
        config, generator = self.config, torch.Generator().manual_seed(self.config.seed)
        size = (self.channels, config.latent_dim, config.width, config.depth)
        networks = {"encoder": models.Encoder(*size), "decoder": models.Decoder(*size)}
        if self.adversarial:
            networks["discriminator"] = models.Discriminator(config.latent_dim)
        self.networks = {name: self._place(models.initialise(net, generator), dtype) for name, net in networks.items()}
        vae = [*networks["encoder"].parameters(), *networks["decoder"].parameters()]
        self.optimizers = {"vae": adam(vae, config.learning_rate, VAE_BETAS)}
        if self.adversarial:
            critic = list(networks["discriminator"].parameters())
            self.optimizers["discriminator"] = adam(critic, config.discriminator_learning_rate, DISCRIMINATOR_BETAS)

    def _place(self, network, dtype):
        return network.to(device=self.device, dtype=dtype, memory_format=torch.channels_last)

    def update(self, spent=0.0):
        """One step, at which the share `spent` of the time budget is gone.

        Returns its numbers as tensors that are not yet synchronised: {name: scalar, "kl_per_latent": (latents,)}.
        """
        if self.batches is None:
            halves = 2 if self.adversarial else 1
            key, part = (self.config.seed, self.attempt), self.group.part(self.config.batch_size, halves)
            self.batches = Batches(self.images, self.config.batch_size * halves, key, self.step, self.device, part)
        self._set_learning_rate(spent)
        numbers = self.learn(self.batches.next(), self._noise_generator())
        self.step += 1
        return numbers

    def learn(self, images, generator):
        """The step's mathematics on `images`: this process's part of batch_size, or with a discriminator of twice that.

        A gradient or the reconstruction is a sum over the processes, everything else is computed by each of them.
        """
        count = self.config.batch_size // self.group.size
        first, second = images[:count], images[count:]
        own = self._posterior(first, generator)
        with self.cast():
            pixels = self.networks["decoder"](own.sample)
        loss = reconstruction = objectives.reconstruction_loss(pixels.to(images.dtype), first) / self.group.size
        both = self._discriminate(own.sample, second, generator) if self.adversarial else None
        posterior = objectives.Posterior(*self.group.all_gather(*own))
        logits = self.group.all_gather(both.logits)[0] if both else None
        terms = self.objective(posterior, self.step, self.config, logits)
        gradients = list(torch.autograd.grad(loss + sum(terms.values()), self._parameters("vae")))
        gradients += both.gradients if both else []
        *gradients, reconstruction = self.group.all_reduce_sum([*gradients, reconstruction.detach()])
        self._move(gradients)
        with torch.no_grad():
            numbers = {"reconstruction": reconstruction, **terms, **self._judge(logits, both)}
            numbers["kl_per_latent"] = objectives.kl_per_latent(posterior.mean, posterior.logvar)
        return {name: value.detach() for name, value in numbers.items()}

    def _set_learning_rate(self, spent):
        if self.config.decay == "none":
            return
        share = self.step / self.config.steps
        if self.config.decay == "budget":
            share = min(1.0, max(share, spent))
        rate = self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        self.optimizers["vae"].param_groups[0]["lr"] = rate

    def _posterior(self, images, generator):
        """Of this process's images; every process draws the noise of the whole batch."""
        with self.cast():
            mean, logvar = self.networks["encoder"](images)
        mean, logvar = mean.to(images.dtype), logvar.to(images.dtype)
        shape = (self.config.batch_size, self.config.latent_dim)
        noise = torch.randn(shape, generator=generator, device=self.device, dtype=mean.dtype)
        return objectives.Posterior(mean, logvar, mean + (0.5 * logvar).exp() * self.group.rows(noise))

    def _discriminate(self, sample, images, generator):
        """Both uses of the discriminator, for `sample` and for the permuted codes of the batch's second half."""
        with torch.no_grad():
            (codes,) = self.group.all_gather(self._posterior(images, generator).sample)
            permuted = self.group.rows(objectives.permute_dims(codes, generator))
        with self.cast():
            return discriminate(self.networks["discriminator"], sample, permuted, self.config.batch_size)

    def _judge(self, logits, both):
        """How well the discriminator tells codes from permuted ones."""
        if both is None:
            return {}
        (permuted,) = self.group.all_gather(both.permuted_logits)
        right = torch.cat([logits[:, 0] > logits[:, 1], permuted[:, 1] > permuted[:, 0]])
        loss = objectives.discriminator_loss(logits, permuted)
        return {"discriminator_loss": loss, "discriminator_accuracy": right.float().mean()}

    def _parameters(self, name):
        return self.optimizers[name].param_groups[0]["params"]

    def _move(self, gradients):
        """One step of every optimiser by `gradients`, in the order of the optimisers' parameters.

        A gradient must lie in memory as its parameter does: fused optimisers walk through both side by side.
        """
        parameters = [parameter for name in self.optimizers for parameter in self._parameters(name)]
        for parameter, gradient in zip(parameters, gradients):
            same = gradient.stride() == parameter.stride()
            parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
        for optimizer in self.optimizers.values():
            optimizer.step()

    def _noise_generator(self):
        seed = step_generator(self.config.seed, self.attempt, self.step, 1).integers(2**63)
        return torch.Generator(self.device).manual_seed(int(seed))

    def state_dict(self):
        """All that decides how the run goes on; batches and noise depend on the step's number alone."""
        return {
            "step": self.step,
            "attempt": self.attempt,
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }

    def load_state_dict(self, state):
        self.close()
        self.step, self.attempt = state["step"], state["attempt"]
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])

    def close(self):
        """End the thread that gathers batches; the next update starts it again where the run stands."""
        if self.batches is not None:
            self.batches.close()
            self.batches = None


def adam(parameters, learning_rate, betas):
    """Adam, in its fused form where this PyTorch and the device have one."""
    options = {}
    if "fused" in inspect.signature(torch.optim.Adam).parameters:
        options["fused"] = True
    return torch.optim.Adam(parameters, lr=learning_rate, betas=betas, **options)
