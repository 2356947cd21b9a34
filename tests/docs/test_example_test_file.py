"""The test file that a page shows is one: pytest runs it by itself, and its tests pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-your-model.md"


@pytest.mark.nightly
def test_the_file_passes_in_a_process_of_its_own(tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    name = re.match(r"# (test_\w+\.py)\n", code)[1]
    (tmp_path / name).write_text(code)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(re.findall('^def test_', code, re.M))} passed" in run.stdout
    assert "PASSED  every_weight_has_a_finite_gradient" in run.stdout
