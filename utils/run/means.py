"""Means of a step's numbers, over the steps between two rows of the log."""

import torch

from utils.training.objectives import ACTIVE_KL


class Means:
    """Running means of a step's numbers, kept on the device: nothing is synchronised until `take`."""

    def __init__(self):
        self.count, self.sums = 0, {}

    def add(self, numbers):
        for name, value in numbers.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value.clone()
        self.count += 1

    def take(self):
        """{name: float} since the last call, with kl_per_latent made into the number of active latents."""
        means = {name: value / self.count for name, value in self.sums.items()}
        self.count, self.sums = 0, {}
        per_latent = means.pop("kl_per_latent")
        taken = {name: float(value) for name, value in means.items()}
        taken["active_latents"] = (
            int((per_latent > ACTIVE_KL).sum()) if torch.isfinite(per_latent).all() else float("nan")
        )
        return taken
