"""Codes and factors that the metrics' tests share: frozen official values, and codes whose scores are known."""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "official_scores"
SMALL = ("mixed", "aligned", "degenerate")
ALL = (*SMALL, "random_encoder_10")


def frozen(name):
    """The arrays of tests/official_scores/NAME.npz."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return {key: arrays[key] for key in arrays.files}


def halves(arrays):
    """The arguments of dci and sap."""
    return tuple(arrays[key] for key in ("codes_train", "factors_train", "codes_test", "factors_test"))


def draw_factors(n=1000, sizes=(3, 4, 2), seed=0):
    """Independent uniform factors (n, len(sizes))."""
    random_state = np.random.RandomState(seed)
    return np.stack([random_state.randint(size, size=n) for size in sizes], axis=1)


def random_codes(n, num_codes, seed=0):
    return np.random.RandomState(seed).randn(n, num_codes).astype(np.float32)


def frozen_other(part):
    """`part` of tests/official_scores/other_metrics.json."""
    return json.loads((FOLDER / "other_metrics.json").read_text(encoding="utf-8"))[part]


def frozen_codes(name):
    """{key: value} of the metrics beyond the five for the codes of tests/official_scores/NAME.npz."""
    return frozen_other("codes")[name]
