"""Data are checked against the likelihood's support."""

import numpy as np
import pytest

from tests.audit.written_losses import finding, kl
from tfp_vae.audit import audit


@pytest.mark.parametrize(
    ("likelihood", "data", "words"),
    [
        ("bernoulli", [[0.0, 1.0], [1.0, 0.0]], None),
        ("bernoulli", [[0.0, 0.5], [1.0, 0.0]], "25.0% of the values lie strictly between"),
        ("bernoulli", [[0, 255]], "from 0 to 255"),
        ("continuous_bernoulli", [[0.0, 0.5]], None),
        ("continuous_bernoulli", [[-0.1, 0.5]], "from -0.1 to 0.5"),
        ("normal", [[-100.0, 100.0]], None),
        ("normal", [[np.nan, 1.0]], "NaN"),
    ],
)
def test_data_are_checked_against_the_support(likelihood, data, words):
    report = audit(
        lambda x, p, m, s: kl(m, s),
        likelihood=likelihood,
        data=data,
        event_shape=(2,),
        latent_size=4,
    )
    assert ("support" in report.codes) == (words is not None)
    if words is not None:
        assert words in finding(report, "support").evidence
