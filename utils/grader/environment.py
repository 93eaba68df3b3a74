"""The challenge's environment: its variables, read here and nowhere else, and the output paths they give."""

import os
from dataclasses import dataclass
from pathlib import Path

from utils.errors import InputError
from utils.files import REPOSITORY, in_home

TRUE_WORDS, FALSE_WORDS = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")


@dataclass(frozen=True)
class Environment:
    """What the grader, or a user who plays grader, sets. Every default is the kit's own (see README)."""

    output_path: Path  # AICROWD_OUTPUT_PATH: everything that is written goes below it
    evaluation_name: str  # AICROWD_EVALUATION_NAME: this run's folder in it
    dataset_name: "str | None"  # AICROWD_DATASET_NAME, which overrides the configuration's; None: not set
    data_root: Path  # DISENTANGLEMENT_LIB_DATA: the data sets' folder
    is_grading: bool  # AICROWD_IS_GRADING
    cuda: "bool | None"  # AICROWD_CUDA: whether evaluation uses a GPU; None: if there is one

    @property
    def run_folder(self):
        """The experiment's folder, $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME."""
        return self.output_path / self.evaluation_name

    @property
    def encoder_path(self):
        """Where the grader looks for the TorchScript encoder."""
        return self.run_folder / "representation" / "pytorch_model.pt"


def read_environment(environ=None):
    """The Environment that the mapping `environ` (default: the process's own) describes.

    Raises InputError for a switch that is not a word for true or false, for the home folder of nobody, and for an
    evaluation name that would leave the output folder.
    """
    environ = os.environ if environ is None else environ
    root = Path(environ.get("NDC_ROOT") or REPOSITORY)
    output_path = _folder(environ, "AICROWD_OUTPUT_PATH", root / "scratch" / "shared")
    cuda = environ.get("AICROWD_CUDA")
    return Environment(
        output_path=output_path,
        evaluation_name=_contained(output_path, environ.get("AICROWD_EVALUATION_NAME") or "experiment"),
        dataset_name=environ.get("AICROWD_DATASET_NAME") or None,
        data_root=_folder(environ, "DISENTANGLEMENT_LIB_DATA", root / "scratch" / "dataset"),
        is_grading=parse_switch("AICROWD_IS_GRADING", environ.get("AICROWD_IS_GRADING", "")),
        cuda=None if cuda is None else parse_switch("AICROWD_CUDA", cuda),
    )


def is_grading(environ=None):
    """Whether the grader listens, even to what read_environment refuses: its client takes any word for a yes."""
    environ = os.environ if environ is None else environ
    return environ.get("AICROWD_IS_GRADING", "").strip().lower() not in FALSE_WORDS


def parse_switch(name, text):
    """The truth of a variable's text by word: bool("False") is true, this is not."""
    word = text.strip().lower()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise InputError(f"{name}={text!r}: expected one of {', '.join(TRUE_WORDS + FALSE_WORDS[:-1])}")


def _folder(environ, name, default):
    """The folder that a variable names, its ~ expanded."""
    if not environ.get(name):
        return default
    try:
        return in_home(environ[name])
    except InputError as error:
        raise InputError(f"{name}={error}") from None


def _contained(folder, name):
    """`name` without its `..`; InputError if it leaves `folder`. A link that lies there may lead to another disk."""
    above = os.path.abspath(str(folder))
    inside = os.path.abspath(os.path.join(above, name.replace("\0", "")))
    if "\0" in name or Path(above) not in Path(inside).parents:
        raise InputError(
            f"AICROWD_EVALUATION_NAME={name!r}: leads to {inside}; expected the name of a folder inside {folder}"
        )
    return os.path.relpath(inside, above)
