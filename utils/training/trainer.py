"""One update after another: both networks, both optimisers, from batches that are gathered ahead.

`Trainer.learn` is the mathematics of a step; what changes from step to step is set in `Trainer.update`.
"""

import contextlib
import inspect

import torch

from utils.errors import InputError
from utils.training import models, objectives
from utils.training.batches import Batches, step_generator
from utils.training.device import autocast, memory_format, resolve_precision, use_precision
from utils.training.distributed import SingleProcess
from utils.training.linear import linear_for
from utils.training.resident import ResidentImages
from utils.training.schedule import learning_rate

VAE_BETAS, DISCRIMINATOR_BETAS = (0.9, 0.999), (0.5, 0.9)


class Trainer:
    """Networks, optimisers and batches of one run; `update()` makes one step of each.

    config   utils.config.Config
    images   uint8 (n, 64, 64, channels); no factor is ever seen
    device   torch.device
    group    the processes that share the run (utils.training.distributed); each learns from its part of a batch
    """

    def __init__(self, config, images, device, dtype=torch.float32, group=None):
        self.config, self.images, self.device = config, images, device
        self.attempt = 0  # how often the run went back after a number that was not finite: changes batches and noise
        self.group = group or SingleProcess()
        self.channels = images.shape[-1]
        self.objective = objectives.OBJECTIVES[config.objective]
        self.adversarial = self.objective.needs_discriminator
        self.step, self.batches, self.resident = 0, None, None
        self.precision = resolve_precision(config.precision, device)
        self.cast = autocast(device, self.precision)
        use_precision(self.precision, device)
        self._build(dtype)

    def _build(self, dtype):
        config, generator = self.config, torch.Generator().manual_seed(self.config.seed)
        size = (self.channels, config.latent_dim, config.width, config.depth)
        networks = {"encoder": models.Encoder(*size), "decoder": models.Decoder(*size)}
        if self.adversarial:
            linear = linear_for(self.device, dtype, self.precision)
            networks["discriminator"] = models.Discriminator(config.latent_dim, linear=linear)
        for name, network in networks.items():
            models.initialise(network, generator, "glorot" if name == "discriminator" else config.initialization)
        self.networks = {name: self._place(network, dtype) for name, network in networks.items()}
        vae = [*networks["encoder"].parameters(), *networks["decoder"].parameters()]
        self.optimizers = {"vae": adam(vae, config.learning_rate, VAE_BETAS, self.device)}
        if self.adversarial:
            critic = list(networks["discriminator"].parameters())
            rate = config.discriminator_learning_rate
            self.optimizers["discriminator"] = adam(critic, rate, DISCRIMINATOR_BETAS, self.device)

    def _place(self, network, dtype):
        return network.to(device=self.device, dtype=dtype, memory_format=memory_format(self.device))

    def update(self, spent=0.0):
        """One step, at which the share `spent` of the run's time is gone.

        Returns its numbers as tensors that are not yet synchronised: {name: scalar, "kl_per_latent": (latents,)}.
        """
        self.optimizers["vae"].param_groups[0]["lr"] = learning_rate(self.config, self.step, spent)
        numbers = self.learn(self._next_images(), self._noise_generator())
        self.step += 1
        self.resident.start_if_it_fits()
        return numbers

    def _next_images(self):
        """float32 (batch_size / processes, channels, 64, 64) of this step, twice as many for a discriminator."""
        if self.batches is None:
            halves = 2 if self.adversarial else 1
            key, part = (self.config.seed, self.attempt), self.group.part(self.config.batch_size, halves)
            size = self.config.batch_size * halves
            if self.resident is None:
                self.resident = ResidentImages(self.images, self.device, self._say)
            held_out = self.config.held_out
            self.batches = Batches(self.images, size, key, self.step, self.device, part, self.resident, held_out)
        return self.batches.next()

    def _say(self, text):
        if self.group.is_main:
            print(text, flush=True)

    def learn(self, images, generator):
        """One update of every network: Kim & Mnih 2018, algorithm 2. The other objectives have its first half alone.

        images     (2 m, channels, 64, 64) in [0, 1], m = batch_size / processes; without a discriminator (m, ...)
        generator  of the noise; in the same state in every process

        Both losses are taken at the weights before the step, as in disentanglement_lib. Each gradient is asked for by
        its own parameters, so neither loss reaches the other's networks. Of several processes each computes the loss
        of the whole batch, with a gradient through its own m images; the sum of these gradients is the batch's.
        """
        config, group, networks = self.config, self.group, self.networks
        m = config.batch_size // group.size
        first, second = images[:m], images[m:]
        own = self._posterior(first, generator)  # z ~ q(z|x): mean, logvar and sample, (m, latents) each
        pixels = networks["decoder"](own.sample, self.cast)  # logits (m, channels, 64, 64)
        reconstruction = objectives.reconstruction_loss(pixels, first) / group.size
        posterior = objectives.Posterior(*group.all_gather(*own))  # (batch_size, latents) each
        logits = permuted_logits = None
        if self.adversarial:
            with torch.no_grad():
                (codes,) = group.all_gather(self._posterior(second, generator).sample)  # z' (batch_size, latents)
                permuted = group.rows(objectives.permute_dims(codes, generator))  # (m, latents)
            both = networks["discriminator"](torch.cat([own.sample, permuted]), self.cast)  # (2 m, 2)
            logits, permuted_logits = group.all_gather(*both.split(m))  # (batch_size, 2) each

        terms = self.objective.function(posterior, self.step, config, logits)
        loss = reconstruction + sum(terms.values())
        gradients = [*torch.autograd.grad(loss, self._parameters("vae"), retain_graph=self.adversarial)]
        if self.adversarial:
            discriminator_loss = objectives.discriminator_loss(logits, permuted_logits)
            gradients += torch.autograd.grad(discriminator_loss, self._parameters("discriminator"))
        *gradients, reconstruction = group.all_reduce_sum([*gradients, reconstruction.detach()])
        self._move(gradients)

        numbers = {"reconstruction": reconstruction, **terms}
        if self.adversarial:
            numbers["discriminator_loss"] = discriminator_loss
            numbers["discriminator_accuracy"] = objectives.discriminator_accuracy(logits, permuted_logits)
        numbers["kl_per_latent"] = objectives.kl_per_latent(posterior.mean, posterior.logvar)
        return {name: value.detach() for name, value in numbers.items()}

    def _posterior(self, images, generator):
        """q(z|x) of this process's images (m, channels, 64, 64); every process draws the noise of the whole batch."""
        mean, logvar = self.networks["encoder"](images, self.cast)
        shape = (self.config.batch_size, self.config.latent_dim)
        noise = torch.randn(shape, generator=generator, device=self.device, dtype=mean.dtype)
        return objectives.Posterior(mean, logvar, mean + (0.5 * logvar).exp() * self.group.rows(noise))

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
            "precision": self.precision,
            "device": self.device.type,
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }

    def load_state_dict(self, state):
        """Continue from `state`, bit for bit on the device that made it; InputError if its precision is another."""
        self._check_machine(state)
        self.close()
        self.step, self.attempt = state["step"], state["attempt"]
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
            match_layout(optimizer)

    def _check_machine(self, state):
        trained, now = state["precision"], f"{self.precision} on {self.device.type}"
        if trained != self.precision:
            raise InputError(
                f"precision={self.config.precision!r}: the run was trained in {trained} on {state['device']} and would "
                f"go on in {now}; continue it on such a device as before, or set it aside with --fresh"
            )
        if state["device"] != self.device.type:
            self._say(
                f"continuing on {self.device.type} a run of {state['device']}: weights, optimizers and batches are "
                "kept, the noise differs from here on"
            )

    def close(self):
        """End the threads; the next update starts them again where the run stands. A complete copy on a GPU stays."""
        if self.batches is not None:
            self.batches.close()
            self.batches = None
        if self.resident is not None and self.resident.tensor is None:
            self.resident.close()
            self.resident = None


def adam(parameters, learning_rate, betas, device):
    """Adam with the fewest launches that this PyTorch has for the device; on a CPU it asks no GPU.

    Each step of PyTorch 2.13's asks the current GPU whether a CUDA graph is being captured. That takes memory there,
    and fails where the GPU is busy or broken.
    """
    optimizer = _fewest_launches(parameters, learning_rate, betas, device)
    if device.type == "cpu":
        optimizer._accelerator_graph_capture_health_check = lambda: None
    return optimizer


def _fewest_launches(parameters, learning_rate, betas, device):
    """One launch for all parameters (fused), or on a GPU with a PyTorch before 2.0 one for each operation."""
    parameters = list(parameters)
    if "fused" in inspect.signature(torch.optim.Adam).parameters:
        with contextlib.suppress(RuntimeError):  # PyTorch 1.13 to 2.3 have it for GPUs alone
            return torch.optim.Adam(parameters, lr=learning_rate, betas=betas, fused=True)
    multi_tensor = getattr(torch.optim, "_multi_tensor", None) if device.type == "cuda" else None
    return (multi_tensor or torch.optim).Adam(parameters, lr=learning_rate, betas=betas)


def match_layout(optimizer):
    """Lay the optimizer's moments in memory as their parameters: fused Adam walks through both side by side."""
    for parameter, values in optimizer.state.items():
        for name in ("exp_avg", "exp_avg_sq"):
            if name in values:
                values[name] = torch.empty_like(parameter).copy_(values[name])
