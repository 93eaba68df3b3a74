"""What changes with the update: the autoencoder's learning rate.

It warms up, then it falls if `decay` says so. Warm-up (Goyal et al. 2017, section 2.2,
https://arxiv.org/abs/1706.02677): at the full rate from the first update on, KL can fall to nothing within hundreds of
updates, before the decoder uses any latent, and most latents stay at the prior.
"""

import math


def learning_rate(config, step, spent=0.0):
    """The rate of update `step` (0 is the first), at which the share `spent` of the run's time is gone."""
    return config.learning_rate * _warmed_up(config, step) * _left(config, step, spent)


def _warmed_up(config, step):
    """Rises linearly over the first `warmup_steps` updates, and is 1 from the last of them on."""
    return min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0


def _left(config, step, spent):
    """Falls from 1 to 0 as half a period of a cosine, over the run's steps or budget; 1 without decay."""
    if config.decay == "none":
        return 1.0
    share = step / config.steps
    if config.decay == "budget":
        share = min(1.0, max(share, spent))
    return 0.5 * (1 + math.cos(math.pi * share))
