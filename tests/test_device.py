"""Which precision `auto` takes."""

import torch

from utils import device


def chosen(monkeypatch, capabilities):
    monkeypatch.setattr(device, "processor_capabilities", lambda: capabilities)
    return device.resolve_precision("auto", torch.device("cpu"))


def test_auto_is_bfloat16_on_a_processor_with_units_for_it(monkeypatch):
    assert chosen(monkeypatch, {"avx512_f": True, "avx512_bf16": True}) == "bfloat16"


def test_auto_is_float32_on_a_processor_without_them(monkeypatch):
    assert chosen(monkeypatch, {"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}) == "float32"


def test_auto_is_float32_where_the_processor_is_not_known(monkeypatch):
    assert chosen(monkeypatch, {}) == "float32"


def test_a_precision_that_is_named_is_taken(monkeypatch):
    monkeypatch.setattr(device, "processor_capabilities", lambda: {"avx512_bf16": True})
    assert device.resolve_precision("float32", torch.device("cpu")) == "float32"
