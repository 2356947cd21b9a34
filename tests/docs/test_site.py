"""The site builds without a warning."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
QUIET = ["-D", "suppress_warnings=myst-nb.lexer"]
"""Of a notebook that was not run it is not known in which language it is."""


def test_the_site_builds_without_a_warning(tmp_path):
    """Without running the notebooks, which tests/docs/test_notebooks.py does."""
    pytest.importorskip("myst_nb", reason="the site needs the extra `docs`")
    pytest.importorskip("furo", reason="the site needs the extra `docs`")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-D", "nb_execution_mode=off", *QUIET, str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "html" / "reference" / "likelihoods.html").is_file()
