"""Damaged files of every format give an error by name or images, never a traceback, a hang or a crash."""

import data_files
import numpy as np
import pytest
from PIL import Image

from utils.data import load
from utils.data.sets.dsprites import load as load_dsprites
from utils.data.sets.smallnorb import load as load_smallnorb
from utils.errors import InputError

VARIANTS, CARS = 500, 20  # damaged files of each form; a car is large
IMAGES = data_files.noise(0, 2, 64, 64, 1)


def npz(folder):
    np.savez(str(folder / "a.npz"), images=IMAGES)
    return folder / "a.npz", lambda: load("a.npz", folder)


def compressed_npz(folder):
    np.savez_compressed(str(folder / "a.npz"), images=IMAGES // 64)
    return folder / "a.npz", lambda: load("a.npz", folder)


def npy(folder):
    np.save(str(folder / "a.npy"), IMAGES)
    return folder / "a.npy", lambda: load("a.npy", folder)


def h5(folder):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(folder / "a.h5"), "w") as file:
        file["images"] = IMAGES
    return folder / "a.h5", lambda: load("a.h5", folder)


def chunked_h5(folder):
    h5py = pytest.importorskip("h5py")
    with h5py.File(str(folder / "a.h5"), "w") as file:
        file.create_dataset("images", data=IMAGES // 64, chunks=(1, 64, 64, 1), compression="gzip")
    return folder / "a.h5", lambda: load("a.h5", folder)


def pictures(folder):
    (folder / "a").mkdir()
    Image.fromarray(IMAGES[0, :, :, 0] // 64).save(str(folder / "a" / "0.png"))
    return folder / "a" / "0.png", lambda: load("a", folder)


def table(folder):
    (folder / "a").mkdir()
    for number in range(4):
        Image.fromarray(IMAGES[number % 2, :, :, 0]).save(str(folder / "a" / f"{number}.bmp"))
    (folder / "a" / "labels.csv").write_text("file,shape,x\n0.bmp,a,0.5\n1.bmp,b,1\n2.bmp,a,2.5\n3.bmp,b,3\n")
    (folder / "a" / "factors.yml").write_text("bins: {x: 2}\n")
    return folder / "a" / "labels.csv", lambda: load("a", folder)


def labelled_npz(folder):
    np.savez(str(folder / "a.npz"), images=IMAGES.repeat(2, axis=0), labels=np.array([["a", "x"], ["b", "x"]] * 2))
    (folder / "a.yml").write_text("labels: labels\n")
    return folder / "a.npz", lambda: load("a.npz", folder)


def notes(folder):
    np.savez(str(folder / "a.npz"), images=IMAGES)
    (folder / "a.yml").write_text("factors:\n  shape: 2\n  place: 1\nkey: images\n")
    return folder / "a.yml", lambda: load("a.npz", folder)


def sprites(folder):
    path = data_files.write_dsprites(folder, sizes=(1, 1, 1, 1, 2, 3))
    return path, lambda: load_dsprites("dsprites_full", folder, sizes=(1, 1, 1, 1, 2, 3))


def norb(folder):
    sizes = (1, 2, 1, 1, 1)
    data_files.write_norb(folder, sizes)
    path = folder / "small_norb" / "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat"
    return path, lambda: load_smallnorb("smallnorb", folder, sizes=sizes)


def norb_pictures(folder):
    sizes = (1, 2, 1, 1, 1)
    data_files.write_norb(folder, sizes)
    path = folder / "small_norb" / "smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat"
    return path, lambda: load_smallnorb("smallnorb", folder, sizes=sizes)


def damaged(content, random):
    """The bytes with some of them flipped, most at either end, where the headers are; one in four is cut as well."""
    content = bytearray(content)
    for _ in range(random.randint(1, 5)):
        if not content:
            break
        place = int(
            random.randint(len(content)) if random.rand() < 0.3 else min(len(content) - 1, random.geometric(0.01))
        )
        content[place if random.rand() < 0.5 else -1 - place] ^= 1 << random.randint(8)
    return content[: random.randint(len(content) + 1)] if random.rand() < 0.25 else content


@pytest.mark.parametrize(
    "form",
    [npz, compressed_npz, npy, h5, chunked_h5, pictures, table, labelled_npz, notes, sprites, norb, norb_pictures],
)
def test_load_survives_damaged_files(tmp_path, form):
    path, read = form(tmp_path)
    read()
    content, random = path.read_bytes(), np.random.RandomState(0)
    messages = []
    for _ in range(VARIANTS):
        path.write_bytes(damaged(content, random))
        for leftover in [*tmp_path.rglob("*.unpacked-*.npy"), *tmp_path.rglob("*.partial")]:
            leftover.unlink()
        try:
            images = read().images
            assert images.dtype == np.uint8
            assert images.shape[1:3] == (64, 64)
            assert images[:].sum() >= 0
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > VARIANTS / 20
    assert all(str(tmp_path) in message for message in messages)


def test_load_survives_damaged_cars(tmp_path):
    data_files.write_cars(tmp_path, 1)
    path = next((tmp_path / "cars").glob("*.mat"))
    content, random = path.read_bytes(), np.random.RandomState(0)
    messages = []
    for _ in range(CARS):
        path.write_bytes(damaged(content, random))
        for leftover in tmp_path.glob("*.unpacked-*.npy"):
            leftover.unlink()
        try:
            assert load("cars3d", tmp_path, cars=1).images.shape == (96, 64, 64, 3)
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > CARS / 20
    assert all(str(path) in message for message in messages)
