import warnings

import pytest
import torch

from utils.run import checkpoint


def state(step):
    return {"step": step, "weights": {"w": torch.arange(100.0) + step}, "seconds": 1.5}


def damage(path, position=None):
    content = bytearray(path.read_bytes())
    position = len(content) // 2 if position is None else position
    content[position] ^= 1
    path.write_bytes(bytes(content))


def test_load_latest_gives_the_newest_state_back(tmp_path):
    for step in (1, 20, 3):
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
def test_load_latest_takes_the_one_before_a_flipped_bit_and_warns_once(tmp_path, position):
    checkpoint.save(tmp_path, state(1))
    checkpoint.save(tmp_path, state(2))
    damage(tmp_path / "step_0000000002.ckpt", position)
    with pytest.warns(RuntimeWarning, match=r"step_0000000002\.ckpt") as caught:
        assert checkpoint.load_latest(tmp_path)["step"] == 1
    assert len(caught) == 1


@pytest.mark.parametrize("length", [0, 10, 93, 1000])
def test_load_refuses_a_truncated_file_by_name(tmp_path, length):
    checkpoint.save(tmp_path, state(1))
    path = tmp_path / "step_0000000001.ckpt"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"step_0000000001\.ckpt"):
        checkpoint.load(path)


def test_save_that_fails_keeps_the_last_one(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1))
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            checkpoint.save(tmp_path, state(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checkpoint.load_latest(tmp_path)["step"] == 1
    assert len(list(tmp_path.iterdir())) == 1
