"""What a device decides, shown without a GPU: what PyTorch says of one is replaced."""

import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch
from conftest import REPOSITORY

from utils.errors import InputError
from utils.training import device as devices
from utils.training.device import (
    autocast,
    automatic_device,
    full_float32,
    memory_format,
    resolve_device,
    resolve_precision,
    use_precision,
    why_unusable,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def gpu(monkeypatch):
    """A function that has PyTorch see `count` GPUs of a compute capability, usable unless there is a `reason`.

    It returns a list that will hold the devices that were tried.
    """

    def see(capability=(8, 0), count=1, reason=None):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(devices, "why_unusable", lambda name: asked.append(name) or reason)
        return asked

    asked = []
    return see


def test_a_cpu_is_usable():
    assert why_unusable("cpu") is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_a_gpu_that_is_missing_is_not_usable():
    assert why_unusable("cuda")


def test_a_device_without_kernels_is_not_usable(monkeypatch):
    def fail(*arguments):
        raise RuntimeError("CUDA error: no kernel image is available\nmore lines")

    monkeypatch.setattr(devices.functional, "conv2d", fail)
    assert why_unusable("cpu") == "CUDA error: no kernel image is available"


def test_a_driver_that_counts_other_gpus_is_not_usable(monkeypatch):
    def refuse(*shape, device):
        raise torch.cuda.DeferredCudaCallError("CUDA call failed lazily at initialization with error: device >= 0")

    monkeypatch.setattr(torch, "ones", refuse)
    assert why_unusable("cuda").startswith("CUDA call failed lazily")


def test_a_device_that_computes_wrong_numbers_is_not_usable(monkeypatch):
    monkeypatch.setattr(devices.functional, "conv2d", lambda images, kernel: torch.zeros(2, 4, 6, 6))
    assert why_unusable("cpu") == "a product is 0.0 instead of 104976.0"


def test_why_unusable_computes_on_the_device_that_it_is_asked_for(monkeypatch):
    ones, seen = torch.ones, []
    monkeypatch.setattr(torch, "ones", lambda *shape, device: seen.append(device) or ones(*shape))
    assert why_unusable("cuda:1") is None
    assert seen == ["cuda:1", "cuda:1"]


def test_auto_is_a_gpu_that_computes(gpu):
    tried = gpu(count=2)
    assert resolve_device("auto") == automatic_device() == torch.device("cuda:0")
    assert tried == ["cuda:0", "cuda:0"]


def test_auto_is_the_cpu_where_the_gpu_does_not_compute(gpu, capsys):
    gpu(reason="no kernel image")
    assert automatic_device() == CPU
    assert capsys.readouterr().err == "note: the GPU is not usable (no kernel image); computing on the CPU\n"


def test_each_process_says_why_its_gpu_is_not_used(gpu, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    gpu(reason="no kernel image")
    automatic_device()
    assert "the GPU is not usable (no kernel image)" in capsys.readouterr().err


def test_a_named_gpu_that_does_not_compute_is_refused(gpu):
    gpu(reason="no kernel image")
    with pytest.raises(InputError, match=r"device='cuda': not usable here \(no kernel image\); expected auto"):
        resolve_device("cuda")


def test_a_gpu_has_a_number_which_pytorch_before_2_5_needs_to_tell_its_free_memory(gpu):
    gpu(count=2)
    assert [resolve_device(name).index for name in ("auto", "cuda", "cuda:1")] == [0, 0, 1]


def test_one_numbered_gpu_for_several_processes_is_refused(gpu):
    gpu(count=2)
    with pytest.raises(InputError, match="device='cuda:1': one GPU for several processes; expected cuda"):
        resolve_device("cuda:1", local_rank=1)


@pytest.mark.parametrize("name", ["gpu", "hpu", "privateuseone"])
def test_a_device_that_pytorch_does_not_know_is_refused(name):
    with pytest.raises(InputError, match=f"device='{name}': not usable here"):
        resolve_device(name)


@pytest.mark.parametrize(("visible", "expected"), [(4, "cuda:3"), (1, "cuda:0")])
@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_local_rank_chooses_among_the_gpus_that_are_visible(gpu, name, visible, expected):
    tried = gpu(count=visible)
    assert resolve_device(name, local_rank=3) == torch.device(expected)
    assert tried == [expected]


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_more_processes_than_gpus_are_refused(gpu, name):
    gpu(count=2)
    with pytest.raises(InputError, match=f"device='{name}': 3 processes on a machine of 2 GPUs; expected as many"):
        resolve_device(name, local_rank=2)


@pytest.mark.parametrize(
    ("device", "capability", "expected"),
    [
        (CPU, None, torch.channels_last),
        (CUDA, (3, 7), torch.contiguous_format),
        (CUDA, (7, 5), torch.contiguous_format),
        (CUDA, (8, 0), torch.channels_last),
    ],
)
def test_memory_format_is_channels_last_on_cpus_and_modern_gpus(gpu, device, capability, expected):
    gpu(capability)
    assert memory_format(device) == expected


@pytest.mark.parametrize(
    ("device", "capability", "name", "expected"),
    [
        (CPU, None, "auto", "float32"),
        (CUDA, (3, 7), "auto", "float32"),
        (CUDA, (9, 0), "auto", "tf32"),
        (CUDA, (9, 0), "float32", "float32"),
        (CUDA, (9, 0), "tf32", "tf32"),
    ],
)
def test_precision_auto_is_tf32_on_a_modern_gpu_alone(gpu, device, capability, name, expected):
    gpu(capability)
    assert resolve_precision(name, device) == expected


@pytest.mark.parametrize(
    ("device", "capability", "name"), [(CPU, None, "tf32"), (CUDA, (7, 0), "tf32"), (CUDA, (7, 0), "bfloat16")]
)
def test_a_precision_that_the_device_lacks_is_refused(gpu, device, capability, name):
    gpu(capability)
    with pytest.raises(InputError, match=f"precision='{name}': {device} has no units for it; expected"):
        resolve_precision(name, device)


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch has no autocast for CPUs")
def test_bfloat16_is_what_it_says_on_a_cpu():
    assert resolve_precision("bfloat16", CPU) == "bfloat16"


def test_bfloat16_is_refused_where_pytorch_lacks_it(monkeypatch):
    monkeypatch.delattr(torch, "autocast", raising=False)
    with pytest.raises(InputError, match=r"PyTorch before 1\.10 does not have it"):
        resolve_precision("bfloat16", CPU)


@pytest.fixture
def flags():
    """PyTorch's flags for GPUs, put back afterwards."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32, cudnn.deterministic, cudnn.benchmark
    yield lambda: (cudnn.allow_tf32, matmul.allow_tf32, cudnn.deterministic, cudnn.benchmark)
    cudnn.allow_tf32, matmul.allow_tf32, cudnn.deterministic, cudnn.benchmark = before


@pytest.mark.parametrize(("precision", "tf32"), [("tf32", True), ("float32", False), ("bfloat16", False)])
def test_use_precision_sets_tf32_for_products_and_convolutions_alike(flags, precision, tf32):
    use_precision(precision, CUDA)
    assert flags() == (tf32, tf32, True, False)


def test_use_precision_leaves_the_flags_alone_on_a_cpu(flags):
    before = flags()
    use_precision("float32", CPU)
    assert flags() == before


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_autocast_does_nothing_in_float32(precision):
    assert autocast(CPU, precision) is nullcontext


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch has no autocast for CPUs")
def test_autocast_computes_products_in_bfloat16():
    with autocast(CPU, "bfloat16")():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


@pytest.mark.parametrize("before", [True, False])
def test_full_float32_gives_the_switches_back(before):
    switch = torch.backends.cuda.matmul
    own, switch.allow_tf32 = switch.allow_tf32, before
    try:
        with full_float32():
            assert not switch.allow_tf32
        assert switch.allow_tf32 is before
    finally:
        switch.allow_tf32 = own


newer_settings = pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="one setting of TF32 here")


def _precisions_where_the_user_set(newer, code):
    """What cuDNN's convolutions and the products have by the end of `code`; these settings cannot all be put back."""
    lines = (
        "import torch; from utils.training.device import full_float32, use_precision",
        f"torch.backends.{newer} = 'tf32'",
        "torch.backends.cudnn.rnn.fp32_precision = 'ieee'",
        "show = lambda: print(torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision)",
        *code,
    )
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=str(REPOSITORY), stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().splitlines()


@newer_settings
@pytest.mark.parametrize("newer", ["fp32_precision", "cuda.matmul.fp32_precision", "cudnn.conv.fp32_precision"])
def test_full_float32_works_where_the_user_set_pytorchs_newer_settings(newer):
    before, inside, after = _precisions_where_the_user_set(newer, ["show()", "with full_float32(): show()", "show()"])
    assert inside == "ieee ieee"
    assert "tf32" in before
    assert after == before


@newer_settings
@pytest.mark.parametrize("newer", ["fp32_precision", "cudnn.fp32_precision", "cudnn.conv.fp32_precision"])
def test_float32_has_no_tf32_where_the_user_set_pytorchs_newer_settings(newer):
    code = ["use_precision('float32', torch.device('cuda'))", "show()", "print(torch.backends.cudnn.allow_tf32)"]
    assert _precisions_where_the_user_set(newer, code) == ["ieee ieee", "False"]


def test_autocast_names_bfloat16_which_is_not_a_gpus_default(monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *arguments, **options: (arguments, options), raising=False)
    assert autocast(CUDA, "bfloat16")() == (("cuda",), {"dtype": torch.bfloat16})
