"""The cache folder is where users expect one."""

import pytest

from utils.data.storage import places


def test_cache_folder_keeps_folders_of_one_name_apart(tmp_path):
    assert places.cache_folder(tmp_path / "a" / "data") != places.cache_folder(tmp_path / "b" / "data")


@pytest.mark.parametrize(
    ("variables", "root"),
    [
        ({"NDC_CACHE": "/ndc", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/ndc/"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/xdg/disentanglement-kit/"),
        (
            {"NDC_CACHE": "", "XDG_CACHE_HOME": "not/absolute", "HOME": "/home/me"},
            "/home/me/.cache/disentanglement-kit/",
        ),
        ({"HOME": "/home/me"}, "/home/me/.cache/disentanglement-kit/"),
        ({"HOME": "~"}, "/~/.cache/disentanglement-kit/"),
    ],
)
def test_cache_folder_follows_the_habit(tmp_path, monkeypatch, variables, root):
    for name in ("NDC_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(places.cache_folder(tmp_path)).startswith(root + tmp_path.name + "-")
