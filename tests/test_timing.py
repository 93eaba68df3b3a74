import pytest
import torch

from utils.bench import timing

CPU = torch.device("cpu")


def test_seconds_a_call_is_the_median_of_the_calls_after_the_first(monkeypatch):
    clock = iter([-5.0, 0.0, 0.0, 9.0, 10.0, 12.0, 20.0, 21.0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    calls = []
    assert timing.seconds_a_call(lambda: calls.append(1), CPU, 0.0) == 2.0
    assert len(calls) == 4


def test_a_gpu_is_waited_for_once_in_a_block_of_calls(monkeypatch):
    done, clock = [], iter([0.0, 1.0, 0.0, 8.0, 0.0, 4.0, 0.0, 2.0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(timing.torch.cuda, "synchronize", lambda device: done.append("wait"))
    monkeypatch.setattr(timing, "BLOCKS", {"cuda": 4})
    assert timing.seconds_a_call(lambda: done.append("call"), torch.device("cuda"), 0.0) == 1.0
    assert done == ["call", "wait"] + 3 * (4 * ["call"] + ["wait"])


def test_onednn_product_is_that_of_the_transposed_matrix():
    one, other = torch.rand(2, 5, 5)
    assert torch.allclose(timing.onednn_product(one, other), one @ other.t(), rtol=1e-5)


def rates(monkeypatch, seconds, precision="float32"):
    """matrix_rate where `seconds` gives what each product of two matrices takes, and the dtypes that it saw."""
    seen = []

    def one_call(call, *arguments, best):
        seen.append(call().dtype)
        return seconds(len(seen))

    monkeypatch.setattr(timing, "SIDES", {"cpu": (2, 4)})
    monkeypatch.setattr(timing, "seconds_a_call", one_call)
    return timing.matrix_rate(CPU, precision), seen


def test_matrix_rate_is_the_fastest_products(monkeypatch):
    assert rates(monkeypatch, lambda call: 1.0 if call < 4 else 0.5)[0] == 2 * 4**3 / 0.5


def test_matrix_rate_tries_onednn_in_float32_on_a_cpu(monkeypatch):
    tried = []
    monkeypatch.setattr(timing, "onednn_product", lambda one, other: tried.append(one) or one)
    rates(monkeypatch, lambda call: 1.0)
    assert len(tried) == 2


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch does not train in bfloat16")
def test_matrix_rate_multiplies_in_the_precision_that_trains(monkeypatch):
    assert rates(monkeypatch, lambda call: 1.0, "bfloat16")[1] == [torch.bfloat16] * 2
    assert set(rates(monkeypatch, lambda call: 1.0, "tf32")[1]) == {torch.float32}
