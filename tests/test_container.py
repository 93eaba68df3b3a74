"""The container's description: one stack in environment.yml and requirements.txt, which the grader's builder takes."""

import os
import re
import subprocess
import sys

import pytest
from copies import REPOSITORY, copy_repository

from utils.submission.check import CONTAINER_NAMES, read_pins

CONDA, PIP = read_pins((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))
IN_CONDA_ONLY = ("python", "pip", "cudatoolkit", "mkl")


def container_pins():
    """{package: version} by PyPI's names, without what only conda has."""
    names = {conda: pypi for pypi, conda in CONTAINER_NAMES.items()}
    conda = {names.get(name, name): version for name, version in CONDA.items() if name not in IN_CONDA_ONLY}
    return {**conda, **PIP}


def requirements_for(version):
    """{package: version} of requirements.txt where `version` of Python reads it."""
    from pip._vendor.packaging.requirements import Requirement

    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if re.match(r"\w", line)]
    found = [each for each in wanted if not each.marker or each.marker.evaluate({"python_version": version})]
    return {each.name: str(each.specifier).replace("==", "") for each in found}


def test_the_container_is_what_requirements_say_for_its_python():
    assert requirements_for(re.match(r"\d+\.\d+", CONDA["python"]).group()) == container_pins()


@pytest.mark.skipif(sys.version_info[:2] != (3, 8), reason="the container's Python is 3.8, this is another")
def test_the_suite_runs_on_the_container_s_packages():
    from importlib.metadata import version

    assert {name: version(name) for name in container_pins()} == container_pins()


def test_no_package_is_pinned_twice():
    text = (REPOSITORY / "environment.yml").read_text(encoding="utf-8")
    names = re.findall(r"^\s*- ([\w-]+)=", text, flags=re.MULTILINE)
    assert sorted(names) == sorted({*CONDA, *PIP})


@pytest.fixture(scope="module")
def description(tmp_path_factory):
    """The Dockerfile that aicrowd-repo2docker makes of this repository. It needs neither Docker nor a network."""
    folder = copy_repository(tmp_path_factory.mktemp("builder") / "repository")
    nowhere = {"AICROWD_R2D_IMAGE_BUILDER_ENDPOINT": "http://127.0.0.1:9"}  # else it asks AIcrowd for earlier images
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "repo2docker", "--no-build", "--debug", "--user-name", "aicrowd", "."],
        cwd=str(folder),
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_builder_installs_the_environment(description):
    assert "COPY --chown=0:0 src/environment.yml" in description
    assert re.search(r"env update .*--file \"environment\.yml\"", description)


def test_the_builder_starts_from_the_environment_s_python(description):
    major, minor = CONDA["python"].split(".")[:2]
    assert f"environment-2epy-2d{major}-2e{minor}-2elock" in description  # environment.py-3.8.lock, as it escapes names


def test_the_builder_copies_the_repository_with_its_entry_point(description):
    assert re.search(r"^COPY .*src/ \$\{REPO_DIR\}$", description, flags=re.MULTILINE)
    assert os.access(str(REPOSITORY / "run.sh"), os.X_OK)
    assert not (REPOSITORY / ".dockerignore").exists()
