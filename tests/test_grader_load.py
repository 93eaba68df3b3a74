"""An encoder that is loaded and called as the grader does it: its faults are found."""

import numpy as np
import pytest
import torch

from utils.errors import InputError
from utils.submission.grader_load import encode, time_batches


class Odd(torch.nn.Module):
    """An encoder with a fault."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def forward(self, images):
        codes = images.mean((2, 3))
        if self.fault == "three axes":
            return codes.unsqueeze(2)
        return codes - images.mean() if self.fault == "batch" else codes / 0


@pytest.mark.parametrize(("fault", "told"), [("three axes", "shape"), ("infinite", "not finite"), ("batch", "batch")])
def test_an_encoder_s_fault_is_found(tmp_path, fault, told):
    torch.jit.trace(Odd(fault), torch.rand(2, 3, 64, 64), check_trace=False).save(str(tmp_path / "odd.pt"))
    images = np.random.RandomState(0).rand(1000, 64, 64, 3)
    with pytest.raises(InputError, match=told):
        time_batches(tmp_path / "odd.pt", images, "cpu")


def test_encode_gives_the_module_nchw_float32():
    images = np.random.RandomState(0).rand(2, 64, 64, 3)
    codes = encode(lambda batch: batch[:, :, 5, 7], images, "cpu")
    np.testing.assert_array_equal(codes, images[:, 5, 7].astype(np.float32))


def test_encode_refuses_a_module_that_gives_no_codes():
    images = np.zeros((2, 64, 64, 3))
    with pytest.raises(InputError, match="give a tuple"):
        encode(lambda batch: (batch, batch), images, "cpu")
    with pytest.raises(InputError, match=r"fails on images \(2, 3, 64, 64\)"):
        encode(torch.nn.Linear(3, 2), images, "cpu")
