"""Pictures of what a run has learned: reconstructions and latent traversals, as PNG files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from utils.drawing import font_file
from utils.files import atomic_path
from utils.training.batches import step_generator, to_model_input
from utils.training.objectives import ACTIVE_KL, kl_per_latent

SHOWN = 10  # images in a view, and latents in a PNG file
MOST_LATENTS = 24  # in a view: 512 would make the page large
AT_LEAST = 3  # latents in a view, even if none is active
STEPS = 11  # values of a latent in its traversal
RANGE = 2.0  # its traversal goes from -RANGE to +RANGE, in units of the prior's standard deviation
SAMPLE = 256  # images from which a latent's KL is estimated
SCALE, GAP, MARGIN = 2, 4, 16  # a pixel of an image becomes SCALE x SCALE; between tiles; around the sheet
FONT_SIZE, LABEL_WIDTH, HEADER = 26, 180, 44
INK, GREY, PAPER = (20, 20, 20), (110, 110, 110), (255, 255, 255)


class View(NamedTuple):
    """What an encoder and its decoder make of some images; pixels are uint8 (..., height, width, channels)."""

    kl: np.ndarray  # (latents,) nats, averaged over the images
    latents: np.ndarray  # those that are shown: the active ones by falling KL
    images: np.ndarray  # (shown, ...) some images
    reconstructions: np.ndarray  # (shown, ...) and their reconstructions
    traversals: np.ndarray  # (len(latents), steps, ...) a typical image's reconstruction with one latent moved


def view_of_trainer(trainer):
    """The View of what `trainer` (utils.training.trainer.Trainer) has learned so far."""
    images = sample_images(trainer.images, trainer.config.seed, trainer.device)
    return make_view(trainer.networks["encoder"], trainer.networks["decoder"], images)


def draw_pictures(view, folder):
    """Write reconstructions.png and traversals.png of the View `view` into `folder`, atomically."""
    pairs = np.stack([view.images, view.reconstructions])
    save_png(sheet(pairs, ["image", "reconstruction"]), Path(folder) / "reconstructions.png")
    names = [f"latent {latent}\n{view.kl[latent]:.2f} nats" for latent in view.latents[:SHOWN]]
    save_png(sheet(view.traversals[:SHOWN], names, step_labels()), Path(folder) / "traversals.png")


def sample_images(images, seed, device):
    """SAMPLE of `images` (uint8 NHWC) that the seed chooses, as the networks take them."""
    chosen = step_generator(seed, 2).integers(len(images), size=SAMPLE)
    return to_model_input(np.asarray(images[np.sort(chosen)]), device)


def make_view(encoder, decoder, images):
    """The View of `images` (float32 NCHW in [0, 1])."""
    with torch.no_grad():
        mean, logvar = encoder(images)
        kl = kl_per_latent(mean, logvar)
        latents = kl.argsort(descending=True)[:MOST_LATENTS]
        latents = latents[: max(AT_LEAST, int((kl[latents] > ACTIVE_KL).sum()))]
        base = typical(mean[:, latents])
        some = torch.linspace(0, len(images) - 1, min(SHOWN, len(images))).long()
        decoded = torch.sigmoid(decoder(mean[some]))
        moved = traverse(decoder, mean[base], latents)
    pixels = [_pixels(part) for part in (images[some], decoded, moved)]
    return View(kl.float().cpu().numpy(), latents.cpu().numpy(), *pixels)


def typical(codes):
    """Index of the image whose `codes` (N, latents) lie as far from the prior's mean as those of half the images.

    Nearer to the mean, codes are those of images that the encoder hardly separates, and whose decoding is blurred;
    farther out a traversal leaves what the decoder was trained on.
    """
    return int(codes.square().sum(1).argsort()[len(codes) // 2])


def traverse(decoder, code, latents):
    """Images (len(latents), STEPS, channels, 64, 64) of `code` (latents,) with one latent moved at a time."""
    codes = code.repeat(len(latents), STEPS, 1)
    for row, latent in enumerate(latents):
        codes[row, :, latent] = torch.linspace(-RANGE, RANGE, STEPS, device=code.device)
    rows = [torch.sigmoid(decoder(row)) for row in codes]  # row by row: wide networks and many latents need memory
    return torch.stack(rows)


def step_labels():
    """The values that a traversal gives its latent, as texts: '−2.0' ... '0' ... '+2.0'."""
    values = np.linspace(-RANGE, RANGE, STEPS)
    return ["0" if abs(value) < 1e-9 else f"{value:+.1f}".replace("-", "−") for value in values]


def sheet(tiles, row_labels, column_labels=()):
    """One picture of `tiles` (rows, columns, height, width, channels), its rows and columns named; text may be ''."""
    rows, columns, height, width = tiles.shape[:4]
    height, width = height * SCALE + GAP, width * SCALE + GAP
    top = MARGIN + (HEADER if column_labels else 0)
    size = (LABEL_WIDTH + columns * width - GAP + 2 * MARGIN, top + rows * height - GAP + MARGIN)
    picture = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(picture), label_font()
    for column, text in enumerate(column_labels):
        place = (MARGIN + LABEL_WIDTH + column * width + width // 2, top - HEADER // 2)
        draw.text(place, text, font=font, fill=GREY, anchor="mm")
    for row in range(rows):
        _draw_label(draw, row_labels[row], (MARGIN, top + row * height + height // 2), font)
        for column in range(columns):
            place = (MARGIN + LABEL_WIDTH + column * width, top + row * height)
            picture.paste(enlarged(tiles[row, column]), place)
    return picture


def enlarged(pixels, scale=SCALE):
    """uint8 (height, width, channels) as an RGB picture; one channel is grey, of more than three the first three."""
    pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, axis=-1)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture.resize((picture.width * scale, picture.height * scale), Image.NEAREST)


def label_font():
    """A typeface that every installation of matplotlib brings."""
    return ImageFont.truetype(str(font_file()), FONT_SIZE)


def save_png(picture, path):
    """Write `picture` (of PIL) to `path`, atomically."""
    with atomic_path(path) as temporary:
        picture.save(str(temporary), format="PNG")


def _draw_label(draw, text, place, font):
    """The first line of `text` in black above the middle `place`, the second in grey below it."""
    lines = text.split("\n")
    step = FONT_SIZE * 5 // 4
    for number, (line, colour) in enumerate(zip(lines, (INK, GREY))):
        offset = round((number - (len(lines) - 1) / 2) * step)
        draw.text((place[0], place[1] + offset), line, font=font, fill=colour, anchor="lm")


def _pixels(images):
    channels_last = images.float().clamp(0, 1).mul(255).round().byte().movedim(-3, -1)
    return channels_last.cpu().numpy()
