"""The API page has every public name of the building blocks, once."""

import collections
import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
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
    "testing",
    "testing.flows",
    "testing.objective_properties",
    "testing.properties",
    "testing.strategies",
    "callbacks",
)
RECORDS = (
    "Calibration",
    "Comparison",
    "Digits",
    "Disentanglement",
    "ELBOSummary",
    "ELBOTerms",
    "KLDecomposition",
    "LatentUsage",
    "MarginalLikelihood",
    "ObjectiveTerms",
    "OutOfDistribution",
    "PredictiveCheck",
    "RateDistortion",
    "ReconstructionError",
    "Split",
    "Suggestion",
)
"""What functions return, of which their own docstrings tell."""


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
