"""Images with a label for each."""

import numpy as np
import pytest
from data_files import noise

from utils.data.labelled import LabelledSet
from utils.errors import InputError

IMAGES = noise(0, 6, 64, 64, 3)


def test_labelled_set_says_that_it_has_no_grid():
    data = LabelledSet("mine", IMAGES, [[0], [1]] * 3, ("a",))
    for draw in (lambda: data.sample_factors(3, np.random.RandomState(0)), lambda: data.index([[0]])):
        with pytest.raises(InputError, match="data set mine: has a label for each image and no full grid"):
            draw()


@pytest.mark.parametrize("labels", [[[0], [2]] * 3, [[0], [-1]] * 3, [[0]] * 5, [0] * 6])
def test_labelled_set_refuses_labels_that_are_not_numbered(labels):
    with pytest.raises(InputError, match="data set mine: "):
        LabelledSet("mine", IMAGES, labels, ("a",))


def test_labelled_set_fingerprint_changes_with_its_labels():
    one = LabelledSet("mine", IMAGES, [[0], [1]] * 3, ("a",))
    other = LabelledSet("mine", IMAGES, [[1], [0]] * 3, ("a",))
    assert one.images_fingerprint == other.images_fingerprint
    assert (
        len({one.fingerprint, other.fingerprint, LabelledSet("mine", IMAGES, [[0], [1]] * 3, ("b",)).fingerprint}) == 3
    )
