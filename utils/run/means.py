"""Means of a step's numbers, over the steps between two rows of the log."""

import torch

from utils.training.objectives import ACTIVE_KL


class Means:
    """Running means of a step's numbers, kept on the device: nothing is synchronised until `take`."""

    def __init__(self):
        self.count, self.sum, self.sizes = 0, None, {}

    def add(self, numbers):
        """Add {name: tensor}; as one vector, which costs a GPU two launches however many numbers there are."""
        vector = torch.cat([value.reshape(-1) for value in numbers.values()])
        self.sum = vector if self.sum is None else self.sum + vector
        self.sizes = {name: value.numel() for name, value in numbers.items()}
        self.count += 1

    def take(self):
        """{name: float} since the last call, with kl_per_latent made into the number of active latents."""
        parts = (self.sum / self.count).cpu().split(list(self.sizes.values()))
        means = dict(zip(self.sizes, parts))
        self.count, self.sum = 0, None
        per_latent = means.pop("kl_per_latent")
        taken = {name: float(value) for name, value in means.items()}
        taken["active_latents"] = (
            int((per_latent > ACTIVE_KL).sum()) if torch.isfinite(per_latent).all() else float("nan")
        )
        return taken
