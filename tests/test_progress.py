"""What an evaluation reports: lines in a file, bars on a terminal, warnings where nobody listens."""

import fcntl
import functools
import os
import pty
import struct
import termios
import time

import numpy as np
import pytest

from evaluation import evaluate
from evaluation.progress import Console, shows_bars
from evaluation.protocol import Sizes
from utils.data.dataset import DataSet

ONE_FACTOR = DataSet("one", np.arange(4 * 4, dtype=np.uint8).reshape(4, 2, 2, 1), (4,), ("a",))
SMALL = Sizes(train=300, test=100, reference=200, train_votes=60, test_votes=40)
evaluate = functools.partial(evaluate, sizes=SMALL)


def flat(images):
    return images.reshape(len(images), -1)


def test_console_writes_plain_lines_to_a_file(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        evaluate(flat, ONE_FACTOR, metrics=("mig",), report=Console(stream=log))
        log.seek(0)
        lines = log.read().splitlines()
    assert lines[:2] == ["encoding …", "mig …"]
    assert lines[2].startswith("mig: ")


def test_console_draws_a_bar_on_a_terminal(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        log.isatty = lambda: True
        with Console(stream=log).stage("dci") as progress:
            time.sleep(0.2)  # tqdm draws ten times a second
            progress(3, 4)
        log.seek(0)
        assert "dci:  75%|" in log.read()


@pytest.mark.parametrize(("columns", "expected"), [(80, True), (0, False)])
def test_bars_are_for_terminals_with_a_width(columns, expected):
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(its, "w") as terminal:
        assert shows_bars(terminal) is expected
    os.close(ours)


def test_console_hands_results_on():
    seen = {}
    evaluate(flat, ONE_FACTOR, metrics=("mig",), report=Console(on_score=lambda *a: seen.update({a[0]: a[1]})))
    assert "discrete_mig" in seen["mig"]


def test_console_hands_on_what_is_not_defined():
    seen = []
    evaluate(flat, ONE_FACTOR, ("dci", "mig"), report=Console(on_not_defined=seen.append))
    assert seen == ["dci"]


@pytest.mark.parametrize("metrics", [("mig",), ("dci", "mig")])
def test_evaluate_warns_of_what_the_scores_would_be_misread_without(metrics):
    random_state = np.random.RandomState(0)
    with pytest.warns(UserWarning, match="encoder|dci") as warned:
        evaluate(lambda images: random_state.rand(len(images), 3), ONE_FACTOR, metrics=metrics)
    said = [str(warning.message).split()[0] for warning in warned]
    assert said == ["encoder:", "dci"][: len(metrics)]
