"""One update after another: both networks, both optimisers, from batches that are gathered ahead.

FactorVAE's update is Kim & Mnih 2018, algorithm 2. As in disentanglement_lib, both losses of a step are taken
at the weights before it. The discriminator's gradients are asked for its own parameters alone, so nothing of its
loss can reach the encoder, and nothing of the autoencoder's loss the discriminator.
"""

import inspect
import math

import torch

from utils import models, objectives
from utils.batches import Batches, step_generator
from utils.device import autocast, resolve_precision

VAE_BETAS, DISCRIMINATOR_BETAS = (0.9, 0.999), (0.5, 0.9)


class Trainer:
    """Networks, optimisers and batches of one run; `update()` makes one step of each.

    config   utils.config.Config
    images   uint8 (n, 64, 64, channels); no factor is ever seen
    device   torch.device
    attempt  how often the run went back after a number that was not finite: changes batches and noise
    """

    def __init__(self, config, images, device, attempt=0, dtype=torch.float32):
        self.config, self.images, self.device, self.attempt = config, images, device, attempt
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
            size = self.config.batch_size * (2 if self.adversarial else 1)
            key = (self.config.seed, self.attempt)
            self.batches = Batches(self.images, size, key, self.step, self.device)
        self._set_learning_rate(spent)
        numbers = self.learn(self.batches.next(), self._noise_generator())
        self.step += 1
        return numbers

    def learn(self, images, generator):
        """The step's mathematics on `images` (batch_size or, with a discriminator, twice as many)."""
        first, second = images[: self.config.batch_size], images[self.config.batch_size :]
        posterior, reconstruction, logits = self._forward(first, generator)
        terms = self.objective(posterior, self.step, self.config, logits)
        loss = reconstruction + sum(terms.values())
        self._gradients("vae", loss, retain_graph=self.adversarial)
        numbers = {"reconstruction": reconstruction, **terms}
        if self.adversarial:
            numbers.update(self._discriminate(second, logits, generator))
        for optimizer in self.optimizers.values():
            optimizer.step()
        with torch.no_grad():
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

    def _forward(self, images, generator):
        with self.cast():
            posterior = self._posterior(images, generator)
            pixels = self.networks["decoder"](posterior.sample)
            logits = self.networks["discriminator"](posterior.sample) if self.adversarial else None
        reconstruction = objectives.reconstruction_loss(pixels.to(images.dtype), images)
        return posterior, reconstruction, None if logits is None else logits.to(images.dtype)

    def _posterior(self, images, generator):
        mean, logvar = (value.to(images.dtype) for value in self.networks["encoder"](images))
        noise = torch.randn(mean.shape, generator=generator, device=self.device, dtype=mean.dtype)
        return objectives.Posterior(mean, logvar, mean + (0.5 * logvar).exp() * noise)

    def _discriminate(self, images, logits, generator):
        with torch.no_grad(), self.cast():
            codes = self._posterior(images, generator).sample
            permuted = objectives.permute_dims(codes, generator)
        with self.cast():
            permuted_logits = self.networks["discriminator"](permuted).to(images.dtype)
        loss = objectives.discriminator_loss(logits, permuted_logits)
        self._gradients("discriminator", loss)
        right = torch.cat([logits[:, 0] > logits[:, 1], permuted_logits[:, 1] > permuted_logits[:, 0]])
        return {"discriminator_loss": loss, "discriminator_accuracy": right.float().mean()}

    def _gradients(self, name, loss, retain_graph=False):
        parameters = self.optimizers[name].param_groups[0]["params"]
        gradients = torch.autograd.grad(loss, parameters, retain_graph=retain_graph)
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient

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
