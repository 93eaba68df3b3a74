"""Encoders of other people: what they raise or change, and codes of other kinds."""

import numpy as np
import pytest
import torch

import representation
from utils.errors import InputError

IMAGES = np.random.RandomState(0).rand(2, 64, 64, 3)


class Raising(torch.nn.Module):
    def forward(self, given):
        if given.size(3) != 3:
            raise RuntimeError("boom\nsecond line")
        return given.flatten(1)


class Requiring(torch.nn.Module):
    def forward(self, given):
        return given.flatten(1)[:, :5].clone().requires_grad_()


class Complex(torch.nn.Module):
    def forward(self, given):
        return torch.complex(given.flatten(1)[:, :5], given.flatten(1)[:, :5])


class Sparse(torch.nn.Module):
    def forward(self, given):
        return given.flatten(1)[:, :5].to_sparse()


class Quantized(torch.nn.Module):
    def forward(self, given):
        return torch.quantize_per_tensor(given.flatten(1)[:, :5], 0.1, 0, torch.quint8)


class EncodesByAnotherName(torch.nn.Module):
    @torch.jit.export
    def encode(self, given):
        return given.flatten(1)


class RaisesAtLength(torch.nn.Module):
    def forward(self, given):
        message = "boom "
        for _ in range(10):
            message = message + message
        if given.size(3) != 3:
            raise RuntimeError(message)
        return given.flatten(1)


class Viewed(torch.nn.Module):
    """A convolution's map as a row by `view`, which tells what lies how in memory."""

    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 2, 16, stride=16)

    def forward(self, given):
        values = self.convolution(given)
        return values.view(values.size(0), -1)


class Asserts(torch.nn.Module):
    def forward(self, given):
        assert given.size(3) == 3, "wants the channels last"
        return given.flatten(1)


class NormalisesInPlace(torch.nn.Module):
    """Changes the images that it gets, and then views them."""

    def forward(self, given):
        given.sub_(0.5).div_(0.5)
        return given.view(given.size(0), -1)[:, :4]


def scripted(module, folder):
    torch.jit.save(torch.jit.script(module), str(folder / "module.pt"))
    return representation.load(folder / "module.pt", device="cpu")


def test_representation_takes_a_module_that_views_its_values(tmp_path):
    module = Viewed()
    expected = module(torch.from_numpy(IMAGES.astype(np.float32).transpose(0, 3, 1, 2).copy())).detach()
    assert np.allclose(scripted(module, tmp_path)(IMAGES), expected, atol=1e-6)


def test_representation_refuses_an_encoder_that_raises(tmp_path):
    with pytest.raises(InputError, match=r"module\.pt: fails on images \(2, 3, 64, 64\) \(.*AssertionError"):
        scripted(Asserts(), tmp_path)(IMAGES)


def test_representation_tells_the_whole_of_what_an_encoder_raises(tmp_path):
    with pytest.raises(InputError, match=r"\(.*boom second line\)"):
        scripted(Raising(), tmp_path)(IMAGES)


def test_representation_tells_the_beginning_of_a_long_error(tmp_path):
    with pytest.raises(InputError, match="boom boom") as raised:
        scripted(RaisesAtLength(), tmp_path)(IMAGES)
    assert len(str(raised.value)) < 600


def test_representation_refuses_a_module_without_forward(tmp_path):
    with pytest.raises(InputError, match=r"module\.pt: a TorchScript module without forward, expected images -> codes"):
        scripted(EncodesByAnotherName(), tmp_path)


def test_representation_takes_codes_that_require_gradients(tmp_path):
    assert scripted(Requiring(), tmp_path)(IMAGES).shape == (2, 5)


@pytest.mark.filterwarnings("ignore:Using sparse tensors", "ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("module", [Complex(), Sparse(), Quantized()])
def test_representation_refuses_codes_that_are_no_dense_real_numbers(tmp_path, module):
    with pytest.raises(InputError, match="expected dense real numbers"):
        scripted(module, tmp_path)(IMAGES)


@pytest.mark.parametrize("given", [IMAGES.astype(np.float32), (255 * IMAGES).astype(np.uint8)])
def test_representation_of_a_module_that_changes_its_images_and_views_them_is_that_of_the_images(tmp_path, given):
    shares = given / np.float32(255) if given.dtype == np.uint8 else given
    expected = NormalisesInPlace()(torch.from_numpy(shares.transpose(0, 3, 1, 2).copy()))
    assert np.allclose(scripted(NormalisesInPlace(), tmp_path)(given), expected, atol=1e-6)


@pytest.mark.parametrize("given", [IMAGES.astype(np.float32), (255 * IMAGES).astype(np.uint8)])
def test_representation_leaves_the_caller_s_images_as_they_are(tmp_path, given):
    before = given.copy()
    scripted(NormalisesInPlace(), tmp_path)(given)
    np.testing.assert_array_equal(given, before)


class ReusesItsOutput(torch.nn.Module):
    """Writes each batch's codes into the same memory, as CUDA graphs and other engines do."""

    def __init__(self):
        super().__init__()
        self.out = torch.zeros(64, 4)

    def forward(self, given):
        self.out[: given.size(0)] = given.flatten(1)[:, :4]
        return self.out[: given.size(0)]


def test_representation_keeps_the_codes_of_a_module_that_reuses_its_output(tmp_path):
    images = np.random.RandomState(1).rand(40, 64, 64, 3).astype(np.float32)  # more than one batch
    expected = images.transpose(0, 3, 1, 2).reshape(40, -1)[:, :4]
    np.testing.assert_array_equal(scripted(ReusesItsOutput(), tmp_path)(images), expected)
