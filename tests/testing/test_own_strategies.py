"""What the tests of this library draw of its own kinds, they draw by `tfp_vae.testing`."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Values that are wrong for any argument, and formulas of losses, are no models nor parts of them.
OTHER_KINDS = {"audit", "fuzz"}
FILES = [
    path
    for path in sorted(TESTS.rglob("*.py"))
    if path.relative_to(TESTS).parts[0] not in OTHER_KINDS
]


def strategies_made(source):
    """Returns the calls and decorators that make a strategy, as Hypothesis has them."""
    return [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in {"builds", "composite"})
        or (isinstance(node, ast.Name) and node.id in {"builds", "composite"})
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_defines_a_strategy_of_its_own(path):
    assert not strategies_made(path.read_text())


def test_a_strategy_of_a_test_would_be_found():
    assert strategies_made("@st.composite\ndef models(draw): ...") == ["composite"]
    assert strategies_made("from hypothesis.strategies import builds\nbuilds(int)") == ["builds"]
