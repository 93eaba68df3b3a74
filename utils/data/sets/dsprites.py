"""The dSprites family (Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset), from its one file.

The coloured, noisy and Scream sets (Locatello et al. 2019, https://arxiv.org/abs/1811.12359) draw a colour, noise or
a background for each picture; `observe` draws them from the random state as disentanglement_lib 1.2 does. Its
numbers in [0, 1] are rounded to the nearest of 256 steps here.
"""

from __future__ import annotations

import numpy as np

from utils.data.dataset import DataSet
from utils.data.storage import npz
from utils.data.storage.convert import converted
from utils.data.storage.fingerprint import digest_of, images_digest
from utils.data.storage.mapped import batched
from utils.data.storage.places import find, unreadable_as
from utils.errors import InputError

FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
SIZES = (1, 3, 6, 40, 32, 32)
NAMES = ("color", "shape", "scale", "orientation", "position_x", "position_y")
READER = 1  # to be raised with any change of what `_sprites` makes of a file


def load(name, root, sizes=SIZES):
    """dsprites_full, dsprites_noshape, color_dsprites, noisy_dsprites or scream_dsprites: a DataSet.

    The sprites are white (255) on black, one channel; the drawn sets have three. The file is unpacked once, to a
    .npy file beside it (3 GB). `sizes`: those of a file cut down for tests. InputError: file missing or broken.
    """
    sprites = _sprites(find(name, root / "dsprites" / FILE), sizes)
    if name == "color_dsprites":
        return DrawnSprites(name, sprites, sizes, _color)
    if name == "noisy_dsprites":
        return DrawnSprites(name, sprites, sizes, _noise)
    if name == "scream_dsprites":
        return DrawnSprites(name, sprites, sizes, _Scream(find(name, root / "scream" / "scream.jpg")))
    return DataSet(name, sprites, sizes, NAMES, hidden=(0, 1) if name == "dsprites_noshape" else (0,))


class DrawnSprites(DataSet):
    """Sprites in a surrounding that is drawn for each picture.

    draw(sprites, random_state): float (n, 64, 64, 3) in [0, 1] from float (n, 64, 64, 1), drawing picture by picture
    """

    images_are_stored = False

    def __init__(self, name, sprites, sizes, draw):
        super().__init__(name, DrawnImages(batched(sprites), draw), sizes, NAMES, hidden=(0,))

    @property
    def images_are_drawn(self):
        return True

    def observe(self, factors, random_state=None):
        if random_state is None:
            raise InputError(f"data set {self.name}: its pictures are drawn, which needs a random state")
        return self.images.draw(self.index(factors, random_state), random_state)


class DrawnImages:
    """Pictures by position, for training: each drawn from a random state of its own, so always the same.

    Reads like an array, uint8 (n, 64, 64, 3), without holding one.
    """

    def __init__(self, sprites, draw):
        self._sprites, self._draw = sprites, draw
        self.dtype, self.shape, self.ndim = np.dtype(np.uint8), (*sprites.shape[:3], 3), 4
        self.nbytes = int(np.prod(self.shape, dtype=object))

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        chosen = np.arange(len(self))[index]
        drawn = [self.draw([position], np.random.RandomState(position))[0] for position in chosen.ravel()]
        return np.array(drawn, np.uint8).reshape(*chosen.shape, *self.shape[1:])

    def __array__(self, dtype=None, copy=None):
        return self[:].astype(dtype or self.dtype, copy=False)

    def digest(self):
        """A digest of the sprites and of what surrounds them."""
        kind = getattr(self._draw, "__name__", type(self._draw).__name__)
        return digest_of(images_digest(self._sprites), kind, getattr(self._draw, "picture", np.zeros(0)).tobytes())

    def draw(self, positions, random_state):
        """The pictures at `positions`, their surroundings drawn in this order: uint8 (n, 64, 64, 3)."""
        blocks = [positions[first : first + 64] for first in range(0, len(positions), 64)]
        drawn = [self._draw(self._sprites[block] / 255.0, random_state) for block in blocks]
        return np.concatenate([np.round(255 * block).astype(np.uint8) for block in drawn])


def _color(sprites, random_state):
    return sprites * random_state.uniform(0.5, 1, size=(len(sprites), 1, 1, 3))


def _noise(sprites, random_state):
    return np.minimum(sprites + random_state.uniform(0, 1, size=(len(sprites), 64, 64, 3)), 1.0)


class _Scream:
    """Munch's painting around the sprites: a patch of it, tinted, and inverted where the sprite is."""

    def __init__(self, path):
        from PIL import Image

        with unreadable_as(path, "picture"), Image.open(str(path)) as picture:
            picture.thumbnail((350, 274))
            self.picture = np.array(picture.convert("RGB")) / 255.0
        if min(self.picture.shape[:2]) <= 64:
            raise InputError(f"{path}: {self.picture.shape} found, expected more than 64 x 64 pixels")

    def __call__(self, sprites, random_state):
        drawn = np.empty((len(sprites), 64, 64, 3))
        for sprite, picture in zip(sprites, drawn):
            row = random_state.randint(0, self.picture.shape[0] - 64)
            column = random_state.randint(0, self.picture.shape[1] - 64)
            patch = self.picture[row : row + 64, column : column + 64]
            background = (patch + random_state.uniform(0, 1, size=3)) / 2.0
            picture[:] = np.where(sprite == 1, 1 - background, background)
        return drawn


def check(path, sizes=SIZES):
    """What `npz.stream_array` gives of the file's images; InputError unless they have dSprites' shape and type."""
    shape, dtype, read_from = npz.stream_array(path, "imgs")
    expected = (int(np.prod(sizes)), 64, 64)
    if dtype != np.uint8 or shape != expected:
        raise InputError(f"{path}: 'imgs' is {dtype} {shape}, expected uint8 {expected}")
    return shape, dtype, read_from


def _sprites(path, sizes):
    """uint8 (n, 64, 64, 1), 0 and 255, from the file's compressed 0 and 1."""
    shape, _, read_from = check(path, sizes)

    def whitened(first):
        for block in read_from(first):
            yield (block[..., np.newaxis] != 0).astype(np.uint8) * np.uint8(255)

    return converted(path, [path], ("dsprites", READER), lambda: ((*shape, 1), whitened))
