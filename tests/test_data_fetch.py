"""Fetching by name puts each file where its loader looks, and unpacks archives into their folder alone."""

import gzip
import io
import tarfile

import data_files
import numpy as np
import pytest

from utils.data import load, names
from utils.data.download import fetch as module
from utils.data.download.fetch import fetch, gunzip, unpack_cars
from utils.data.download.sources import SOURCES, TERMS
from utils.data.registry import RENDERED
from utils.data.sets import mpi3d
from utils.errors import InputError


@pytest.fixture
def archive(tmp_path):
    """A function that packs pairs of name and content into an archive; a content that is a str is a link's target."""

    def pack(*members):
        with tarfile.open(str(tmp_path / "cars.tar.gz"), "w:gz") as packed:
            for name, content in members:
                member = tarfile.TarInfo(name)
                if isinstance(content, str):
                    member.type, member.linkname = tarfile.SYMTYPE, content
                    packed.addfile(member)
                else:
                    member.size = len(content)
                    packed.addfile(member, io.BytesIO(content))
        return tmp_path / "cars.tar.gz"

    return pack


def test_every_data_set_can_be_fetched_or_is_rendered():
    assert {*SOURCES, *RENDERED} == set(names())
    assert set(SOURCES) == set(TERMS)


def test_fetch_brings_a_file_to_where_its_loader_looks(tmp_path, monkeypatch):
    def download(path, urls, size=None, sha256=None, check=None):
        data_files.write_dsprites(tmp_path)
        assert path.exists()

    monkeypatch.setattr(module, "download", download)
    assert "dSprites" in fetch("dsprites_full", tmp_path)
    assert len(load("dsprites_full", tmp_path, sizes=data_files.SPRITE_SIZES).images) == 216


def test_fetch_unpacks_every_car_and_removes_the_archive(tmp_path, monkeypatch, archive):
    cars = [(f"data/cars/{number}.mat", b"a") for number in range(183)]
    monkeypatch.setattr(module, "download", lambda *arguments: archive(*cars))
    fetch("cars3d", tmp_path)
    assert len(list((tmp_path / "cars").iterdir())) == 183
    assert not (tmp_path / "cars.tar.gz").exists()


def test_fetch_refuses_an_archive_without_all_cars_and_keeps_it(tmp_path, monkeypatch, archive):
    monkeypatch.setattr(module, "download", lambda *arguments: archive(("data/cars/a.mat", b"a")))
    with pytest.raises(InputError, match="fewer than 183 files"):
        fetch("cars3d", tmp_path)
    assert (tmp_path / "cars.tar.gz").exists()


def test_fetch_checks_a_file_that_is_there_already(tmp_path):
    (tmp_path / "mpi3d_toy").mkdir()
    (tmp_path / "mpi3d_toy" / "mpi3d_toy.npz").write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"mpi3d_toy\.npz"):
        fetch("mpi3d_toy", tmp_path)


@pytest.mark.parametrize("name", ["../cars/a.mat", "/cars/a.mat", "cars/../../b/cars/a.mat", "data/cars/..mat"])
def test_unpack_cars_never_writes_outside_its_folder(tmp_path, archive, name):
    folder = tmp_path / "deep" / "down" / "cars"
    unpack_cars(archive((name, b"a")), folder)
    outside = [path for path in tmp_path.rglob("*.mat") if folder not in path.parents]
    assert outside == []


def test_unpack_cars_makes_no_links(tmp_path, archive):
    unpack_cars(archive(("cars/a.mat", "/etc/passwd"), ("cars/b.mat", b"b")), tmp_path / "cars")
    assert [path.name for path in (tmp_path / "cars").iterdir()] == ["b.mat"]


def test_unpack_cars_refuses_a_member_too_big_for_a_car(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(module, "_LARGEST_MEMBER", 10)
    with pytest.raises(InputError, match=r"a\.mat has 11 bytes"):
        unpack_cars(archive(("cars/a.mat", b"a" * 11)), tmp_path / "cars")


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: b"no archive", lambda packed: b""])
def test_unpack_cars_names_a_damaged_archive(tmp_path, archive, damage):
    path = archive(("cars/a.mat", data_files.noise(0, 100_000).tobytes()))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"cars\.tar\.gz: cannot be unpacked"):
        unpack_cars(path, tmp_path / "cars")


def test_gunzip_writes_the_contents(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"contents"))
    gunzip(tmp_path / "a.gz", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"contents"


def test_gunzip_leaves_nothing_of_a_damaged_file(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(data_files.noise(0, 10_000).tobytes())[:-9])
    with pytest.raises(InputError, match=r"a\.gz: cannot be unpacked"):
        gunzip(tmp_path / "a.gz", tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.gz"]


def test_check_refuses_an_mpi3d_file_of_another_number_of_images(tmp_path):
    np.savez(str(tmp_path / "x.npz"), images=np.zeros((2, 64, 64, 3), np.uint8))
    with pytest.raises(InputError, match="2 images found, expected 460,800"):
        module._check_npz(tmp_path / "x.npz")


def small_mpi3d(folder, monkeypatch):
    """A file as MPI3D's, of two images."""
    monkeypatch.setattr(mpi3d, "FACTOR_SIZES", ((1, 1, 2, 1, 1, 1, 1),))
    path = folder / "mpi3d_toy" / "mpi3d_toy.npz"
    path.parent.mkdir()
    np.savez(str(path), images=data_files.noise(0, 2, 64, 64, 3))
    return path


def test_fetch_takes_a_whole_mpi3d_file_that_is_there(tmp_path, monkeypatch):
    small_mpi3d(tmp_path, monkeypatch)
    assert fetch("mpi3d_toy", tmp_path).endswith("what was there before was kept")


def test_fetch_refuses_an_mpi3d_file_whose_bytes_do_not_fit_its_checksum(tmp_path, monkeypatch):
    path = small_mpi3d(tmp_path, monkeypatch)
    content = bytearray(path.read_bytes())
    content[10_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"mpi3d_toy\.npz: no readable .* CRC"):
        fetch("mpi3d_toy", tmp_path)


def test_check_takes_no_larger_file_for_the_complex_one(tmp_path):
    """While it is still called as in download/transfer.py."""
    path = tmp_path / ".mpi3d_real_complex.npz-download.partial"
    np.savez(str(tmp_path / "x.npz"), images=np.zeros((2, 64, 64, 3), np.uint8))
    (tmp_path / "x.npz").rename(path)
    with pytest.raises(InputError, match=r"2 images found, expected 460,800 \(4x4x2x3x3x40x40\)$"):
        module._check_npz(path)


CHECKSUMS = [("mpi3d_real_complex", None, True), ("mpi3d_real_complex", "ab" * 32, False), ("shapes3d", None, False)]


@pytest.mark.parametrize(("name", "announced", "said"), CHECKSUMS)
def test_fetch_says_where_no_checksum_is_published_or_announced(tmp_path, monkeypatch, name, announced, said):
    monkeypatch.setattr(module, "download", lambda path, urls, size, sha256, check: sha256 or announced)
    assert ("no checksum is published" in fetch(name, tmp_path)) == said


def test_fetch_of_the_complex_set_goes_where_its_loader_looks(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "download", lambda path, urls, *rest: asked.append((path, urls)))
    fetch("mpi3d_real_complex", tmp_path)
    ((path, urls),) = asked
    assert path == tmp_path / "mpi3d_real_complex" / "mpi3d_real_complex.npz"
    assert urls[0].endswith("/resolve/main/real3d_complicated_shapes_ordered.npz")


def test_fetch_has_nothing_to_bring_for_the_embedded_data_set(tmp_path):
    with pytest.raises(InputError, match="rendered when it is first used"):
        fetch("synthetic_arm", tmp_path)


def test_fetch_refuses_an_unknown_name(tmp_path):
    with pytest.raises(InputError, match="'mpi3d' is not known"):
        fetch("mpi3d", tmp_path)
