"""A run's folder: what it holds, whether a configuration may go on in it, and saving so that nothing is lost."""

import json
import sys
import tempfile
import time
from pathlib import Path

from utils.config import Config, parse_value
from utils.errors import InputError, one_line
from utils.files import remove_leftovers, set_aside, write_text
from utils.notes import note
from utils.run import checkpoint, lock
from utils.run.checkpoint import SET_ASIDE
from utils.run.export import export_encoder
from utils.run.log import read_log
from utils.run.trained_images import other_images, read_images
from utils.training import models

OWN = ("config.json", "checkpoints", "representation")  # what --fresh sets aside has one of them at least
FREE_TO_CHANGE = ("steps", "time_budget", "checkpoint_every", "device")  # between a run and its continuation


class Run:
    """The folder of one run, $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME, and every write into it.

    A write that fails while training goes on (full disk, folder gone) is reported once a kind and remembered in
    `problems`; what stood there before stays. As a context, it unlocks the folder at its end.
    """

    def __init__(self, folder, config, encoder_path, write_report):
        """`write_report`: called with this run's folder and the trainer, writes report/ (see utils.report)."""
        self.folder, self.config, self.encoder_path = Path(folder), config, Path(encoder_path)
        self.write_report, self.checkpoints = write_report, self.folder / "checkpoints"
        self.problems, self.lock = {}, None
        self.origin = {}  # {file's name: text} of what the run is of; filled by `open`
        self.drawing = None  # seconds that the last report took
        self.exported = self.saved = False  # whether the last export succeeded, and with it the last checkpoint
        self.exported_step = None  # of the encoder that this process exported last

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.lock:
            self.lock.close()

    def open(self, fresh, images):
        """Make and lock the folder, or check that it was left by the same configuration and images.

        fresh: set the run that is there aside. images: what the run is trained on, as `describe_images` gives it.
        InputError: it is another run, another process trains there, the folder cannot be written, or another run lies
        below the one that is to be set aside.
        """
        try:
            self._lock()
            self.origin = {"config.json": self.config.to_json(), "dataset.json": json.dumps(images, indent=2) + "\n"}
            require_room(self.folder, "".join(self.origin.values()))  # before anything gets another name
            if fresh and any((self.folder / name).exists() for name in OWN):
                self._set_aside()
            self._refuse_another_run(images)
            for folder in (self.folder, self.checkpoints, self.encoder_path.parent):
                remove_leftovers(folder)
            (self.encoder_path.parent / "results").mkdir(parents=True, exist_ok=True)
            self._keep_others_encoder()
            for name, text in self.origin.items():
                write_text(self.folder / name, text)
        except OSError as error:
            raise InputError(
                f"run's folder {self.folder}: {one_line(error)}; expected a folder that can be written"
            ) from None

    def resume(self, trainer):
        """Load the newest undamaged checkpoint into `trainer`; the seconds trained before it, None if there is none."""
        state = trainer.group.run_on_main(lambda: checkpoint.load_latest(self.checkpoints))
        if state is None:
            return None
        try:
            trainer.load_state_dict(state)
            return state["seconds"]
        except InputError:  # it says more
            raise
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise InputError(
                f"{self.checkpoints}: not of this configuration and version of the kit ({one_line(error)}); {SET_ASIDE}"
            ) from None

    def save(self, trainer, seconds, permits=lambda seconds: True):
        """Export, checkpoint and report of the run as it stands; the seconds that took.

        permits: whether a budget allows for what took so many seconds before; the report may be left out. Before its
        time is known it is taken to be that of all the rest.
        """
        began = time.monotonic()
        self.try_write("config.json", self._keep_origin)
        state = {**trainer.state_dict(), "seconds": seconds}
        encoder = trainer.networks["encoder"]
        self.exported = self.try_write("export", lambda: export_encoder(encoder, trainer.channels, self.encoder_path))
        if self.exported:
            self.exported_step = trainer.step
        self.saved = self.try_write("checkpoint", lambda: checkpoint.save(self.checkpoints, state)) and self.exported
        drawn_from = time.monotonic()
        if permits(drawn_from - began if self.drawing is None else self.drawing):
            self.try_write("report", lambda: self.write_report(self.folder, trainer))
            self.drawing = time.monotonic() - drawn_from
        return time.monotonic() - began

    def _keep_origin(self):
        """Write what a checkpoint is of where it is gone: without it another run could go on from the checkpoint."""
        for name, text in self.origin.items():
            if not (self.folder / name).exists():
                write_text(self.folder / name, text)

    def try_write(self, name, write):
        """Whether `write()` succeeded; any error becomes one line on stderr, the first time."""
        try:
            write()
            return True
        except Exception as error:  # also what PyTorch raises at a full disk: no write is worth a run
            if name not in self.problems:
                text = f"warning: {name} not written: {one_line(error)}; training goes on"
                print(text, file=sys.stderr, flush=True)
            self.problems[name] = one_line(error)
            return False

    def _lock(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = lock.lock(self.folder)

    def _refuse_another_run(self, images):
        """InputError if the folder holds a run of another configuration or of other images."""
        before, was_trained = read_run_config(self.folder), checkpoint.is_there(self.checkpoints)
        if before is None and not was_trained:
            return
        if other := other_images(self.folder, images):
            raise InputError(f"{other}; {SET_ASIDE}")
        for name, found in (("config.json", before), ("dataset.json", read_images(self.folder))):
            if was_trained and found is None:
                raise InputError(
                    f"{self.folder / name}: missing or damaged, and without it nobody knows what the run's checkpoints "
                    f"are of; {SET_ASIDE}"
                )
        self._refuse_another_configuration(before)

    def _refuse_another_configuration(self, before):
        """InputError if a run of the Config `before` cannot go on as this one; a note if its rate falls otherwise."""
        free = (*FREE_TO_CHANGE, *(["dataset"] if read_images(self.folder) else []))  # the same may lie elsewhere now
        then, now = before.as_dict(), self.config.as_dict()
        differing = [key for key in now if key not in free and then[key] != now[key]]
        if differing:
            path, changes = self.folder / "config.json", changes_in_words(then, now, differing)
            raise InputError(f"{path}: the folder holds a run of another configuration ({changes}); {SET_ASIDE}")
        reached = checkpoint.newest_step(self.checkpoints)
        if reached > self.config.steps:
            raise InputError(
                f"steps={self.config.steps}: the run in {self.folder} is at step {reached}, expected as many at least; "
                f"{SET_ASIDE}"
            )
        if before.decay == "steps" and before.steps != self.config.steps:
            note(f"the learning rate falls over {self.config.steps:,} steps now, it fell over {before.steps:,}")

    def _keep_others_encoder(self):
        """Set an encoder aside that this run would replace and that nothing here could make again.

        It was trained, and its checkpoints are gone; or it lies where no run is, and is the user's.
        """
        is_of_a_run, was_trained = (self.folder / "config.json").exists(), read_log(self.folder / "log.csv")
        if checkpoint.is_there(self.checkpoints) or (is_of_a_run and not was_trained):
            return
        if was_trained:
            note(f"{self.checkpoints} holds no checkpoint, so training begins anew")
        for path in (self.encoder_path, self.folder / "log.csv"):
            if path.exists():
                note(f"what was {path} is now {set_aside(path)}")

    def _set_aside(self):
        folder = self.folder.resolve()  # where it is a link, that stays
        below = sorted(path.parent for path in folder.glob(f"*/**/{lock.NAME}"))
        if below:
            raise InputError(
                f"run's folder {self.folder}: --fresh would move the run in {below[0]} too; expected no run below: "
                "move it first, or set AICROWD_EVALUATION_NAME to another name"
            )
        aside = set_aside(folder)
        folder.mkdir()
        (aside / lock.NAME).unlink()
        self.lock.close()
        self._lock()
        print(f"the run that was there is now {aside}")


def require_room(folder, text):
    """OSError if `text` cannot be written in `folder`; nothing of it stays."""
    with tempfile.TemporaryFile("w", dir=str(folder), encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def changes_in_words(then, now, keys):
    """How the `keys` of a configuration, a dictionary, differ between `then` and `now`."""
    return ", ".join(f"{key} was {then.get(key)!r} and is now {now.get(key)!r}" for key in keys)


def read_run_config(folder):
    """The Config that the run in `folder` was trained with, or None if the folder holds none."""
    path = Path(folder) / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Config(**{key: parse_value(key, value, where=path.name) for key, value in values.items()})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a file that can be read") from None
    except (ValueError, TypeError, AttributeError) as error:
        reason = f"no configuration of this version of the kit ({one_line(error)})"
        raise InputError(f"{path}: {reason}; {SET_ASIDE}") from None


def read_networks(folder, config):
    """Encoder and decoder of the newest undamaged checkpoint in `folder`, on the CPU; None if there is none."""
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
