from types import SimpleNamespace

import numpy as np
import pytest

from evaluation import evaluate
from evaluation.datasets.contract import KINDS, kind_of
from utils.errors import InputError


def having(names, **others):
    return SimpleNamespace(**{**dict.fromkeys(names, np.zeros(1)), **others})


@pytest.mark.parametrize("kind", ["labelled", "stored"])
def test_kind_of_is_known_by_the_attributes(kind):
    assert kind_of(having(KINDS[kind])) == kind


def test_kind_of_drawn_pictures_is_stated():
    assert kind_of(having(KINDS["drawn"], images_are_stored=False)) == "drawn"


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names if name != "labels"]
)
def test_kind_of_names_what_is_missing(kind, name):
    given = having([other for other in KINDS[kind] if other != name], images_are_stored=kind != "drawn")
    with pytest.raises(InputError, match=f"data set SimpleNamespace: lacks `{name}`, .+; expected images, labels; or"):
        kind_of(given)


@pytest.mark.parametrize("kind", ["labelled", "stored"])
def test_kind_of_refuses_a_list_of_images(kind):
    with pytest.raises(InputError, match=r"images: list, expected array \(n, height, width, channels\)"):
        kind_of(having(KINDS[kind], images=[np.zeros((8, 8, 1))] * 3))


@pytest.mark.parametrize("given", [None, [1, 2], "mpi3d_toy"])
def test_evaluate_names_what_a_wrong_object_lacks(given):
    with pytest.raises(InputError, match=rf"data set {type(given).__name__}: lacks `images`"):
        evaluate(lambda images: images, given)
