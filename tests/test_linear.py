"""oneDNN's products for a linear layer are those of PyTorch's BLAS."""

import pytest
import torch

from utils.training.linear import Blas, OneDnn, products_for


@pytest.fixture
def case():
    """A layer, its inputs, and a gradient by its outputs."""
    torch.manual_seed(0)
    return torch.nn.Linear(20, 30), torch.randn(8, 20), torch.randn(8, 30)


def close(one, other):
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_onednns_forward_is_the_layers(case):
    layer, values, _ = case
    with torch.no_grad():
        assert close(OneDnn.forward(layer, values), Blas.forward(layer, values))


def test_onednns_gradient_by_the_inputs_is_blas(case):
    layer, _, flow = case
    with torch.no_grad():
        assert close(OneDnn.by_values(layer, flow), Blas.by_values(layer, flow))


def test_onednns_gradient_by_the_weight_is_blas(case):
    layer, values, flow = case
    assert close(OneDnn.by_weight(layer, flow, values), Blas.by_weight(layer, flow, values))


def test_onednn_is_chosen_for_float32_on_a_cpu():
    assert products_for(torch.zeros(2, 3)) is OneDnn


def test_blas_is_chosen_where_onednn_has_no_such_numbers():
    assert products_for(torch.zeros(2, 3, dtype=torch.float64)) is Blas


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch has no autocast for CPUs")
def test_blas_is_chosen_in_lower_precision():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert products_for(torch.zeros(2, 3)) is Blas
