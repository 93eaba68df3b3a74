import os
import warnings

import numpy as np
import pytest
import torch

import representation
from utils.errors import InputError
from utils.run.export import export_encoder
from utils.training.models import Encoder


@pytest.fixture(scope="module")
def encoder_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "pytorch_model.pt"
    export_encoder(Encoder(3, 5), 3, path)
    return path


@pytest.fixture(scope="module")
def represent(encoder_path):
    return representation.load(encoder_path, device="cpu")


def images(count, dtype=np.float32):
    return np.random.RandomState(0).rand(count, 64, 64, 3).astype(dtype)


@pytest.mark.parametrize("count", [1, 16, 64, representation.BATCH["cpu"] + 1])
def test_representation_has_a_row_an_image(represent, count):
    codes = represent(images(count))
    assert codes.shape == (count, 5)
    assert codes.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, ">f4", np.float64, ">f8", np.longdouble])
def test_representation_takes_floats_of_any_kind(represent, dtype):
    assert np.allclose(represent(images(2).astype(dtype)), represent(images(2)), atol=1e-3)


def test_representation_does_not_depend_on_the_batch(represent):
    given = images(9)
    assert np.allclose(represent(given)[4:5], represent(given[4:5]), atol=1e-5)


def test_representation_of_uint8_is_that_of_its_255th(represent):
    given = np.random.RandomState(0).randint(0, 256, size=(3, 64, 64, 3)).astype(np.uint8)
    assert np.allclose(represent(given), represent(given / 255.0), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_representation_takes_any_float(represent, dtype):
    assert represent(images(2, dtype)).dtype == np.float32


def test_representation_takes_views_with_any_strides(represent):
    given = images(4)
    assert np.array_equal(represent(given[::-2, ::-1]), represent(np.ascontiguousarray(given[::-2, ::-1])))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (np.zeros((2, 64, 64, 3), dtype=np.int64), "dtype int64"),
        (np.zeros((2, 64, 64, 3), dtype=bool), "dtype bool"),
        (np.full((2, 64, 64, 3), 255.0), "values from 255.0 to 255.0"),
        (np.full((2, 64, 64, 3), -0.1), "values from -0.1"),
        (np.full((2, 64, 64, 3), np.nan), "values from nan"),
        (np.zeros((64, 64, 3)), r"shape \(64, 64, 3\)"),
        (np.zeros((2, 3, 64, 64)), r"shape \(2, 3, 64, 64\)"),
        (np.zeros((0, 64, 64, 3)), r"shape \(0, 64, 64, 3\)"),
        (np.zeros((2, 64, 64, 0)), r"shape \(2, 64, 64, 0\)"),
        (np.zeros((2, 64, 64, 1)), "fails on images"),
        (torch.zeros(2, 64, 64, 3, dtype=torch.bfloat16), "found Tensor, expected an array"),
        (torch.zeros(2, 64, 64, 3, requires_grad=True), "found Tensor, expected an array"),
        ([[0.0, 1.0], [0.0]], "found (list, expected an array|shape|dtype object)"),
    ],
)
def test_representation_refuses_by_name(represent, given, told):
    with pytest.raises(InputError, match=told):
        represent(given)


def test_load_names_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.pt: cannot be read \(No such file"):
        representation.load(tmp_path / "none.pt")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_load_names_a_truncated_file(tmp_path, encoder_path, share):
    content = encoder_path.read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cut\.pt: not a TorchScript module"):
        representation.load(tmp_path / "cut.pt")


def test_load_gives_no_warning(encoder_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        representation.load(encoder_path, device="cpu")


def test_load_refuses_a_checkpoint_by_name(tmp_path):
    torch.save({"weights": torch.zeros(3)}, str(tmp_path / "state.pt"))
    with pytest.raises(InputError, match=r"state\.pt: not a TorchScript module"):
        representation.load(tmp_path / "state.pt")


@pytest.mark.parametrize(("output", "told"), [("flat", "returned"), ("tuple", "returned tuple")])
def test_representation_refuses_an_encoder_of_another_contract(tmp_path, output, told):
    class Other(torch.nn.Module):
        def forward(self, given):
            return given.flatten() if output == "flat" else (given.flatten(1), given.flatten(1))

    torch.jit.save(torch.jit.trace(Other(), torch.rand(2, 3, 64, 64)), str(tmp_path / "other.pt"))
    with pytest.raises(InputError, match=told):
        representation.load(tmp_path / "other.pt", device="cpu")(images(2))


def test_representation_reads_a_file_whose_name_is_not_utf_8(tmp_path, encoder_path):
    path = tmp_path / os.fsdecode(b"b\xff.pt")
    path.write_bytes(encoder_path.read_bytes())
    assert len(representation.load(path, device="cpu")(images(2))) == 2


def test_representation_is_the_mean_of_the_image_as_it_lies(tmp_path):
    encoder, given = Encoder(3, 5), images(3)
    export_encoder(encoder, 3, tmp_path / "m.pt")
    expected = encoder(torch.from_numpy(given.transpose(0, 3, 1, 2).copy()))[0]
    assert np.allclose(representation.load(tmp_path / "m.pt", device="cpu")(given), expected.detach(), atol=1e-5)


def test_representation_of_a_module_saved_while_training_is_the_same_each_time(tmp_path):
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 64, 4), torch.nn.Dropout(0.5))
    torch.jit.save(torch.jit.script(module.train()), str(tmp_path / "training.pt"))
    represent = representation.load(tmp_path / "training.pt", device="cpu")
    assert np.array_equal(represent(images(2)), represent(images(2)))


@pytest.fixture
def experiment(encoder_path, tmp_path, monkeypatch):
    """A function that exports an encoder as the experiment of a name, and goes to that experiment."""

    def export(name, content=None):
        place = tmp_path / name / "representation"
        place.mkdir(parents=True, exist_ok=True)
        (place / "new.pt").write_bytes(content or encoder_path.read_bytes())
        (place / "new.pt").replace(place / "pytorch_model.pt")
        monkeypatch.setenv("AICROWD_EVALUATION_NAME", name)

    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    return export


@pytest.fixture(scope="module")
def other_encoder(tmp_path_factory):
    path = tmp_path_factory.mktemp("other") / "other.pt"
    export_encoder(Encoder(3, 7), 3, path)
    return path.read_bytes()


def test_representation_function_reads_this_experiments_encoder(experiment):
    experiment("mine")
    assert representation.representation_function(images(2)).shape == (2, 5)


@pytest.mark.parametrize(("variables", "asked"), [({}, True), ({"AICROWD_CUDA": "False"}, False)])
def test_load_asks_for_a_gpu_that_computes_unless_told_not_to(encoder_path, monkeypatch, variables, asked):
    calls = []
    monkeypatch.delenv("AICROWD_CUDA", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(representation, "automatic_device", lambda: calls.append(1) or torch.device("cpu"))
    assert representation.load(encoder_path)(images(2)).shape == (2, 5)
    assert bool(calls) is asked


def test_representation_function_reads_a_new_export(experiment, other_encoder):
    experiment("mine")
    representation.representation_function(images(2))
    experiment("mine", other_encoder)
    assert representation.representation_function(images(2)).shape == (2, 7)


def test_a_replaced_file_of_the_same_size_is_read_again(tmp_path):
    (tmp_path / "old.pt").write_bytes(b"1234")
    (tmp_path / "new.pt").write_bytes(b"5678")
    before = representation._identity(tmp_path / "old.pt")
    (tmp_path / "new.pt").replace(tmp_path / "old.pt")
    assert representation._identity(tmp_path / "old.pt") != before


def test_representation_function_follows_the_experiments_name(experiment, other_encoder):
    experiment("mine")
    representation.representation_function(images(2))
    experiment("other", other_encoder)
    assert representation.representation_function(images(2)).shape == (2, 7)


def test_representation_function_loads_an_encoder_once(experiment, monkeypatch):
    experiment("mine")
    representation.representation_function(images(2))
    monkeypatch.setattr(representation, "load", lambda path: pytest.fail("loaded again"))
    representation.representation_function(images(2))


def test_load_falls_back_to_the_cpu_with_one_line(encoder_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert representation.load(encoder_path)(images(2)).shape == (2, 5)
    assert capsys.readouterr().err.startswith("note: the GPU is not usable (")


@pytest.mark.parametrize("name", ["cuda:77", "gpu"])
def test_load_refuses_a_named_device_that_cannot_compute(encoder_path, name):
    with pytest.raises(InputError, match=rf"device='{name}': not usable here \(.+\); expected auto, cpu"):
        representation.load(encoder_path, device=name)


def test_representation_encodes_without_tf32(tmp_path, monkeypatch):
    seen = []

    class Watched(torch.nn.Module):
        def forward(self, given):
            seen.append((torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32))
            return given.flatten(1)[:, :3]

    monkeypatch.setattr(representation, "_load_module", lambda content, path, device: Watched())
    (tmp_path / "any.pt").write_bytes(b"")
    before = torch.backends.cudnn.allow_tf32
    representation.load(tmp_path / "any.pt", device="cpu")(images(2))
    assert seen == [(False, False)]
    assert torch.backends.cudnn.allow_tf32 is before


@pytest.fixture
def identity(encoder_path, monkeypatch):
    """A function: the `identity` of the encoder that computes on a device, or of another file."""
    monkeypatch.setattr(representation, "_load_module", lambda content, path, device: None)
    return lambda device="cpu", path=encoder_path: representation.Representation(path, torch.device(device)).identity


def test_identity_changes_with_the_kind_of_device(identity):
    assert identity("cpu") != identity("cuda")


def test_identity_changes_with_pytorch(identity, monkeypatch):
    before = identity()
    monkeypatch.setattr(torch, "__version__", "0.4")
    assert identity() != before


def test_identity_is_that_of_the_content(identity, encoder_path, tmp_path):
    (tmp_path / "copy.pt").write_bytes(encoder_path.read_bytes())
    assert identity(path=tmp_path / "copy.pt") == identity()
