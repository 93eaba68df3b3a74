"""evaluation/ alone: as a wheel in an environment without PyTorch, and as a folder copied into another project.

The wheel's tests download what the wheel asks for (about 100 MB, which pip keeps) and take about a minute;
`-m "not packages"` leaves them out.
"""

import ast
import inspect
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from conftest import REPOSITORY
from scored_codes import draw_factors

import evaluation

SCORE = """
import importlib.util, sys
import numpy as np
from {name} import evaluate_codes, mig

arrays = np.load("codes.npz")
print(mig(arrays["codes"], arrays["factors"])["discrete_mig"])
print(evaluate_codes(**arrays, metrics=("sap_score",))["sap_score"]["SAP_score"])
assert "torch" not in sys.modules
for absent in {absent}:
    assert importlib.util.find_spec(absent) is None, absent
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """An empty project with codes to score, and the scores."""
    folder, factors = tmp_path_factory.mktemp("project"), draw_factors(600)
    codes = factors + np.random.RandomState(0).normal(0, 0.3, (600, 3))
    np.savez(folder / "codes.npz", codes=codes, factors=factors)
    results = evaluation.evaluate_codes(codes, factors, metrics=("sap_score",))
    expected = evaluation.mig(codes, factors)["discrete_mig"], results["sap_score"]["SAP_score"]
    return folder, expected


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what it is built from."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(str(REPOSITORY / name), str(source))
    shutil.copytree(str(REPOSITORY / "evaluation"), str(source / "evaluation"))
    reached = pip("download", "--no-deps", "--dest", source / "downloads", "hatchling")
    if reached.returncode != 0:
        pytest.skip("PyPI cannot be reached, which building and installing the wheel needs: run it with a network")
    done = pip("wheel", "--no-deps", "--wheel-dir", source / "dist", source)
    assert done.returncode == 0, done.stderr
    (path,) = (source / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The folder with the programs of a new virtual environment in which the wheel is installed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (library,) = folder.glob("lib/python*/site-packages")
    done = pip("install", "--target", library, "--no-compile", wheel)
    assert done.returncode == 0, done.stderr
    return folder / "bin", library


def pip(*arguments):
    line = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, cwd="/")


def run(folder, *line, **variables):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, line)), cwd=str(folder), env={**kept, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text):
    return tuple(float(line) for line in text.split())


@pytest.mark.packages
def test_wheel_holds_the_metrics_and_nothing_else_of_the_kit(wheel):
    names = zipfile.ZipFile(str(wheel)).namelist()
    inside = {name[len("disentanglement_metrics/") :] for name in names if name.startswith("disentanglement_metrics/")}
    files = {str(path.relative_to(REPOSITORY / "evaluation")) for path in (REPOSITORY / "evaluation").rglob("*.py")}
    assert inside == files | {"py.typed", "README.md"}
    assert {name.split("/")[0] for name in names} == {
        "disentanglement_metrics",
        "disentanglement_metrics-1.0.0.dist-info",
    }


@pytest.mark.packages
def test_wheel_scores_arrays_without_pytorch(environment, project):
    (programs, _), (folder, expected) = environment, project
    script = SCORE.format(name="disentanglement_metrics", absent=("torch", "evaluation", "utils"))
    assert numbers(run(folder, programs / "python", "-c", script)) == pytest.approx(expected)


@pytest.mark.packages
def test_wheel_has_a_command(environment, project):
    (programs, library), (folder, expected) = environment, project
    script = next(library.glob("bin/disentanglement-metrics"))
    out = run(folder, programs / "python", script, "codes.npz", "--metrics", "sap_score")
    assert out.splitlines()[-1] == f"Final Scores :  {{'sap_score': {expected[1]!r}}}"


def test_copied_folder_scores_arrays(project):
    folder, expected = project
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(str(REPOSITORY / "evaluation"), str(folder / "scores"), ignore=ignored)
    script = SCORE.format(name="scores", absent=("evaluation", "utils"))
    assert numbers(run(folder, sys.executable, "-c", script)) == pytest.approx(expected)


def test_evaluation_imports_nothing_of_the_kit_and_no_pytorch():
    for path in (REPOSITORY / "evaluation").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            assert not {name.split(".")[0] for name in names} & {"evaluation", "utils", "torch"}, path


@pytest.mark.parametrize("name", [name for name in evaluation.__all__ if inspect.isfunction(getattr(evaluation, name))])
def test_public_functions_are_typed(name):
    signature = inspect.signature(getattr(evaluation, name))
    untyped = [each.name for each in signature.parameters.values() if each.annotation is inspect.Parameter.empty]
    assert not untyped
    assert signature.return_annotation is not inspect.Signature.empty
