"""Pythae's FactorVAE with this kit's networks, to be timed beside the kit's own step; for utils/bench.py alone.

Needs pythae (0.1.2 was compared), which the kit does not require. Its loader, its trainer and its loss are used as
they come: `train_step` over an epoch of STEPS batches of twice `batch_size`, which it halves as FactorVAE does.
"""

import tempfile
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import FactorVAE, FactorVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig

from utils import models

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


def seconds_a_step(config, images, device, seconds):
    """Seconds of one step of Pythae's trainer, the mean of the fastest epoch in about `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = _trainer(config, images, device, folder)
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
    pixels = torch.from_numpy(np.asarray(images[: STEPS * batch])).permute(0, 3, 1, 2).float() / 255
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
