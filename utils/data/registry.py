"""Which data sets there are, and what loads each."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from utils.data.arm.looks import LOOKS
from utils.data.sets import cars3d, dsprites, mpi3d, own, shapes3d, smallnorb, sprites, synthetic_arm
from utils.data.storage.places import absolute, exists, stat
from utils.errors import InputError
from utils.notes import note

_LOADERS = {
    **dict.fromkeys(LOOKS, synthetic_arm.load),
    "sprites": sprites.load,
    "mpi3d_toy": mpi3d.load,
    "mpi3d_realistic": mpi3d.load,
    "mpi3d_real": mpi3d.load,
    "mpi3d_real_complex": mpi3d.load,
    "shapes3d": shapes3d.load,
    "dsprites_full": dsprites.load,
    "dsprites_noshape": dsprites.load,
    "color_dsprites": dsprites.load,
    "noisy_dsprites": dsprites.load,
    "scream_dsprites": dsprites.load,
    "cars3d": cars3d.load,
    "smallnorb": smallnorb.load,
}
RENDERED = (*LOOKS, "sprites")  # drawn by the kit when first used


def names():
    """The names that `load` takes: list of str."""
    return list(_LOADERS)


def load(name, root, **options):
    """The data set `name` from the folder `root` (DISENTANGLEMENT_LIB_DATA): a DataSet.

    `name` may also be a path to images of one's own, as it stands or under `root` (see own.py).
    options: `factor_sizes` for the looks of the embedded scene, seven numbers; `render` for those in RENDERED.
    InputError: unknown name, missing or broken file, a link to nothing.
    """
    root = Path(os.path.expanduser(root))
    if name in _LOADERS:
        _note_namesake(name, root)
        return _LOADERS[name](name, root, **options)
    path = _own_path(name, root)
    if path is not None:
        return own.load(path)
    for link in filter(os.path.islink, _places(name, root)):
        stat(link)  # says where it leads
    near = difflib.get_close_matches(str(name), _LOADERS, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"data set {name!r} is neither known nor a path; {hint}known are: {', '.join(_LOADERS)}")


def _note_namesake(name, root):
    """Say so where a folder of one's own could be meant by a known name."""
    if os.path.isdir(name) and os.path.realpath(name) != os.path.realpath(str(root / name)):
        note(f"{name} is the kit's data set; the folder {os.path.abspath(name)} is called ./{name}")


def resolve(name, root):
    """`name` as `load` takes it from any working folder: a known name as it is, a path as an absolute one (str).

    A name that `load` would refuse is given back as it is.
    """
    path = None if name in _LOADERS else _own_path(name, Path(os.path.expanduser(root)))
    return str(name) if path is None else absolute(str(path))


def refuse_among_pictures(path, name, what):
    """InputError if `path`, where `what` is to be written, lies in the folder of pictures `name`.

    Its files would be among the pictures, or refused, the next time that the folder is read; in hidden folders nothing
    is. `name` is as `resolve` gives it.
    """
    folder, path = Path(os.path.realpath(str(name))), Path(os.path.realpath(str(path)))
    if not os.path.isabs(str(name)) or not folder.is_dir() or folder not in (path, *path.parents):
        return
    if not any(part.startswith(".") for part in path.relative_to(folder).parts):
        raise InputError(f"{what} {path}: lies among the pictures of {name}, expected another folder")


def refuse_data_within(folder, name, root):
    """InputError if the data set `name`, as `resolve` gives it, lies in `folder`, which is to be moved.

    A name without a path of its own stands for all of `root`.
    """
    folder, data = (Path(os.path.realpath(str(path))) for path in (folder, name if os.path.isabs(str(name)) else root))
    if folder in (data, *data.parents):
        raise InputError(
            f"run's folder {folder}: --fresh would move the data set {data} too; move that out of it, or set "
            "AICROWD_EVALUATION_NAME to another name"
        )


def _own_path(name, root):
    """Where one's own images called `name` lie: as it stands, or under `root`; None: nowhere."""
    return next(filter(exists, _places(name, root)), None) if str(name) else None  # Path("") is the working folder


def _places(name, root):
    """Where one's own images called `name` may lie."""
    return Path(os.path.expanduser(name)), root / name
