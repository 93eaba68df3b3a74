"""The one configuration: a frozen dataclass, filled from a YAML file and key=value arguments."""

import dataclasses
import difflib
import json
import math
import re
from pathlib import Path

from utils.errors import InputError
from utils.yaml_files import read_yaml

OBJECTIVE_NAMES = (  # the keys of utils.training.objectives.OBJECTIVES, which needs PyTorch
    "factor_vae",
    "beta_vae",
    "annealed_vae",
    "dip_vae_i",
    "dip_vae_ii",
    "beta_tc_vae",
    "bottleneck_vae",
)
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


def setting(default, low=None, high=None, choices=None, duration=False):
    """A field with the values it allows: a closed range, a list of choices, or seconds with a unit."""
    allowed = {"low": low, "high": high, "choices": choices, "duration": duration}
    return dataclasses.field(default=default, metadata=allowed)


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that decides what a run learns and how long it takes."""

    dataset: str = "synthetic_arm"  # a name of `python -m utils.data list`, or a path; see docs/data.md
    seed: int = setting(0, 0, 2**31 - 1)  # of the weights, the order of the batches and the noise

    # The objective: the terms added to the reconstruction, each with its paper's own letter.
    objective: str = setting("factor_vae", choices=OBJECTIVE_NAMES)
    gamma: float = setting(30.0, 0)  # weight of TC (FactorVAE, eq. 2) or of |KL - C| (Annealed-, BottleneckVAE)
    beta: float = setting(4.0, 0)  # weight of KL (beta-VAE, eq. 4) or of TC (beta-TCVAE, eq. 4)
    capacity: float = setting(25.0, 0)  # C in nats (AnnealedVAE: its final value)
    annealing_steps: int = setting(100_000, 1)  # updates until AnnealedVAE's C is `capacity`
    lambda_od: float = setting(10.0, 0)  # DIP-VAE's weight of covariances off the diagonal
    lambda_d: float = setting(100.0, 0)  # DIP-VAE's weight of the diagonal's distance from 1

    # The networks. width=1, depth=1 is disentanglement_lib's baseline.
    latent_dim: int = setting(10, 2, 65536)  # number of latents; the metrics compare two at least
    width: float = setting(1.0, 1 / 32, 64)  # multiplies every number of channels and units
    depth: int = setting(1, 1, 64)  # convolutions at each resolution; those beyond the first are residual
    initialization: str = setting("glorot", choices=("glorot", "between", "he"))  # of encoder and decoder: the
    # baseline's, He's, with which signals keep their size, or between the two (docs/unseen_sets.md)

    # The optimisation. A step is one update of each network.
    batch_size: int = setting(64, 2, 65536)  # images an update; the discriminator takes as many again
    learning_rate: float = setting(1e-4, 0, 1)  # Adam's, betas (0.9, 0.999)
    discriminator_learning_rate: float = setting(1e-4, 0, 1)  # Adam's, betas (0.5, 0.9)
    warmup_steps: int = setting(0, 0)  # updates over which learning_rate rises linearly to its value
    decay: str = setting("none", choices=("none", "steps", "budget"))  # learning_rate falls to 0 as a cosine, over the
    # steps, or over what is spent of steps or time, whichever is more: a continued run's time and its new budget
    steps: int = setting(300_000, 1)  # stop after so many updates ...
    time_budget: float = setting(8 * 3600.0, 1, duration=True)  # ... or when the process is so old (s), export included
    checkpoint_every: float = setting(300.0, 0.1, duration=True)  # longest time between checkpoints, exports and
    # reports (s); the first ones come sooner

    # What is measured beside training.
    held_out: int = setting(0, 0)  # images that training never sees; `python -m utils.study` compares runs on them

    # The machine. `auto` takes a GPU where there is one, and the precision that gains on it.
    device: str = "auto"  # auto, cpu, cuda, cuda:1, ...
    precision: str = setting("auto", choices=("auto", "float32", "tf32", "bfloat16"))  # auto: see docs/gpu.md

    def as_dict(self):
        return dataclasses.asdict(self)

    def to_json(self):
        """The text of config.json, which `read_config` takes back."""
        return json.dumps(self.as_dict(), indent=2) + "\n"


FIELDS = {field.name: field for field in dataclasses.fields(Config)}


def read_config(path=None, overrides=()):
    """The Config of the YAML file `path` (None: the defaults) changed by `overrides`, strings 'key=value'.

    The value of an override is what stands there: for a field that holds a string all of it, else a decimal number.
    Raises InputError, naming file and key, for what cannot be read, is unknown or is out of range.
    """
    return make_config({} if path is None else read_yaml(Path(path)), path, overrides)


def make_config(values, path, overrides=()):
    """The Config of `values`, the contents of the YAML file `path`, changed by `overrides`. See read_config."""
    checked = {key: parse_value(key, value, where=str(path)) for key, value in values.items()}
    for text in overrides:
        key, separator, value = text.partition("=")
        if not separator:
            raise InputError(f"argument {text!r}: expected key=value, or one YAML file that comes first")
        checked[key] = parse_value(key, value, where="argument")
    return Config(**checked)


def parse_value(key, value, where):
    """`value` as the field `key` holds it; InputError names `where` it came from and what is allowed."""
    if key not in FIELDS:
        near = difflib.get_close_matches(str(key), FIELDS, n=1)
        known = f"the nearest known key is {near[0]!r}" if near else f"expected one of {', '.join(sorted(FIELDS))}"
        raise InputError(f"{where}: unknown key {key!r}; {known}")
    field, place = FIELDS[key], f"{where}: {key}={value!r}"
    allowed = field.metadata
    if allowed.get("duration"):
        value = parse_duration(value, place)
    elif field.type is str:
        value = value if isinstance(value, str) and value else _refuse(place, "a string")
    else:
        value = _number(value, field.type, place)
    _check_range(value, allowed, place)
    return value


def parse_duration(value, place):
    """Seconds of 90, '90s', '5min' or '8h'."""
    match = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]*)", str(value).strip().lower())
    if match and match.group(2) in UNITS:
        seconds = _number(match.group(1), float, place) * UNITS[match.group(2)]
        if math.isfinite(seconds):
            return seconds
    return _refuse(place, "a time such as 90, 90s, 5min or 8h")


def _number(value, kind, place):
    """`value`, a number or a string that YAML took 1e-4 for or that is an argument's, as a finite int or float."""
    wanted = "a whole number" if kind is int else "a number"
    if isinstance(value, str) and not DECIMAL.fullmatch(value.strip()):
        _refuse(place, f"{wanted} in decimal digits")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        _refuse(place, wanted)
    try:
        number = float(value)
    except OverflowError:  # an int of more than 308 digits
        return _refuse(place, wanted)
    if not math.isfinite(number) or kind(number) != number:
        _refuse(place, wanted)
    return kind(number)


def _check_range(value, allowed, place):
    choices, low, high = allowed.get("choices"), allowed.get("low"), allowed.get("high")
    if choices and value not in choices:
        _refuse(place, "one of " + ", ".join(choices))
    if (low is not None and value < low) or (high is not None and value > high):
        _refuse(place, f"at least {low}" if high is None else f"from {low} to {high}")


def _refuse(place, expected):
    raise InputError(f"{place}: expected {expected}")
