"""What can be said about runs without labels: UDR, reconstruction and ELBO, and how far each agrees with the scores."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

from utils.data import load
from utils.errors import InputError
from utils.run.folder import read_networks
from utils.study.udr import udr
from utils.training.batches import step_generator, to_model_input
from utils.training.objectives import kl_per_latent, reconstruction_loss

IMAGES = 1000  # on which runs are compared


class Measured(NamedTuple):
    """A run on IMAGES images that the data set's size alone decides. Training has drawn from them too."""

    codes: np.ndarray  # (IMAGES, latents), means
    kl: np.ndarray  # (latents,) in nats
    reconstruction: float  # log-likelihood in nats an image, of one code drawn for each


def measure(run, data_root):
    """The Measured of `run`; InputError for a run whose checkpoint is missing or not its own."""
    try:
        networks = read_networks(run.folder, run.config)
    except (RuntimeError, KeyError, StopIteration):
        raise InputError(f"{run.folder}: its checkpoint is not of the networks in its config.json") from None
    if networks is None:
        raise InputError(f"{run.folder}: has no sound checkpoint, which UDR needs")
    images = load(run.config.dataset, data_root).images
    chosen = np.sort(step_generator(0, 3).integers(len(images), size=IMAGES))
    parts = [to_model_input(np.asarray(images[some]), "cpu") for some in np.array_split(chosen, 8)]
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
    """{name: values (runs,)} of each criterion for a list of Measured, at least two; higher is better."""
    reconstruction = np.array([one.reconstruction for one in measured])
    return {
        "UDR": udr([one.codes for one in measured], [one.kl for one in measured]),
        "reconstruction": reconstruction,
        "ELBO": reconstruction - np.array([one.kl.sum() for one in measured]),
    }


def agreement(one, other):
    """Spearman's correlation of two arrays (runs,) in words."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return "undefined (all equal)"
    if np.isnan(other).any():
        return "undefined (a score is not a number)"
    return f"{spearmanr(one, other)[0]:+.2f}"
