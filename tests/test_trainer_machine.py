"""What the trainer does on a machine: precision, memory format, Adam's form, waits, threads and copies."""

import copy
from types import SimpleNamespace

import pytest
import torch
from trainers import CPU, SMALL, after_an_update, trainer, weights

from utils.config import OBJECTIVE_NAMES
from utils.errors import InputError
from utils.run.means import Means
from utils.training import linear
from utils.training import trainer as trainers
from utils.training.batches import to_model_input


def test_load_state_dict_refuses_another_precision(tiny_images):
    state = {**trainer(tiny_images).state_dict(), "precision": "tf32", "device": "cuda"}
    with pytest.raises(InputError, match="trained in tf32 on cuda and would go on in float32 on cpu"):
        trainer(tiny_images).load_state_dict(state)


def test_load_state_dict_says_what_another_device_keeps(tiny_images, capsys):
    state = {**trainer(tiny_images).state_dict(), "device": "cuda"}
    trainer(tiny_images).load_state_dict(state)
    assert "continuing on cpu a run of cuda" in capsys.readouterr().out


def test_load_state_dict_lays_moments_out_as_their_parameters(tiny_images, monkeypatch):
    one = after_an_update(tiny_images)
    monkeypatch.setattr(trainers, "memory_format", lambda device: torch.contiguous_format)
    other = trainer(tiny_images)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    moments = other.optimizers["vae"].state
    assert all(values["exp_avg_sq"].stride() == parameter.stride() for parameter, values in moments.items())
    gradients = [torch.rand(p.shape) for name in one.optimizers for p in one._parameters(name)]
    for trained in (one, other):
        trained._move(gradients)
    for a, b in zip(weights(one, "encoder"), weights(other, "encoder")):
        assert torch.allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("objective", OBJECTIVE_NAMES)
def test_learn_never_waits_for_the_device(tiny_images, objective, monkeypatch):
    """No number is read back and none is brought to the device; the optimizers are the device's own matter."""
    trained = trainer(tiny_images, objective=objective)
    monkeypatch.setattr(trained, "_move", lambda gradients: None)
    images, means = to_model_input(tiny_images[:8], CPU), Means()
    with torch.autograd.profiler.profile() as profile:
        means.add(trained.learn(images, torch.Generator().manual_seed(0)))
    events = [event for event in profile.function_events if not is_inside_logsumexp(event)]
    names = {event.name.split("::")[-1] for event in events}
    assert names & {"mm", "addmm"}
    assert not names & {"item", "_local_scalar_dense", "is_nonzero", "nonzero", "lift_fresh"}


def is_inside_logsumexp(event):
    """PyTorch 1.8 reads a scalar there that lies on the CPU."""
    while event is not None and not event.name.endswith("::logsumexp"):
        event = event.cpu_parent
    return event is not None


@pytest.mark.skipif(not hasattr(torch.optim, "_multi_tensor"), reason="this PyTorch has fused Adam")
def test_adam_of_old_versions_is_multi_tensor_on_a_gpu_and_the_same():
    generator, steps = torch.Generator().manual_seed(0), []
    start, gradients = torch.randn(5, generator=generator), torch.randn(3, 5, generator=generator)
    for device in (CPU, torch.device("cuda")):
        parameter = torch.nn.Parameter(start.clone())
        optimizer = trainers.adam([parameter], 1e-2, (0.5, 0.9), device)
        for gradient in gradients:
            parameter.grad = gradient
            optimizer.step()
        steps.append((type(optimizer).__module__, parameter.detach()))
    assert "_multi_tensor" not in steps[0][0]
    assert "_multi_tensor" in steps[1][0]
    assert torch.allclose(steps[0][1], steps[1][1], rtol=1e-6)


@pytest.mark.skipif(not hasattr(torch, "autocast"), reason="this PyTorch does not train in bfloat16")
def test_every_network_trains_in_bfloat16_where_that_is_the_precision(tiny_images):
    trained, seen = trainer(tiny_images, precision="bfloat16"), {}
    for name, network in trained.networks.items():
        hidden = next(layer for layer in network.modules() if hasattr(layer, "weight"))
        hidden.register_forward_hook(lambda layer, given, output, name=name: seen.update({name: output.dtype}))
    trained.update()
    trained.close()
    assert seen == dict.fromkeys(("encoder", "decoder", "discriminator"), torch.bfloat16)


def test_adam_is_fused_where_pytorch_has_that():
    optimizer = trainers.adam([torch.nn.Parameter(torch.zeros(1))], 1e-3, (0.9, 0.999), CPU)
    assert optimizer.defaults.get("fused") is (True if "fused" in optimizer.defaults else None)


@pytest.mark.skipif(not hasattr(torch, "accelerator"), reason="this PyTorch's optimizers do not ask a GPU")
def test_a_step_on_a_cpu_asks_no_gpu(monkeypatch):
    def busy():
        raise RuntimeError("CUDA-capable device(s) is/are busy or unavailable")

    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "current_stream", busy)
    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.ones(1)
    trainers.adam([parameter], 1e-3, (0.9, 0.999), CPU).step()
    assert parameter < 1


def test_adam_is_plain_where_the_fused_one_does_not_know_the_device(monkeypatch):
    class Adam(torch.optim.Adam):  # as in PyTorch 1.13 to 2.3 on a CPU
        def __init__(self, parameters, lr, betas, fused=None):
            if fused:
                raise RuntimeError("`fused=True` requires all the params to be CUDA, floating point Tensor")
            super().__init__(parameters, lr=lr, betas=betas)

    monkeypatch.setattr(torch.optim, "Adam", Adam)
    network = torch.nn.Linear(2, 1)
    optimizer = trainers.adam(network.parameters(), 1e-3, (0.9, 0.999), CPU)
    assert len(optimizer.param_groups[0]["params"]) == 2


def test_trainer_sets_the_precision_that_auto_means_on_its_device(tiny_images, monkeypatch):
    calls = []
    monkeypatch.setattr(trainers, "use_precision", lambda *arguments: calls.append(arguments))
    assert trainer(tiny_images, precision="auto").precision == "float32"
    assert calls == [("float32", CPU)]


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_networks_lie_in_the_devices_memory_format(tiny_images, monkeypatch, layout):
    monkeypatch.setattr(trainers, "memory_format", lambda device: layout)
    convolutions = [p for p in trainer(tiny_images).networks["encoder"].parameters() if p.dim() == 4]
    assert all(p.is_contiguous(memory_format=layout) for p in convolutions)
    assert all(p.is_contiguous() is (layout == torch.contiguous_format) for p in convolutions)


def test_update_copies_the_data_set_once(tiny_images, monkeypatch):
    copies = []
    resident = SimpleNamespace(tensor=torch.from_numpy(tiny_images), start_if_it_fits=lambda: None)
    monkeypatch.setattr(trainers, "ResidentImages", lambda *of: copies.append(of) or resident)
    trained = trainer(tiny_images)
    for _ in range(2):
        trained.update()
        trained.close()
    assert [of[:2] for of in copies] == [(tiny_images, CPU)]


def test_discriminator_multiplies_by_onednn_where_that_pays(tiny_images, monkeypatch):
    plain = after_an_update(tiny_images)
    monkeypatch.setattr(linear, "mkl_is_slow", lambda: True)
    fast = after_an_update(tiny_images)
    assert isinstance(fast.networks["discriminator"].layers[0], linear.OneDnnLinear)
    for name in plain.networks:
        for one, other in zip(weights(plain, name), weights(fast, name)):
            assert float((one - other).abs().mean()) < 1e-3 * SMALL.learning_rate  # Adam moves by the rate, up or down


@pytest.mark.parametrize("complete", [False, True])
def test_close_ends_a_copy_to_the_gpu_and_keeps_a_complete_one(tiny_images, complete):
    trained, closed = trainer(tiny_images), []
    tensor = torch.from_numpy(tiny_images) if complete else None
    resident = SimpleNamespace(tensor=tensor, start_if_it_fits=lambda: None, close=lambda: closed.append(True))
    trained.resident = resident
    trained.update()
    trained.close()
    assert (trained.resident is resident, bool(closed)) == (complete, not complete)


def test_step_does_not_depend_on_how_gradients_lie_in_memory(tiny_images):
    one, other = trainer(tiny_images), trainer(tiny_images)
    gradients = [torch.rand(p.shape) for name in one.optimizers for p in one._parameters(name)]
    one._move([torch.empty_like(p).copy_(g) for p, g in zip(one._parameters("vae"), gradients)])
    other._move([g.contiguous() for g in gradients[: len(one._parameters("vae"))]])
    assert all(torch.equal(a, b) for a, b in zip(weights(one, "encoder"), weights(other, "encoder")))
