import copy
import os
import subprocess
import sys
import warnings

import pytest
import torch
from conftest import REPOSITORY

from utils.errors import InputError
from utils.run.export import _plain_copy, _verify, export_encoder, require_torchscript
from utils.training.models import Encoder


@pytest.mark.parametrize(("channels", "width", "depth"), [(1, 1, 1), (3, 1, 2), (3, 2, 1)])
@pytest.mark.parametrize("count", [1, 16, 65])
def test_export_equals_the_eager_mean(tmp_path, channels, width, depth, count):
    encoder, images = Encoder(channels, 7, width, depth), torch.rand(count, channels, 64, 64)
    export_encoder(encoder, channels, tmp_path / "m.pt")
    codes = torch.jit.load(str(tmp_path / "m.pt"))(images)
    assert codes.dtype == torch.float32
    assert torch.allclose(codes, encoder(images)[0].detach(), atol=1e-5)


def test_export_writes_into_a_folder_whose_name_is_not_utf_8(tmp_path):
    path = tmp_path / os.fsdecode(b"b\xff") / "m.pt"
    export_encoder(Encoder(3, 7), 3, path)
    assert path.stat().st_size > 0


def test_export_has_weights_with_plain_strides(tmp_path):
    encoder = Encoder(3, 7).to(memory_format=torch.channels_last)
    assert not all(parameter.is_contiguous() for parameter in encoder.parameters())
    export_encoder(encoder, 3, tmp_path / "m.pt")
    assert all(parameter.is_contiguous() for parameter in torch.jit.load(str(tmp_path / "m.pt")).parameters())


def test_export_loads_without_the_kit(tmp_path):
    export_encoder(Encoder(3, 7), 3, tmp_path / "m.pt")
    code = "import sys, torch; print(torch.jit.load(sys.argv[1])(torch.rand(2, 3, 64, 64)).shape)"
    told = subprocess.run([sys.executable, "-c", code, "m.pt"], cwd=str(tmp_path), stdout=subprocess.PIPE, check=True)
    assert told.stdout.decode().strip() == "torch.Size([2, 7])"


def test_torchscript_that_is_switched_off_is_refused_by_name(monkeypatch):
    require_torchscript()
    monkeypatch.setenv("PYTORCH_JIT", "0")
    with pytest.raises(InputError, match="PYTORCH_JIT=0: switches TorchScript off"):
        require_torchscript()


def test_export_leaves_the_encoder_as_it_was(tmp_path):
    encoder = Encoder(3, 7).double()
    before = copy.deepcopy(encoder.state_dict())
    export_encoder(encoder, 3, tmp_path / "m.pt")
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_export_copies_the_weights_to_the_cpu_one_by_one(monkeypatch):
    encoder, copied = Encoder(3, 7), []
    monkeypatch.setattr(torch.nn.Parameter, "__deepcopy__", lambda parameter, memo: copied.append(parameter))
    plain = _plain_copy(encoder)
    assert not copied  # deepcopy would make a second encoder on the device where it is
    expected = encoder.mean_encoder().parameters()
    assert all(torch.equal(one, other) and one is not other for one, other in zip(plain.parameters(), expected))


def test_export_of_weights_that_are_not_finite_keeps_the_last_file(tmp_path):
    encoder, path = Encoder(3, 7), tmp_path / "m.pt"
    export_encoder(encoder, 3, path)
    before = path.read_bytes()
    with torch.no_grad():
        encoder.mean.weight.fill_(float("nan"))
    with pytest.raises(RuntimeError, match="not finite"):
        export_encoder(encoder, 3, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_export_onto_a_full_disk_is_an_error_that_python_sees(tmp_path):
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from utils.run.export import export_encoder; from utils.training.models import Encoder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "try: export_encoder(Encoder(3, 7), 3, Path(sys.argv[1]))\n"
        "except OSError: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.pt")], cwd=str(REPOSITORY), check=False)
    assert done.returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_export_works_where_warnings_are_errors(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_encoder(Encoder(3, 7), 3, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").exists()


@pytest.mark.parametrize(("size", "difference"), [(1.0, 1.2e-5), (0.1, 1.2e-5), (100.0, 1.2e-3)])
def test_export_refuses_codes_that_differ_by_more_than_a_hundred_thousandth(size, difference):
    with pytest.raises(RuntimeError, match="codes differ by"):
        verify_codes(size, difference)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_export_refuses_a_module_that_takes_one_number_of_images_alone(size):
    def loaded(images):
        return torch.zeros(size, 2)

    with pytest.raises(RuntimeError, match="exported encoder: codes"):
        _verify(loaded, lambda images: torch.zeros(len(images), 2), channels=3)


@pytest.mark.parametrize(("size", "difference"), [(1.0, 0.8e-5), (0.1, 0.8e-5), (100.0, 0.8e-3)])
def test_export_takes_codes_that_differ_by_rounding(size, difference):
    verify_codes(size, difference)


def verify_codes(size, difference):
    """Compare codes of `size` with exported ones that differ from them by `difference`."""

    def encoder(size):
        return lambda images: torch.full((len(images), 2), size, dtype=torch.float64)

    _verify(encoder(size + difference), encoder(size), channels=3)
