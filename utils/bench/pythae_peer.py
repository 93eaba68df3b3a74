"""Pythae's FactorVAE with this kit's networks, to be timed beside the kit's own step; started by utils/bench/steps.py.

Needs pythae (0.1.2 was compared), which the kit does not require. Its loader, its trainer and its loss are used as
they come: `train_step` over an epoch of STEPS batches of twice `batch_size`, which it halves as FactorVAE does. It
has a process of its own, so that nothing which the kit sets for itself helps or hinders it:

    python -m utils.bench.pythae_peer DEVICE DATASET key=value ...    # a number of seconds a line on stdin
"""

import sys
import tempfile
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import FactorVAE, FactorVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig

from utils.bench.steps import find_images
from utils.config import read_config
from utils.training import models

STEPS = 8


class _Encoder(BaseEncoder):
    def __init__(self, network):
        BaseEncoder.__init__(self)
        self.network = network

    def forward(self, images):
        mean, logvar = self.network(images)
        return ModelOutput(embedding=mean, log_covariance=logvar)


class _Decoder(BaseDecoder):
    def __init__(self, network):
        BaseDecoder.__init__(self)
        self.network = network

    def forward(self, codes):
        return ModelOutput(reconstruction=torch.sigmoid(self.network(codes)))


class _Discriminator(BaseDiscriminator):
    def __init__(self, network):
        BaseDiscriminator.__init__(self)
        self.network = network

    def forward(self, codes):
        return self.network(codes)


def main(arguments):
    """Answer each line of stdin, a number of seconds, with the seconds that a step took meanwhile."""
    device, dataset, *settings = arguments
    with tempfile.TemporaryDirectory() as folder:
        trainer = _trainer(read_config(None, settings), find_images(dataset), torch.device(device), folder)
        for line in sys.stdin:
            print("a step takes", seconds_a_step(trainer, float(line)), flush=True)


def seconds_a_step(trainer, seconds):
    """Seconds of one step, the mean of the fastest epoch in about `seconds`."""
    times, began = [], time.monotonic()
    while len(times) < 2 or time.monotonic() - began < seconds:
        start = time.perf_counter()
        trainer.train_step(1)
        times.append((time.perf_counter() - start) / STEPS)
    return min(times)


def _trainer(config, images, device, folder):
    size = (images.shape[-1], config.latent_dim, config.width, config.depth)
    shape = (images.shape[-1], 64, 64)
    settings = FactorVAEConfig(
        input_dim=shape, latent_dim=config.latent_dim, gamma=config.gamma, reconstruction_loss="bce"
    )
    model = FactorVAE(settings, _Encoder(models.Encoder(*size)), _Decoder(models.Decoder(*size)))
    model.set_discriminator(_Discriminator(models.Discriminator(config.latent_dim)))
    batch = 2 * config.batch_size
    pixels = torch.from_numpy(np.array(images[: STEPS * batch])).permute(0, 3, 1, 2).float() / 255
    training = AdversarialTrainerConfig(
        output_dir=folder,
        num_epochs=1,
        per_device_train_batch_size=batch,
        autoencoder_learning_rate=config.learning_rate,
        discriminator_learning_rate=config.discriminator_learning_rate,
        no_cuda=device.type == "cpu",
    )
    trainer = AdversarialTrainer(model, BaseDataset(pixels, torch.zeros(len(pixels))), training_config=training)
    trainer.prepare_training()
    return trainer


if __name__ == "__main__":
    main(sys.argv[1:])
