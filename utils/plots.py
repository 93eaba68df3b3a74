"""Pictures of what a run has learned: reconstructions and latent traversals, as PNG files."""

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils.batches import step_generator, to_model_input
from utils.files import atomic_path
from utils.objectives import kl_per_latent

SHOWN = 10  # images, and latents, in a picture
STEPS = 11  # values of a latent in its traversal
RANGE = 2.0  # its traversal goes from -RANGE to +RANGE, in units of the prior's standard deviation
SAMPLE = 256  # images from which a latent's KL is estimated


def draw_pictures(trainer, folder):
    """Write reconstructions.png and traversals.png into `folder`, atomically."""
    chosen = step_generator(trainer.config.seed, 2).integers(len(trainer.images), size=SAMPLE)
    images = to_model_input(trainer.images[np.sort(chosen)], trainer.device)
    encoder, decoder = trainer.networks["encoder"], trainer.networks["decoder"]
    with torch.no_grad():
        mean, logvar = encoder(images)
        order = kl_per_latent(mean, logvar).argsort(descending=True)[:SHOWN]
        pairs = torch.stack([images[:SHOWN], torch.sigmoid(decoder(mean[:SHOWN]))])
        moved = traverse(decoder, mean[0], order)
    kl = kl_per_latent(mean, logvar)[order].tolist()
    labels = [f"latent {latent}\n{value:.1f} nats" for latent, value in zip(order.tolist(), kl)]
    _draw(folder / "reconstructions.png", pairs, ["image", "reconstruction"])
    _draw(
        folder / "traversals.png",
        moved,
        labels,
        [f"{value:+.1f}" for value in np.linspace(-RANGE, RANGE, STEPS)],
    )


def traverse(decoder, code, latents):
    """Images (len(latents), STEPS, channels, 64, 64) of `code` (latents,) with one latent moved at a time."""
    codes = code.repeat(len(latents), STEPS, 1)
    for row, latent in enumerate(latents):
        codes[row, :, latent] = torch.linspace(-RANGE, RANGE, STEPS, device=code.device)
    pixels = torch.sigmoid(decoder(codes.flatten(0, 1)))
    return pixels.view(len(latents), STEPS, *pixels.shape[1:])


def _draw(path, tiles, row_labels, column_labels=()):
    """Save `tiles` (rows, columns, channels, 64, 64) as one picture with its rows and columns named."""
    rows, columns, channels, height, width = tiles.shape
    sheet = tiles.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels).float().cpu().numpy()
    figure = Figure(figsize=(1.2 + columns * 0.8, 0.3 + rows * 0.8), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
        [
            1.1 / figure.get_figwidth(),
            0,
            columns * 0.8 / figure.get_figwidth(),
            rows * 0.8 / figure.get_figheight(),
        ]
    )
    axes.imshow(sheet if channels == 3 else sheet[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks([height * (row + 0.5) for row in range(rows)], row_labels, fontsize=7)
    axes.set_xticks([width * (column + 0.5) for column in range(len(column_labels))], column_labels, fontsize=7)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    with atomic_path(path) as temporary:
        figure.savefig(str(temporary), format="png")
