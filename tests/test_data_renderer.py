"""The embedded scene: every factor shows, and its file is the same however it came about."""

import hashlib
import itertools

import numpy as np
import pytest

from utils.data.arm import raytrace, renderer, scene
from utils.data.arm.looks import EMBEDDED, LOOKS
from utils.data.storage.images import npz_images
from utils.errors import InputError

SMALL = (2, 2, 1, 2, 1, 2, 3)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("renderer") / "small.npz"
    renderer.render(path, SMALL, workers=1)
    return path


def pictures(look=EMBEDDED, **places):
    """All colours of a pose of the full grid, the middle one but for `places`: uint8 (6, 3, 64, 64, 3)."""
    pose = {"shape": 1, "size": 1, "camera": 1, "horizontal": 20, "vertical": 20, **places}
    return renderer.pose_images(scene.FULL_SIZES, tuple(pose.values()), look)


def changed(first, second):
    """Share of a picture's pixels that differ by more than what an eye could miss."""
    return (np.abs(first.astype(int) - second).max(axis=-1) > 12).mean()


def test_render_is_equal_for_any_number_of_workers(small_file, tmp_path):
    renderer.render(tmp_path / "many.npz", SMALL, workers=3)
    assert (tmp_path / "many.npz").read_bytes() == small_file.read_bytes()


@pytest.mark.parametrize("sync_every", [2, 64])
def test_render_goes_on_where_it_was_stopped(small_file, tmp_path, monkeypatch, sync_every):
    traced, block_images = [], renderer._block_images

    def stop_at_six(block, *others):
        if block == 6:
            raise KeyboardInterrupt
        return block_images(block, *others)

    def count(block, *others):
        traced.append(block)
        return block_images(block, *others)

    monkeypatch.setattr(renderer, "_SYNC_EVERY", sync_every)
    monkeypatch.setattr(renderer, "_block_images", stop_at_six)
    with pytest.raises(KeyboardInterrupt):
        renderer.render(tmp_path / "again.npz", SMALL, workers=1)
    assert not (tmp_path / "again.npz").exists()
    monkeypatch.setattr(renderer, "_block_images", count)
    renderer.render(tmp_path / "again.npz", SMALL, workers=1)
    assert traced == [6, 7]
    assert (tmp_path / "again.npz").read_bytes() == small_file.read_bytes()


def test_render_leaves_nothing_else_behind(small_file):
    assert [path.name for path in small_file.parent.iterdir()] == ["small.npz"]


def test_render_keeps_a_file_that_is_there(tmp_path):
    (tmp_path / "old.npz").write_bytes(b"old")
    renderer.render(tmp_path / "old.npz", SMALL)
    assert (tmp_path / "old.npz").read_bytes() == b"old"


def test_render_needs_room_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(InputError, match=r"out\.npz: 0\.00 GB free"):
        renderer.render(tmp_path / "out.npz", SMALL)


def test_render_stores_each_picture_at_its_factors_place(small_file):
    images = npz_images(small_file)
    for factors in itertools.product(*(range(size) for size in SMALL)):
        color, shape, size, camera, ring, horizontal, vertical = factors
        expected = renderer.pose_images(SMALL, (shape, size, camera, horizontal, vertical))[color, ring]
        np.testing.assert_array_equal(images[np.ravel_multi_index(factors, SMALL)], expected)


@pytest.mark.parametrize("sizes", [(4, 4, 2, 3, 3, 10), (7, 4, 2, 3, 3, 10, 10), (4, 4, 0, 3, 3, 10, 10)])
def test_check_sizes_refuses_impossible_grids(sizes):
    with pytest.raises(InputError, match="factor sizes"):
        renderer.check_sizes(sizes)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("synthetic_arm", 2, "e99dfff8875719fc"),
        ("synthetic_arm_first", 1, "bec7f73b3ae4c77e"),
        ("synthetic_arm_flat", 1, "fc4e8adfb24ba394"),
        ("synthetic_arm_haze", 1, "6e49decd6ace4f90"),
    ],
)
def test_picture_is_what_it_was(name, version, expected):
    """A change of a look asks for a new version of it, so that old files are not taken for new ones."""
    digest = hashlib.sha256(pictures(LOOKS[name], camera=2, horizontal=7, vertical=31).tobytes()).hexdigest()
    assert (LOOKS[name].version, digest[:16]) == (version, expected)


def test_picture_differs_by_an_eighth_for_each_camera():
    images = [pictures(camera=camera)[2, 0] for camera in range(3)]
    assert all(changed(a, b) > 1 / 8 for a, b in itertools.combinations(images, 2))


def test_picture_differs_visibly_between_shapes_of_either_size():
    for size, camera, horizontal in itertools.product(range(2), range(3), (0, 20)):
        poses = [pictures(shape=shape, size=size, camera=camera, horizontal=horizontal)[2, 0] for shape in range(6)]
        assert all(changed(a, b) > 0.005 for a, b in itertools.combinations(poses, 2))


def test_picture_differs_visibly_between_sizes():
    for shape, camera in itertools.product(range(6), range(3)):
        images = [pictures(shape=shape, camera=camera, size=size)[2, 0] for size in range(2)]
        assert changed(*images) > 0.02


def test_picture_differs_between_colors_of_object_and_ring():
    images = pictures(size=0, horizontal=0, vertical=0)
    for a, b in itertools.combinations(range(6), 2):
        assert changed(images[a, 0], images[b, 0]) > 0.01
    for a, b in itertools.combinations(range(3), 2):
        assert changed(images[0, a], images[0, b]) > 0.05


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_picture_differs_with_every_step_of_an_axis(axis):
    for camera in range(3):  # a small sphere gives itself away by its place alone
        steps = [pictures(shape=5, size=0, camera=camera, **{axis: step})[2, 0] for step in range(40)]
        assert all((a != b).any(axis=-1).sum() > 20 for a, b in zip(steps, steps[1:]))


def test_object_stays_in_the_frame():
    for shape, camera, horizontal, vertical in itertools.product(range(6), range(3), (0, 39), (0, 20, 39)):
        images = pictures(shape=shape, camera=camera, horizontal=horizontal, vertical=vertical)
        white, brown = images[0, 0], images[4, 0]
        differs = (white != brown).any(axis=-1)
        differs[1:-1, 1:-1] = False
        assert not differs.any()


def test_object_is_never_hidden():
    for camera, horizontal, vertical in itertools.product(range(3), (0, 20, 39), (0, 20, 39)):
        images = pictures(shape=5, size=0, camera=camera, horizontal=horizontal, vertical=vertical)
        assert (images[0, 0] != images[4, 0]).any(axis=-1).sum() > 40


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_picture_of_each_look_differs_between_the_values_of_every_factor(look):
    middle = pictures(look)
    for colors in (middle[:, 0], middle[0]):
        assert all(changed(a, b) > 0.01 for a, b in itertools.combinations(colors, 2))
    for factor, count in (("shape", 6), ("size", 2), ("camera", 3)):
        images = [pictures(look, **{factor: value})[2, 0] for value in range(count)]
        assert all(changed(a, b) > 0.005 for a, b in itertools.combinations(images, 2))
    for axis in ("horizontal", "vertical"):
        steps = [pictures(look, **{axis: step})[2, 0] for step in range(40)]
        assert all((a != b).any(axis=-1).sum() > 20 for a, b in zip(steps, steps[1:]))


def test_raytrace_s_materials_are_the_scene_s():
    names = ("FLOOR", "WALL", "OBJECT", "RING")
    assert [getattr(raytrace, name) for name in names] == [getattr(scene, name) for name in names]
