"""The examples in docstrings and in evaluation/README.md run."""

import doctest
import importlib
import pkgutil
import re

import pytest
import torch
from conftest import REPOSITORY

import evaluation

MODULES = [module.name for module in pkgutil.walk_packages(evaluation.__path__, "evaluation.")]
README = (REPOSITORY / "evaluation" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_docstrings_examples_give_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", ["dci", "factor_vae", "irs", "mig", "sap", "evaluate_codes"])
def test_docstrings_have_an_example(name):
    finder = doctest.DocTestFinder(recurse=False)
    assert any(test.examples for test in finder.find(getattr(evaluation, name), globs={}))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_readme_s_examples_run(number, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    exec(compile(BLOCKS[number], f"evaluation/README.md, example {number}", "exec"), {"__name__": "example"})
