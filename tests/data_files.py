"""Small files of the data sets' true formats, with contents that any Python makes alike."""

import struct
import zlib

import numpy as np
import pytest

from utils.data import load
from utils.errors import InputError

SPRITE_SIZES = (1, 3, 2, 4, 3, 3)
SHAPES_SIZES = (2, 3, 2, 2, 2, 3)
NORB_SIZES = (2, 4, 2, 3, 2)
CARS = 2


def noise(seed, *shape):
    """uint8 noise of a given seed."""
    return np.random.RandomState(seed).randint(0, 256, size=shape).astype(np.uint8)


def sprites(sizes=SPRITE_SIZES):
    """Bright rectangles, each another one: uint8 (n, 64, 64) of 0 and 1."""
    images = np.zeros((int(np.prod(sizes)), 64, 64), np.uint8)
    for number, image in enumerate(images):
        image[number % 40 : number % 40 + 9, number // 40 : number // 40 + 17] = 1
    return images


def write_pictures(folder, images):
    """A new folder with `images` as 0.png, 1.png, ...; the folder."""
    from PIL import Image

    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(str(folder / f"{number}.png"))
    return folder


def write_dsprites(root, sizes=SPRITE_SIZES):
    """The file as published: compressed, a pickled dictionary beside the images."""
    (root / "dsprites").mkdir(parents=True, exist_ok=True)
    metadata = np.array({"latents_sizes": np.array(sizes)}, dtype=object)
    path = root / "dsprites" / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    np.savez_compressed(str(path), imgs=sprites(sizes), metadata=metadata)
    return path


def write_scream(root):
    """A stand-in for the painting; lossless, as decoders of JPEG differ in the last bit."""
    from PIL import Image

    (root / "scream").mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[0:1000, 0:800]
    picture = np.stack([rows // 4, columns // 4, (rows + columns) // 8], axis=-1) % 256
    Image.fromarray(picture.astype(np.uint8)).save(str(root / "scream" / "scream.jpg"), "PNG")


def write_cars(root, cars=CARS):
    """One MATLAB file a car: `im`, uint8 (128, 128, 3, 24 azimuths, 4 elevations)."""
    from scipy.io import savemat

    (root / "cars").mkdir(parents=True, exist_ok=True)
    for car in range(cars):
        views = noise(car, 16, 16, 3, 24, 4).repeat(8, axis=0).repeat(8, axis=1)
        savemat(str(root / "cars" / "car_{:03d}_mesh.mat".format(car)), {"im": views}, do_compression=True)  # noqa: UP032


def write_norb(root, sizes=NORB_SIZES):
    """The eight files: half of the instances in the training set, half in the test set, in a shuffled order."""
    folder = root / "small_norb"
    folder.mkdir(parents=True, exist_ok=True)
    points = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    points = points[np.random.RandomState(5).permutation(len(points))]
    for part, chunk in enumerate(("5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing")):
        chosen = points[points[:, 1] % 2 == part].astype(np.int32)
        pictures = np.stack([noise(int(np.dot(point, (1, 7, 50, 400, 3000))), 2, 12, 12) for point in chosen])
        info = chosen[:, 1:] * np.array([1, 1, 2, 1], np.int32)
        name = str(folder / ("smallnorb-" + chunk))
        _write_matrix(name + "-dat.mat", pictures.repeat(8, axis=2).repeat(8, axis=3), 0x1E3D4C55)
        _write_matrix(name + "-cat.mat", chosen[:, 0], 0x1E3D4C54)
        _write_matrix(name + "-info.mat", info, 0x1E3D4C54)


def _write_matrix(path, array, magic):
    sizes = list(array.shape) + [1] * (3 - array.ndim)
    with open(path, "wb") as file:
        file.write(struct.pack("<%di" % (2 + len(sizes)), magic, array.ndim, *sizes))  # noqa: UP031
        file.write(np.ascontiguousarray(array).tobytes())


def shapes3d(sizes=SHAPES_SIZES):
    """uint8 (*sizes, 64, 64, 3)."""
    return noise(3, *sizes, 8, 8, 3).repeat(8, axis=6).repeat(8, axis=7)


def write_shapes3d_npz(root, sizes=SHAPES_SIZES):
    """The library's own form: the factors' axes apart, uncompressed."""
    (root / "3dshapes").mkdir(parents=True, exist_ok=True)
    name = "look-at-object-room_floor-hueXwall-hueXobj-hueXobj-sizeXobj-shapeXview-azi.npz"
    np.savez(str(root / "3dshapes" / name), images=shapes3d(sizes), labels=np.zeros(tuple(sizes) + (6,)))  # noqa: RUF005


def write_png(path, array, depth, color_type, *chunks):
    """A PNG file as given: Pillow does not write every kind. `array`: big-endian rows."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + np.ascontiguousarray(row).tobytes() for row in array)
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], depth, color_type, 0, 0, 0)
    parts = [
        chunk(b"IHDR", head),
        *(chunk(*c) for c in chunks),
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def refused(folder, match):
    """Loading the images at `folder` is bad input, for which the message is `match`."""
    with pytest.raises(InputError, match=match):
        load(folder, "/nowhere")


def table(folder, *columns, names="file,shape", mark=","):
    """Write labels.csv for 0.png, 1.png, ...: line by line the picture's name and a value of each column."""
    lines = [mark.join([f"{number}.png", *map(str, values)]) for number, values in enumerate(zip(*columns))]
    (folder / "labels.csv").write_text("\n".join([names.replace(",", mark), *lines]) + "\n", encoding="utf-8")


def labels(folder):
    """Of each factor of the images at `folder` the numbers of its values."""
    return load(folder, "/nowhere").labels.T.tolist()
