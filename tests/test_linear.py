import pytest
import torch
from torch import nn

from utils.training import linear
from utils.training.linear import OneDnnLinear, linear_for, mkl_is_slow

CPU = torch.device("cpu")


@pytest.fixture
def layers():
    """The same layer of 20 inputs and 30 outputs, by oneDNN and by PyTorch's own product."""
    torch.manual_seed(0)
    plain, fast = nn.Linear(20, 30), OneDnnLinear(20, 30)
    fast.load_state_dict(plain.state_dict())
    return fast, plain


def close(one, other):
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_onednn_linear_gives_what_linear_gives(layers):
    fast, plain = layers
    values = torch.randn(8, 20)
    assert close(fast(values), plain(values))


def test_onednn_linear_has_the_gradients_of_linear(layers):
    values, weights = torch.randn(8, 20, requires_grad=True), torch.randn(8, 30)
    fast, plain = (
        torch.autograd.grad((layer(values).sin() * weights).sum(), [values, layer.weight, layer.bias])
        for layer in layers
    )
    assert all(close(one, other) for one, other in zip(fast, plain))


@pytest.mark.parametrize(
    ("device", "dtype", "precision", "slow", "expected"),
    [
        ("cpu", torch.float32, "float32", True, OneDnnLinear),
        ("cpu", torch.float32, "float32", False, nn.Linear),
        ("cpu", torch.float64, "float32", True, nn.Linear),
        ("cpu", torch.float32, "bfloat16", True, nn.Linear),
        ("cuda", torch.float32, "float32", True, nn.Linear),
    ],
)
def test_linear_for_takes_onednn_for_float32_where_mkl_is_slow(monkeypatch, device, dtype, precision, slow, expected):
    monkeypatch.setattr(linear, "mkl_is_slow", lambda: slow)
    assert linear_for(torch.device(device), dtype, precision) is expected


@pytest.mark.parametrize(("maker", "slow"), [("AuthenticAMD", True), ("GenuineIntel", False)])
def test_mkl_is_slow_on_processors_of_amd(tmp_path, monkeypatch, maker, slow):
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nvendor_id : {maker}\n")
    assert mkl_is_slow(tmp_path / "cpuinfo") is slow


def test_mkl_is_not_taken_for_slow_where_the_processor_is_unknown(tmp_path):
    assert mkl_is_slow(tmp_path / "nothing") is False
