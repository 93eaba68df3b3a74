"""A run's folder: what it holds, whether a configuration may go on in it, and closing it so that nothing is lost."""

import json
import sys
import time
from pathlib import Path

from utils.config import Config
from utils.errors import InputError
from utils.files import write_text
from utils.run import checkpoint
from utils.run.export import export_encoder
from utils.training import models

FREE_TO_CHANGE = ("steps", "time_budget", "checkpoint_every", "device")  # between a run and its continuation


class Run:
    """The folder of one run, $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME, and every write into it.

    A write that fails while training goes on (full disk, folder gone) is reported once a kind and remembered in
    `problems`; what stood there before stays.
    """

    def __init__(self, folder, config, encoder_path, write_report):
        """`write_report`: called with this run's folder and the trainer, writes report/ (see utils.report)."""
        self.folder, self.config, self.encoder_path = Path(folder), config, Path(encoder_path)
        self.write_report, self.checkpoints = write_report, self.folder / "checkpoints"
        self.problems = {}
        self.drawing = None  # seconds that the last report took
        self.exported = False  # whether the last export succeeded

    def open(self, fresh):
        """Make the folder, or check that it was left by the same configuration. With `fresh`, set that one aside."""
        written = self.folder / "config.json"
        try:
            if fresh and self.folder.exists():
                self._set_aside()
            if (before := read_run_config(self.folder)) is not None:
                self._refuse_other(before, written)
            for leftover in self.folder.glob("**/.*-*.*"):  # half-written files of a process that was killed
                leftover.unlink()
            (self.encoder_path.parent / "results").mkdir(parents=True, exist_ok=True)
            write_text(written, self.config.to_json())
        except OSError as error:
            raise InputError(
                f"run's folder {self.folder}: {_reason(error)}; expected a folder that can be written"
            ) from None

    def resume(self, trainer):
        """Load the newest sound checkpoint into `trainer`; the seconds trained before it (0.0: there is none)."""
        state = trainer.group.run_on_main(lambda: checkpoint.load_latest(self.checkpoints))
        if state is None:
            return 0.0
        trainer.load_state_dict(state)
        return state["seconds"]

    def save(self, trainer, seconds, permits=lambda seconds: True):
        """Export, checkpoint and report of the run as it stands; the seconds that took.

        permits: whether a budget allows for what took so many seconds before; the report may be left out. Before its
        time is known it is taken to be that of all the rest.
        """
        began = time.monotonic()
        state = {**trainer.state_dict(), "seconds": seconds}
        encoder = trainer.networks["encoder"]
        self.exported = self.attempt("export", lambda: export_encoder(encoder, trainer.channels, self.encoder_path))
        self.attempt("checkpoint", lambda: checkpoint.save(self.checkpoints, state))
        saved = time.monotonic()
        if permits(saved - began if self.drawing is None else self.drawing):
            self.attempt(
                "report", lambda: self.write_report(self.folder, trainer), Exception
            )  # nothing in it is worth a run
            self.drawing = time.monotonic() - saved
        return time.monotonic() - began

    def attempt(self, name, write, failures=(OSError, RuntimeError)):  # RuntimeError: torch.jit.save on a full disk
        """Whether `write()` succeeded; one of the `failures` becomes one line on stderr, the first time."""
        try:
            write()
            return True
        except failures as error:
            if name not in self.problems:
                print(
                    f"warning: {name} not written: {_reason(error)}; training goes on",
                    file=sys.stderr,
                    flush=True,
                )
            self.problems[name] = _reason(error)
            return False

    def _refuse_other(self, before, path):
        then, now = before.as_dict(), self.config.as_dict()
        differing = [key for key in now if key not in FREE_TO_CHANGE and then[key] != now[key]]
        if differing:
            told = ", ".join(f"{key} was {then[key]!r} and is now {now[key]!r}" for key in differing)
            raise InputError(f"{path}: the folder holds a run of another configuration ({told}); --fresh sets it aside")

    def _set_aside(self):
        number = 1
        while (aside := self.folder.with_name(f"{self.folder.name}.{number}")).exists():
            number += 1
        self.folder.rename(aside)
        print(f"the run that was there is now {aside}")


def _reason(error):
    text = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    name = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return " ".join(text.split())[:300] + name


def read_run_config(folder):
    """The Config that the run in `folder` was trained with, or None if the folder holds none."""
    path = Path(folder) / "config.json"
    try:
        return Config(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        hint = "`train.py --fresh` sets such a run aside"
        raise InputError(f"{path}: no configuration of this version of the kit ({_reason(error)}); {hint}") from None


def read_networks(folder, config):
    """Encoder and decoder of the newest sound checkpoint in `folder`, on the CPU; None if there is none."""
    state = checkpoint.load_latest(folder / "checkpoints")
    if state is None:
        return None
    weights = state["networks"]
    channels = next(iter(weights["encoder"].values())).shape[1]
    size = (channels, config.latent_dim, config.width, config.depth)
    networks = models.Encoder(*size), models.Decoder(*size)
    for name, network in zip(("encoder", "decoder"), networks):
        network.load_state_dict(weights[name])
        network.eval()
    return networks
