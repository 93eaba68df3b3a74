"""Small trainers for tests of a step and of the machine it runs on."""

import dataclasses

import torch

from utils.config import Config
from utils.training.trainer import Trainer

CPU = torch.device("cpu")
SMALL = Config(latent_dim=3, batch_size=4, learning_rate=1e-3)


def trainer(images, dtype=torch.float32, **settings):
    return Trainer(dataclasses.replace(SMALL, **settings), images, CPU, dtype=dtype)


def weights(trained, name):
    return [parameter.detach().clone() for parameter in trained.networks[name].parameters()]


def after_an_update(images):
    trained = trainer(images)
    trained.update()
    trained.close()
    return trained
