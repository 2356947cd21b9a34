"""The API page has every public name once, and the reference every public module."""

import collections
import importlib
import inspect
import re
from pathlib import Path

import pytest

import tfp_vae

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "api.md").read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| `tfp_vae\.[\w.]+` \|", line)]
PACKAGES = (
    "datasets",
    "divergences",
    "evaluation",
    "likelihoods",
    "networks",
    "objectives",
    "plotting",
    "posteriors",
    "priors",
    "tables",
    "testing",
    "testing.flows",
    "testing.objective_properties",
    "testing.properties",
    "testing.strategies",
    "callbacks",
)
FOR_COMPONENTS = (
    "checks",
    "distribution_layer",
    "distributions",
    "seeds",
    "shapes",
    "stateless_random",
    "supports",
)
"""Modules that a custom likelihood, posterior, prior or objective uses."""
INTERNAL = {
    *("atomic_files", "cli", "error_text", "factor_analysis", "keras_arguments", "paths"),
    *("pipeline_errors", "replica_context", "row_chunks", "saving", "training"),
}
"""Modules without a page in the reference."""
RECORDS = (
    "AnnotatedRows",
    "Baselines",
    "Calibration",
    "Candidate",
    "Clustering",
    "CodeUsage",
    "Comparison",
    "ConditionalLikelihood",
    "Digits",
    "Disentanglement",
    "ELBOSummary",
    "ELBOTerms",
    "Evidence",
    "KLDecomposition",
    "InferenceGaps",
    "LatentUsage",
    "MarginalLikelihood",
    "ObjectiveTerms",
    "OutOfDistribution",
    "PredictiveCheck",
    "Ranking",
    "RateDistortion",
    "ReconstructionError",
    "Split",
    "Suggestion",
    "Topics",
)
"""Return types, which the docstrings of their functions describe."""


def public_names(module):
    """Returns `__all__`, or else the public classes and functions that a module defines."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    return {
        name
        for name, member in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(member) or inspect.isfunction(member))
        and member.__module__ == module.__name__
    }


def test_no_row_stands_twice():
    firsts = collections.Counter(line.split("|")[1] for line in ROWS)
    assert [name for name, count in firsts.items() if count > 1] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package):
    (row,) = (line for line in ROWS if line.startswith(f"| `tfp_vae.{package}` |"))
    public = {
        name
        for name in importlib.import_module(f"tfp_vae.{package}").__all__
        if not name.isupper() and name not in RECORDS
    }
    assert public <= set(re.findall(r"`(\w+)`", row))


@pytest.mark.parametrize("name", FOR_COMPONENTS)
def test_every_public_name_for_custom_components_is_there(name):
    (row,) = re.findall(rf"^\| \[`tfp_vae\.{name}`\]\(.*$", PAGE, re.M)
    public = public_names(importlib.import_module(f"tfp_vae.{name}"))
    assert public
    assert public <= set(re.findall(r"`(\w+)`", row))


@pytest.mark.parametrize("name", FOR_COMPONENTS)
def test_every_public_name_for_custom_components_has_a_docstring(name):
    module = importlib.import_module(f"tfp_vae.{name}")
    members = [vars(module)[each] for each in public_names(module)]
    described = [each for each in members if inspect.isclass(each) or inspect.isfunction(each)]
    assert [each for each in described if not each.__doc__] == []


def test_every_public_module_has_a_page_in_the_reference():
    package = Path(tfp_vae.__file__).parent
    modules = {path.stem for path in (*package.glob("*.py"), *package.glob("*/"))}
    public = {name for name in modules - INTERNAL if not name.startswith("_")}
    pages = "".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    shown = set(re.findall(r"^\.\. automodule:: tfp_vae\.(\w+)$", pages, re.M))
    assert public - shown == {"audit", "model"}
    assert all(f":: {name}\n" in pages for name in ("audit", "VAE", "load"))
