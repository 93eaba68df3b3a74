"""What only a GPU can show; docs/gpu.md lists the rest."""

import copy
import dataclasses

import pytest
import torch

from utils.config import OBJECTIVE_NAMES, Config
from utils.training import resident as residents
from utils.training.batches import to_model_input
from utils.training.device import why_unusable
from utils.training.resident import ResidentImages
from utils.training.trainer import Trainer

pytestmark = pytest.mark.skipif(why_unusable("cuda") is not None, reason="needs a GPU")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
SMALL = Config(latent_dim=3, batch_size=8, learning_rate=1e-3)


def trainer(images, device=CUDA, dtype=torch.float32, **settings):
    return Trainer(dataclasses.replace(SMALL, **settings), images, device, dtype=dtype)


def weights(trained):
    return torch.cat([p.detach().cpu().reshape(-1) for net in trained.networks.values() for p in net.parameters()])


def after(trained, steps):
    for _ in range(steps):
        trained.update()
    trained.close()
    return trained


@pytest.mark.parametrize("objective", OBJECTIVE_NAMES)
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("auto", 5e-3)])
def test_gradients_are_those_of_float64_on_a_cpu(tiny_images, monkeypatch, objective, precision, tolerance):
    def gradients(device, dtype):
        trained, found = trainer(tiny_images, device, dtype, objective=objective, precision=precision), []
        monkeypatch.setattr(trained, "_move", found.extend)
        noise = torch.Generator().manual_seed(1)
        for name in ("randn", "rand"):
            monkeypatch.setattr(torch, name, drawn_on_the_cpu(originals[name], noise))
        images = to_model_input(tiny_images[: 16 if trained.adversarial else 8], device).to(dtype)
        trained.learn(images, None)
        return torch.cat([gradient.reshape(-1).double().cpu() for gradient in found])

    originals = {name: getattr(torch, name) for name in ("randn", "rand")}
    expected, found = gradients(CPU, torch.float64), gradients(CUDA, torch.float32)
    assert float((found - expected).norm() / expected.norm()) < tolerance


def drawn_on_the_cpu(make, noise):
    """torch.rand or torch.randn with the same numbers for every device and type."""

    def draw(*shape, generator=None, device=None, dtype=None):
        return make(*shape, generator=noise, dtype=torch.float64).to(device=device, dtype=dtype or torch.float32)

    return draw


@pytest.mark.skipif(not hasattr(torch.cuda, "set_sync_debug_mode"), reason="this PyTorch cannot tell")
@pytest.mark.parametrize("from_copy", [False, True])
def test_update_never_waits_for_the_gpu(tiny_images, monkeypatch, from_copy):
    monkeypatch.setattr(residents, "SPARE", 0 if from_copy else 2**50)
    trained = trainer(tiny_images)
    trained.update()
    if from_copy:
        trained.resident.thread.join()
    for _ in range(3):
        trained.update()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        trained.update()
    finally:
        torch.cuda.set_sync_debug_mode("default")
        trained.close()


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_run_repeats_and_resumes_bit_for_bit(tiny_images, precision):
    whole = after(trainer(tiny_images, precision=precision), 20)
    again, rest = (trainer(tiny_images, precision=precision) for _ in range(2))
    state = copy.deepcopy(after(again, 10).state_dict())
    rest.load_state_dict(state)
    assert torch.equal(weights(whole), weights(after(again, 10)))
    assert torch.equal(weights(whole), weights(after(rest, 10)))


def test_copy_on_the_gpu_holds_every_image(tiny_images):
    copied = ResidentImages(tiny_images, CUDA)
    copied.start_if_it_fits()
    copied.thread.join()
    assert torch.equal(copied.tensor.cpu(), torch.from_numpy(tiny_images))
