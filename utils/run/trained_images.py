"""Which images a run was trained on: its dataset.json, and where they are now."""

import json
import os
from pathlib import Path

from utils.data import load
from utils.errors import InputError
from utils.notes import note
from utils.run import checkpoint


def describe_images(data):
    """What dataset.json says of the DataSet `data`: which images a run was trained on."""
    count, height, width, channels = data.images.shape
    shape = {"images": count, "height": height, "width": width, "channels": channels}
    return {"name": data.name, **shape, "fingerprint": data.images_fingerprint}


def read_images(folder):
    """The contents of dataset.json, or None where there is none that can be read."""
    try:
        found = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "fingerprint" in found else None


def trained_on(folder):
    """The name of the data set that the run in `folder` was trained on, or None if dataset.json does not say."""
    images = read_images(Path(folder))
    return images and images.get("name")


def other_images(folder, images):
    """That the run in `folder` was trained on other images than `images`, in words; None: not so, or not known."""
    before = read_images(folder)
    if before is None or before["fingerprint"] == images["fingerprint"]:
        return None
    return (
        f"{folder / 'dataset.json'}: the run was trained on other images "
        f"({_of_images(before)}; now {_of_images(images)})"
    )


def refuse_other_images(folder, data):
    """InputError if the run in `folder` was trained on other images than those of the DataSet `data`.

    A note where there is a run, and dataset.json does not say on which.
    """
    folder = Path(folder)
    if read_images(folder) is None:
        if checkpoint.is_there(folder / "checkpoints"):
            note(f"{folder / 'dataset.json'}: missing or damaged, so the run may have been trained on other images")
    elif other := other_images(folder, describe_images(data)):
        raise InputError(other)


def load_run_data(folder, config, data_root):
    """The DataSet that the run in `folder` was trained on with `config` (a Config), moved or not: see `find_data`.

    InputError: it is not there, or holds other images now.
    """
    data = load(find_data(folder, config.dataset, data_root), data_root)
    refuse_other_images(folder, data)
    return data


def configured_data(folder, data_root):
    """The data set that config.json in `folder` names, moved or not (see `find_data`); None where no run is.

    Of that file nothing else is read, so that encoders of other versions of the kit are scored too. InputError: it
    names none, or the data set is nowhere.
    """
    path = Path(folder) / "config.json"
    if not path.exists() and not (path.parent / "dataset.json").exists():
        return None
    try:
        name = str(json.loads(path.read_text(encoding="utf-8"))["dataset"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{path}: names no data set; expected the file that train.py wrote, or --dataset NAME"
        ) from None
    return find_data(folder, name, data_root)


def find_data(folder, name, data_root):
    """`name`, the data set of the run in `folder`, as `load` takes it now.

    Images of one's own that are not where they were are looked for in `data_root`, by the name of their file or folder.
    InputError: they are nowhere, or the run's folder has nothing to identify them by.
    """
    if not os.path.isabs(name) or os.path.exists(name):
        return name
    moved = os.path.join(os.path.expanduser(data_root), os.path.basename(name))
    if os.path.exists(moved) and read_images(Path(folder)):
        return moved
    raise InputError(
        f"{folder}: its data set {name} is not there; if it was moved, DISENTANGLEMENT_LIB_DATA names the folder that "
        "holds it now"
    )


def _of_images(images):
    return f"{images.get('name')}: {images.get('images')} images of {images.get('channels')} channels"
