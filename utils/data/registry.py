"""Which data sets there are, and what loads each."""

from __future__ import annotations

import difflib
from pathlib import Path

from utils.data.sets import cars3d, dsprites, mpi3d, own, shapes3d, smallnorb, synthetic_arm
from utils.data.storage.places import exists
from utils.errors import InputError

_LOADERS = {
    "synthetic_arm": synthetic_arm.load,
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


def names():
    """The names that `load` takes: list of str."""
    return list(_LOADERS)


def load(name, root, **options):
    """The data set `name` from the folder `root` (DISENTANGLEMENT_LIB_DATA): a DataSet.

    `name` may also be a path to images of one's own, as it stands or under `root` (see own.py).
    options: `factor_sizes` for synthetic_arm, seven numbers. InputError: unknown name, missing or broken file.
    """
    root = Path(root).expanduser()
    if name in _LOADERS:
        return _LOADERS[name](name, root, **options)
    for path in (Path(name).expanduser(), root / name):
        if exists(path):
            return own.load(path)
    near = difflib.get_close_matches(str(name), _LOADERS, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"data set {name!r} is neither known nor a path; {hint}known are: {', '.join(_LOADERS)}")
