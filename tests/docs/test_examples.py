"""Every example that a reader can copy is run: docstrings, README and pages."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(tfp_vae.__path__, "tfp_vae.")
    if not name.startswith("tfp_vae.cli")
)
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts),
]
GLOBALS = {
    "keras": keras,
    "np": np,
    "tf": tf,
    "tfd": tfd,
    "tfp_vae": tfp_vae,
    **{
        name: getattr(tfp_vae, name)
        for name in [
            "datasets",
            "divergences",
            "evaluation",
            "likelihoods",
            "networks",
            "objectives",
            "posteriors",
            "priors",
            "training",
        ]
    },
}


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    module = importlib.import_module(name)
    keras.utils.set_random_seed(0)
    failed, _ = doctest.testmod(
        module, extraglobs=GLOBALS, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert failed == 0


def test_there_are_docstring_examples():
    finder = doctest.DocTestFinder()
    found = [
        test.name
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(found) > 15


def code_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if code_blocks(page)], ids=lambda page: page.name
)
def test_page_examples(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    scope = {}
    for block in code_blocks(page):
        exec(compile(block, str(page), "exec"), scope)
