"""What can be said about runs without labels: UDR, reconstruction and ELBO."""

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import torch

from utils.errors import InputError
from utils.run.folder import read_networks
from utils.run.trained_images import load_run_data
from utils.study.udr import agreements, udr
from utils.training.batches import held_out_positions, to_model_input
from utils.training.objectives import kl_per_latent, reconstruction_loss

IMAGES = 1000  # on which runs are compared that held none out; training has drawn from them too


class Measured(NamedTuple):
    """A run on n images that the data set's size and `held_out` alone decide: those held out, if any were."""

    codes: np.ndarray  # (n, latents), means
    kl: np.ndarray  # (latents,) in nats
    reconstruction: float  # log-likelihood in nats an image, of one code drawn for each

    @property
    def elbo(self):
        """The evidence lower bound in nats an image: reconstruction less KL."""
        return self.reconstruction - float(self.kl.sum())


class Criterion(NamedTuple):
    """A measure of runs without labels; higher is better."""

    values: np.ndarray  # (runs,)
    within: Callable  # (sets, candidates) positions -> values of these runs, each set by itself
    fewest: int = 2  # runs among which it can rank: UDR of two is equal for both


def measure(folder, config, data_root):
    """The Measured of the run in `folder`; InputError for a checkpoint that is missing or not its own, or other images.

    config: utils.config.Config of the run
    """
    try:
        networks = read_networks(Path(folder), config)
    except (RuntimeError, KeyError, StopIteration):
        raise InputError(f"{folder}: its checkpoint is not of the networks in its config.json") from None
    if networks is None:
        raise InputError(f"{folder}: has no undamaged checkpoint, which UDR and reconstruction need")
    images = load_run_data(folder, config, data_root).images
    chosen = held_out_positions(len(images), config.held_out or min(IMAGES, len(images)))
    parts = [to_model_input(np.asarray(images[some]), "cpu") for some in np.array_split(chosen, -(-len(chosen) // 128))]
    return _measure(*networks, parts)


def _measure(encoder, decoder, parts):
    """Of `parts`, batches of images as the encoder takes them; the same noise for every run."""
    noise, codes, logvars, loss = torch.Generator().manual_seed(0), [], [], 0.0
    with torch.no_grad():
        for images in parts:
            mean, logvar = encoder(images)
            sample = mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=noise)
            loss += float(reconstruction_loss(decoder(sample), images)) * len(images)
            codes.append(mean)
            logvars.append(logvar)
        mean, logvar = torch.cat(codes), torch.cat(logvars)
        return Measured(mean.numpy(), kl_per_latent(mean, logvar).numpy(), -loss / len(mean))


def criteria(measured):
    """{name: Criterion} for a list of Measured, at least two."""
    pairs = agreements([one.codes for one in measured], [one.kl for one in measured])
    reconstruction = np.array([one.reconstruction for one in measured])
    elbo = np.array([one.elbo for one in measured])

    def udr_within(sets):
        return udr(pairs[sets[:, :, None], sets[:, None, :]])

    return {
        "UDR": Criterion(udr(pairs), udr_within, fewest=3),
        "reconstruction": Criterion(reconstruction, reconstruction.__getitem__),
        "ELBO": Criterion(elbo, elbo.__getitem__),
    }
