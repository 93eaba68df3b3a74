import errno
import inspect
import os
import pathlib

import pytest
import torch

from utils.errors import InputError
from utils.run import checkpoint


def state(step):
    return {"step": step, "weights": {"w": torch.arange(100.0) + step}, "seconds": 1.5}


def damage(path, position=None):
    content = bytearray(path.read_bytes())
    position = len(content) // 2 if position is None else position
    content[position] ^= 1
    path.write_bytes(bytes(content))


def test_load_latest_gives_the_newest_state_back(tmp_path):
    for step in (1, 3, 20):
        checkpoint.save(tmp_path, state(step))
    loaded = checkpoint.load_latest(tmp_path)
    assert loaded["step"] == 20
    assert torch.equal(loaded["weights"]["w"], state(20)["weights"]["w"])


def test_load_latest_of_an_empty_folder_is_none(tmp_path):
    assert checkpoint.load_latest(tmp_path) is None


def test_save_keeps_two(tmp_path):
    for step in range(5):
        checkpoint.save(tmp_path, state(step))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step_0000000003.ckpt", "step_0000000004.ckpt"]


@pytest.mark.parametrize("position", [0, 40, 100, None, -1])
def test_load_latest_takes_the_one_before_a_flipped_bit_and_warns_once(tmp_path, position, capsys):
    checkpoint.save(tmp_path, state(1))
    checkpoint.save(tmp_path, state(2))
    damage(tmp_path / "step_0000000002.ckpt", position)
    assert checkpoint.load_latest(tmp_path)["step"] == 1
    warned = capsys.readouterr().err
    assert warned.startswith(f"warning: {tmp_path / 'step_0000000002.ckpt'}: ")
    assert warned.count("\n") == 1


def test_load_latest_refuses_a_folder_where_no_checkpoint_is_sound(tmp_path, capsys):
    for step in (1, 2):
        checkpoint.save(tmp_path, state(step))
        damage(tmp_path / f"step_000000000{step}.ckpt")
    with pytest.raises(InputError, match=r"step_0000000001\.ckpt: damaged .*--fresh"):
        checkpoint.load_latest(tmp_path)
    assert capsys.readouterr().err.count("the one before it is used") == 1


def test_save_removes_damaged_checkpoints_of_later_steps(tmp_path):
    for step in (1, 2, 1000):
        checkpoint.save(tmp_path, state(step))
    damage(tmp_path / "step_0000001000.ckpt")
    checkpoint.save(tmp_path, state(3))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step_0000000002.ckpt", "step_0000000003.ckpt"]


@pytest.mark.parametrize("length", [0, 10, 93, 1000])
def test_load_refuses_a_truncated_file_by_name(tmp_path, length):
    checkpoint.save(tmp_path, state(1))
    path = tmp_path / "step_0000000001.ckpt"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"step_0000000001\.ckpt"):
        checkpoint.load(path)


def test_save_that_fails_keeps_the_last_one(tmp_path, monkeypatch, capsys):
    checkpoint.save(tmp_path, state(1))
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            checkpoint.save(tmp_path, state(2))
    assert checkpoint.load_latest(tmp_path)["step"] == 1
    assert capsys.readouterr().err == ""
    assert len(list(tmp_path.iterdir())) == 1


def test_save_leaves_what_the_user_put_beside_its_files(tmp_path):
    for name in ("step_best.ckpt", "step_0000000000 (copy).ckpt", "step_0000000009.ckpt.bak"):
        (tmp_path / name).write_text("the user's")
    (tmp_path / "step_0000000000.ckpt").mkdir()
    for step in range(1, 5):
        checkpoint.save(tmp_path, state(step))
    assert checkpoint.load_latest(tmp_path)["step"] == 4
    assert len(list(tmp_path.iterdir())) == 6


def test_load_refuses_by_name_what_pytorch_does_not_load(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1))

    def fail(*arguments, **options):
        raise RuntimeError("unknown opcode\nand more")

    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(ValueError, match=r"step_0000000001\.ckpt: not a checkpoint that .* \(unknown opcode\)"):
        checkpoint.load(tmp_path / "step_0000000001.ckpt")


class Harmful:
    """Unpickled, it makes the file at `path`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.skipif("weights_only" not in inspect.signature(torch.load).parameters, reason="this PyTorch loads pickles")
def test_load_runs_no_code_of_a_strangers_checkpoint(tmp_path):
    checkpoint.save(tmp_path, {**state(1), "more": Harmful(tmp_path / "made")})
    with pytest.raises(ValueError, match=r"step_0000000001\.ckpt: not a checkpoint that"):
        checkpoint.load(tmp_path / "step_0000000001.ckpt")
    assert not (tmp_path / "made").exists()


@pytest.fixture
def room_for_two(tmp_path, monkeypatch):
    """A folder on whose disk a third checkpoint has no room."""
    replace = os.replace

    def full(source, target):
        if len(list(tmp_path.glob("step_*.ckpt"))) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("os.replace", full)
    return tmp_path


def test_save_makes_room_on_a_full_disk(room_for_two):
    for step in (1, 2, 3):
        checkpoint.save(room_for_two, state(step))
    assert [path.name for path in sorted(room_for_two.iterdir())] == ["step_0000000002.ckpt", "step_0000000003.ckpt"]


def test_save_makes_room_by_a_damaged_checkpoint_and_not_by_the_sound_one_before_it(room_for_two):
    for step in (1, 2):
        checkpoint.save(room_for_two, state(step))
    damage(room_for_two / "step_0000000002.ckpt")
    checkpoint.save(room_for_two, state(3))
    assert [path.name for path in sorted(room_for_two.iterdir())] == ["step_0000000001.ckpt", "step_0000000003.ckpt"]
