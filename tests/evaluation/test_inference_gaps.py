"""The gaps of inference, on a model where both are known."""

import numpy as np
import pytest

from tfp_vae import evaluation
from tfp_vae.testing import LinearGaussian, assert_close, normal_kl_divergence

pytestmark = pytest.mark.usefixtures("float64")

MODEL = LinearGaussian.drawn(2)


def test_of_a_wrong_encoder_everything_is_amortisation():
    """The family holds the exact posterior: its KL from the encoder's is the gap of a row.

    The estimates have errors of about 0.04 nats.
    """
    vae, x = MODEL.vae(0.3, 1.4), MODEL.draws(6)
    found = evaluation.inference_gaps(vae, x, importance_sample_size=500, sample_size=2000)
    moments, exact = MODEL.posterior_moments(x, 0.3, 1.4), MODEL.posterior_moments(x)
    gap = normal_kl_divergence(*moments, *exact).sum(axis=-1)
    assert gap.min() > 0.5
    assert_close(found.log_marginal_likelihood, MODEL.log_marginal_likelihood(x), 0.0, 0.1)
    assert_close(found.approximation, np.zeros(6), 0.0, 0.1)
    assert_close(found.amortization, gap, 0.0, 0.1)
    assert_close(found.approximation + found.amortization, found.inference)


def test_the_table_has_both_gaps_and_their_errors():
    found = evaluation.InferenceGaps(
        np.array([-10.0, -12.0]), np.array([-11.0, -13.0]), np.array([-14.0, -14.0])
    )
    text = str(found)
    assert "approximation gap" in text
    assert "1.00" in text
    assert "2.00" in text
    assert found.inference.tolist() == [4.0, 2.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_size": 0}, "`sample_size` must be a positive int"),
        ({"steps": 0}, "`steps` must be a positive int"),
        ({"method": "exact"}, "`method` must be one of"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        evaluation.inference_gaps(MODEL.vae(), MODEL.draws(2), **options)
