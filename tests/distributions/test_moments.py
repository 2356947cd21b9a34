"""The means and standard deviations that are computed here, beside TensorFlow Probability's."""

import decimal
from decimal import Decimal

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions

G = np.random.default_rng(0)
LOC = G.normal(size=[3, 4])
SCALE = G.uniform(0.1, 2.0, size=[4])
FACTOR = np.tril(G.normal(size=[3, 4, 4])) + 2.0 * np.eye(4)

PAIRS = {
    "Laplace": (distributions.Laplace, tfd.Laplace, {"loc": LOC, "scale": SCALE}),
    "Laplace of one location": (distributions.Laplace, tfd.Laplace, {"loc": 0.5, "scale": SCALE}),
    "StudentT": (
        distributions.StudentT,
        tfd.StudentT,
        {"df": [[0.5], [2.0], [1.0]], "loc": LOC, "scale": SCALE},
    ),
    "ZeroInflatedNegativeBinomial": (
        distributions.ZeroInflatedNegativeBinomial,
        tfd.ZeroInflatedNegativeBinomial,
        {"total_count": SCALE, "logits": LOC, "inflated_loc_logits": LOC + 1.0},
    ),
    "MultivariateNormalTriL": (
        distributions.MultivariateNormalTriL,
        tfd.MultivariateNormalTriL,
        {"loc": LOC, "scale_tril": FACTOR},
    ),
    "MultivariateNormalDiagPlusLowRank": (
        distributions.MultivariateNormalDiagPlusLowRank,
        tfd.MultivariateNormalDiagPlusLowRank,
        {"loc": LOC, "scale_diag": SCALE, "scale_perturb_factor": G.normal(size=[3, 4, 2])},
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_they_are_those_of_the_reference(name):
    ours, reference, parameters = PAIRS[name]
    tensors = {key: tf.constant(value, tf.float64) for key, value in parameters.items()}
    one, other = ours(**tensors), reference(**tensors)
    np.testing.assert_allclose(one.mean(), other.mean(), rtol=1e-12)
    np.testing.assert_allclose(one.stddev(), other.stddev(), rtol=1e-12)


def test_a_mean_that_is_not_allowed_to_be_nan_is_refused():
    student = distributions.StudentT(df=0.5, loc=0.0, scale=1.0, allow_nan_stats=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="mean not defined"):
        student.mean()


def exact_mean(logit):
    """Returns 1 / (1 - exp(-λ)) - 1 / λ, computed with 60 digits."""
    if logit == 0.0:
        return 0.5
    with decimal.localcontext() as context:
        context.prec = 60
        exact = Decimal(logit)
        return float(1 / (1 - (-exact).exp()) - 1 / exact)


def test_the_mean_of_a_continuous_bernoulli_is_exact_for_all_logits():
    sizes = 10.0 ** np.arange(-8.0, 4.0, 0.25)
    for dtype, tolerance in ((tf.float64, 1e-11), (tf.float32, 1e-5)):
        logits = np.concatenate([[0.0], sizes, -sizes]).astype(dtype.as_numpy_dtype)
        ours = distributions.ContinuousBernoulli(logits=tf.constant(logits), dtype=dtype)
        exact = [exact_mean(float(value)) for value in logits]
        np.testing.assert_allclose(ours.mean(), exact, rtol=tolerance)


def test_the_gradient_of_its_mean_is_finite_everywhere():
    logits = tf.constant([-1e4, -100.0, -1e-3, 0.0, 1e-3, 100.0, 1e4])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        mean = distributions.ContinuousBernoulli(logits=logits).mean()
    gradient = tape.gradient(mean, logits).numpy()
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient[2:5], 1.0 / 12.0, rtol=1e-3)
