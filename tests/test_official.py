"""Ours against disentanglement_lib 1.2, from the encoder to the score: its frozen scores, and itself where it is.

OFFICIAL_PYTHON   a Python 3.7 with disentanglement-lib 1.2, scikit-learn 0.20.3, TensorFlow 1.15 and PyTorch 1.8.1
OFFICIAL_SCORE    a script for it: score.py ENCODER.pt IMAGES.npz FACTOR_SIZES --json OUT scores with that library
"""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from scored_codes import FOLDER, frozen_other

from evaluation import evaluate
from evaluation.metrics.table import DEFAULT, METRICS
from utils.data.dataset import DataSet

SIZES = (3, 4, 1, 5)
PARTS = ((SIZES, ("factor_vae_metric", "irs")), ((3, 4, 5), ("dci", "sap_score", "mig")))
IMAGES = np.random.RandomState(1).randint(256, size=(int(np.prod(SIZES)), 4, 4, 1)).astype(np.uint8)
TOLERANCES = {"dci": 2e-3, "factor_vae_metric": 1e-3, "sap_score": 5e-4, "mig": 1e-6, "irs": 1e-6}


class Mixture(torch.nn.Module):
    """Codes that mix the factors, one repeated, one constant, one tiny."""

    def __init__(self):
        super().__init__()
        weights = np.random.RandomState(0).randn(16, 4).astype(np.float32)
        self.register_buffer("weights", torch.from_numpy(weights))

    def forward(self, images):
        codes = torch.tanh(images.flatten(1) @ self.weights)
        first = codes[:, :1]
        return torch.cat([codes, first, first * 0, first * 1e-6], 1)


@pytest.fixture(scope="module")
def module():
    return torch.jit.trace(Mixture(), torch.rand(2, 1, 4, 4))


@pytest.fixture(scope="module")
def ours(module):
    """{metric: score}. The original's DCI, SAP and MIG refuse a factor with one value: they go without that factor."""
    return {
        name: METRICS[name].score(result)
        for sizes, metrics in PARTS
        for name, result in evaluate(
            represent(module), DataSet("images", IMAGES, sizes, name_factors(sizes)), metrics
        ).items()
    }


@pytest.fixture(scope="module")
def official(module, tmp_path_factory):
    """{metric: score} as the library gives them now."""
    if not (os.environ.get("OFFICIAL_PYTHON") and os.environ.get("OFFICIAL_SCORE")):
        pytest.skip("OFFICIAL_PYTHON and OFFICIAL_SCORE do not name the official stack")
    folder = tmp_path_factory.mktemp("official")
    np.savez(folder / "images.npz", images=IMAGES)
    torch.jit.save(module, str(folder / "encoder.pt"))
    return {name: score for part in PARTS for name, score in run_official(folder, *part).items()}


def name_factors(sizes):
    return [f"factor{i}" for i in range(len(sizes))]


def represent(module):
    return lambda images: module(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def run_official(folder, sizes, metrics):
    command = [os.environ["OFFICIAL_PYTHON"], "-W", "ignore", os.environ["OFFICIAL_SCORE"], "encoder.pt", "images.npz"]
    command += [",".join(map(str, sizes)), "--metrics", ",".join(metrics), "--json", "scores.json"]
    subprocess.run(command, cwd=str(folder), check=True, capture_output=True)
    return json.loads((folder / "scores.json").read_text())["scores"]


@pytest.mark.parametrize("name", DEFAULT)
def test_evaluate_equals_the_frozen_scores_of_the_library(ours, name):
    frozen = json.loads((FOLDER / "mixture.json").read_text())
    assert ours[name] == pytest.approx(frozen[name], abs=TOLERANCES[name])


@pytest.mark.parametrize("name", DEFAULT)
def test_evaluate_equals_the_library(ours, official, name):
    assert ours[name] == pytest.approx(official[name], abs=TOLERANCES[name])


def test_evaluate_equals_the_frozen_beta_vae_score_of_the_library(module):
    data = DataSet("images", IMAGES, SIZES, name_factors(SIZES))
    found = evaluate(represent(module), data, ["beta_vae_score"])["beta_vae_score"]["eval_accuracy"]
    assert found == pytest.approx(frozen_other("mixture")["beta_vae_score"], abs=1e-3)  # five of 5,000 votes


@pytest.mark.parametrize("name", sorted(set(frozen_other("mixture")) - {"beta_vae_score"}))
def test_evaluate_equals_the_frozen_further_scores_of_the_library(module, name):
    """Without the constant code, which the original's explicitness refuses, and without the repeated one."""
    data = DataSet("images", IMAGES, (3, 4, 5), name_factors((3, 4, 5)))
    found = evaluate(lambda images: represent(module)(images)[:, [0, 1, 2, 3, 6]], data, [name])[name]
    # codes differ between versions of PyTorch in their last digits
    assert METRICS[name].score(found) == pytest.approx(frozen_other("mixture")[name], abs=1e-5)
