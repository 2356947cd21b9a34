"""Every example that a reader can copy is run: docstrings, README and pages."""

import doctest
import functools
import importlib
import pkgutil
import re
import warnings
from pathlib import Path

import keras
import matplotlib
import matplotlib.pyplot as plt
import pytest

import tfp_vae

pytestmark = pytest.mark.usefixtures("without_xla")

ROOT = Path(__file__).parents[2]
MODULES = sorted(name for _, name, _ in pkgutil.walk_packages(tfp_vae.__path__, "tfp_vae."))
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts),
]


EXTRAS = {
    "tfp_vae.datasets.annotated_data": ["anndata"],
    "data-sources.md": ["anndata", "torch", "zarr"],
    "tune-a-model.md": ["keras_tuner", "optuna", "tensorboard"],
}
"""What is not always installed, and some examples need."""

LONG_MODULES = ["tfp_vae.sklearn.table_vae", "tfp_vae.tables.imputation", "tfp_vae.tables.scoring"]
"""Their examples train several models each, nightly."""


def with_extras(name):
    for package in EXTRAS.get(name, []):
        pytest.importorskip(package, reason=f"the example needs {package}")


def code_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


@functools.cache
def scope_of_examples():
    """Returns what every example begins with: the first lines of the API page."""
    keras.utils.set_random_seed(0)
    scope = {}
    exec(compile(code_blocks(ROOT / "docs" / "api.md")[0], "docs/api.md", "exec"), scope)
    return scope


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.nightly] if name in LONG_MODULES else [])
        for name in MODULES
    ],
)
def test_docstring_examples(name):
    with_extras(name)
    module = importlib.import_module(name)
    matplotlib.use("Agg")
    scope = scope_of_examples()
    keras.utils.set_random_seed(0)
    failed, _ = doctest.testmod(
        module, extraglobs=scope, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    plt.close("all")
    assert failed == 0


@pytest.mark.parametrize(
    "page", [page for page in PAGES if code_blocks(page)], ids=lambda page: page.name
)
def test_page_examples(page, tmp_path, monkeypatch):
    with_extras(page.name)
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    scope = {}
    with warnings.catch_warnings():
        if page.name in EXTRAS:
            # What other packages call is their own business.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        for block in code_blocks(page):
            exec(compile(block, str(page), "exec"), scope)
