"""How PyTorch's threads wait is settled before PyTorch is loaded."""

import os
import subprocess
import sys

import pytest

from utils.files import REPOSITORY

WATCH = """
import os, sys
class Watch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"))
sys.meta_path.insert(0, Watch)
import {module}
"""


def spins(module, **own):
    """The environment's GOMP_SPINCOUNT when importing `module` loads PyTorch."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-c", WATCH.format(module=module)]
    done = subprocess.run(command, cwd=str(REPOSITORY), env={**environment, **own}, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()[0]


BENCH = "runpy; sys.argv = ['-m', 'steps', '--help']; runpy.run_module('utils.bench', run_name='__main__')"


@pytest.mark.parametrize("module", ["train", "local_evaluation, representation", BENCH])
def test_threads_soon_sleep(module):
    assert spins(module) == "10000"


USERS = [({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")]


@pytest.mark.parametrize(("own", "expected"), USERS)
def test_users_own_setting_stays(own, expected):
    assert spins("train", **own) == expected


def test_importing_the_kit_s_rooms_leaves_the_environment_as_it_is():
    code = (
        "import os; before = dict(os.environ); import utils.run.folder, utils.report, utils.study.rank\n"
        "changed = set(before.items()) ^ set(os.environ.items()); assert not changed, changed"
    )
    subprocess.run([sys.executable, "-c", code], cwd=str(REPOSITORY), check=True)
