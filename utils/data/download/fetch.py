"""Fetching a data set by name: download what is missing, unpack it, and check its contents."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from utils.data.download.sources import SOURCES, TERMS
from utils.data.download.transfer import download
from utils.data.registry import RENDERED
from utils.data.sets import cars3d, dsprites, mpi3d
from utils.data.storage import npz
from utils.data.storage.hdf5 import opened_h5
from utils.data.storage.images import image_shape
from utils.data.storage.partial import require_room
from utils.data.storage.places import unreadable_as
from utils.errors import InputError
from utils.files import atomic_path

_LARGEST_MEMBER = 1 << 27  # bytes; a car takes 6 MB
_KEPT = "what was there before was kept"


def fetch(name, root):
    """Bring the data set `name` under the folder `root`. InputError: what failed, by name.

    Returns its terms of use, whether files were there before, and what was checked of a new one where no checksum is
    published or announced.
    """
    if name in RENDERED:
        raise InputError(f"data set {name}: nothing to fetch, it is rendered when it is first used")
    if name not in SOURCES:
        raise InputError(f"data set {name!r} is not known; known are: {', '.join(SOURCES)}")
    notes = dict.fromkeys(_bring(source, root) for source in SOURCES[name])  # each once
    return "; ".join([TERMS[name], *filter(None, notes)])


def _bring(source, root):
    """Fetch one file if it is missing, and unpack it; what the user should know of it, or None."""
    path = root / source.path
    if source.path.endswith(".tar.gz"):
        return _KEPT if _has_all_cars(root) else _bring_cars(source, root)
    if source.path.endswith(".gz"):
        if path.with_suffix("").exists():
            return _KEPT
        note = _download(source, path)
        gunzip(path, path.with_suffix(""))
        path.unlink()
        return note
    check = _CHECKS[path.suffix]
    if path.exists():
        check(str(path))
        return _KEPT
    return _download(source, path, check)


def _bring_cars(source, root):
    path = root / source.path
    note = _download(source, path, _check_archive)
    unpack_cars(path, root / "cars")
    if not _has_all_cars(root):
        raise InputError(f"{path}: fewer than {cars3d.CARS} files cars/*.mat found in it")
    path.unlink()
    return note


def _download(source, path, check=None):
    digest = download(path, source.urls, source.size, source.sha256, check)
    return None if digest else "no checksum is published: the contents were read and checked"


def gunzip(path, target):
    """Unpack the .gz file `path` to `target`. InputError: damaged."""
    try:
        with gzip.open(str(path)) as packed:
            _copy(packed, target)
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: cannot be unpacked ({error}); delete it and fetch again") from error


def unpack_cars(path, folder):
    """Unpack the cars/*.mat of an archive to `folder` and nothing to anywhere else. InputError: damaged, or too big."""
    try:
        with tarfile.open(str(path), "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if not member.isfile() or name.suffix != ".mat" or name.parts[-2:-1] != ("cars",):
                    continue
                if member.size > _LARGEST_MEMBER:
                    raise InputError(f"{path}: {member.name} has {member.size:,} bytes, too many for a car")
                require_room(path, member.size)
                with archive.extractfile(member) as packed:
                    _copy(packed, folder / name.name)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: cannot be unpacked ({error}); delete it and fetch again") from error


def _copy(packed, target):
    with atomic_path(target) as temporary, open(str(temporary), "wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)


def _has_all_cars(root):
    return len(list((root / "cars").glob("*.mat"))) >= cars3d.CARS


def _check_archive(path):
    with unreadable_as(path, ".tar.gz file"), tarfile.open(str(path), "r:gz") as archive:
        archive.next()


def _check_npz(path):
    name = Path(path).name.lstrip(".").partition(".npz")[0]  # also of a file that is still called .NAME.npz-...
    if f"{name}.npz" == dsprites.FILE:
        _, _, read_from = dsprites.check(path)
    else:
        shape, dtype, read_from = npz.stream_array(path, "images")
        mpi3d.fitting_sizes(path, image_shape(path, shape, dtype)[0], name)
    for _ in read_from(0):  # to the end, where the archive's own checksum is compared: MPI3D is only mapped later
        pass


def _check_h5(path):
    with opened_h5(path) as file:
        if "images" not in file:
            raise InputError(f"{path}: no data set 'images' found")
        image_shape(path, file["images"].shape, file["images"].dtype)


def _check_picture(path):
    from PIL import Image

    with unreadable_as(path, "picture"), Image.open(str(path)) as picture:
        picture.load()


_CHECKS = {".npz": _check_npz, ".h5": _check_h5, ".jpg": _check_picture}
