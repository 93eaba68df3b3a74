"""Five updates of every objective in float64, as one of torchrun's processes: python tests/processes.py OUT.pt

The main process writes the weights that it ends with, {objective: {network: state}}, and the last numbers. Called
without torchrun it is the one process, with the whole of each batch.
"""

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from conftest import make_tiny_images

from train import end_process
from utils.config import OBJECTIVE_NAMES, Config
from utils.training.distributed import join
from utils.training.trainer import Trainer

CONFIG = Config(latent_dim=3, batch_size=8, learning_rate=1e-3)


def trained(objective, group):
    config = dataclasses.replace(CONFIG, objective=objective)
    trainer = Trainer(config, make_tiny_images(), torch.device("cpu"), dtype=torch.float64, group=group)
    learn = trainer.learn
    trainer.learn = lambda images, generator: learn(images.double(), generator)
    for _ in range(5):
        numbers = trainer.update()
    trainer.close()
    return {"numbers": numbers, **{name: network.state_dict() for name, network in trainer.networks.items()}}


if __name__ == "__main__":
    torch.set_num_threads(1)
    processes = join()
    left = {objective: trained(objective, processes) for objective in OBJECTIVE_NAMES}
    if processes.is_main:
        torch.save(left, sys.argv[1])
    end_process(0)  # an orderly end may abort: the threads of several processes
