"""Every line of the page makes a model that scores its own draws."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from tfp_vae import VAE

pytestmark = pytest.mark.usefixtures("without_xla")

PAGE = (Path(__file__).parents[2] / "docs" / "find-your-vae.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| `(.+?)` \| (.*?) ?\|$", PAGE, re.M)


@pytest.fixture(scope="module")
def scope():
    found = {}
    exec(re.search(r"^```python\n(.*?)^```", PAGE, re.M | re.S).group(1), found)
    return found


def test_every_row_of_a_table_is_read():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    headings = [line for line in rows if line.startswith("| name |")]
    assert len(ROWS) == len(rows) - len(headings) > 40
    assert len({name for name, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        # Every fourth for every change, all of them nightly.
        pytest.param(*row[:2], id=row[0], marks=[pytest.mark.nightly] if place % 4 else [])
        for place, row in enumerate(ROWS)
    ],
)
def test_the_line_makes_a_model(name, line, scope):
    keras.utils.set_random_seed(0)
    vae = eval(line, dict(scope))
    assert isinstance(vae, VAE)
    y = np.array([3, 1]) if vae.conditional else None
    x = vae.sample(2, seed=0, condition=y)
    assert np.isfinite(vae.elbo(x, seed=0, condition=y).elbo).all()
