"""The numerical fit of marginals, for likelihoods without a closed form.

A logarithm of a rate that is off by 0.05 costs about 1e-3 nats a value.
"""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import likelihoods, supports
from tfp_vae.likelihoods.marginal_fit import fitted_constants


class Exponential(likelihoods.Likelihood):
    parameter_names = ("log_rate",)
    support = supports.POSITIVE

    def distribution(self, log_rate):
        return self.independent(tfd.Exponential(tf.exp(log_rate)))


class Uniform(likelihoods.Likelihood):
    """Of values between 0 and a bound, with probability 0 elsewhere."""

    parameter_names = ("bound", "unused")

    def distribution(self, bound, unused):
        del unused
        return self.independent(tfd.Uniform(0.0, 4.0 - bound))


class NotFinite(likelihoods.Likelihood):
    def distribution(self, loc):
        return self.independent(tfd.Normal(loc, np.nan))


X = np.random.default_rng(0).exponential([0.1, 1.0, 30.0], size=[300, 3]).astype("float32")


def test_a_likelihood_without_an_adapt_begins_at_the_rates_of_largest_likelihood():
    constants = Exponential([3]).adapt(X)
    np.testing.assert_allclose(constants["log_rate"], -np.log(X.mean(axis=0)), atol=0.05)


def test_missing_values_do_not_count():
    observed = np.random.default_rng(1).uniform(size=X.shape) < 0.5
    constants = Exponential([3]).adapt(np.where(observed, X, 1e6), observed)
    mean = np.mean(X, axis=0, where=observed)
    np.testing.assert_allclose(constants["log_rate"], -np.log(mean), atol=0.05)


def test_the_best_constants_are_kept_where_the_next_step_is_impossible():
    """The density of the uniform grows until its bound is below the largest value."""
    layer = Uniform([1])
    x = np.linspace(0.1, 2.0, 50)[:, None]
    constants = fitted_constants(layer, x, None)
    assert 2.0 <= 4.0 - constants["bound"][0] < 2.4
    assert constants["unused"] == 0.0


def test_zeros_where_no_constants_have_a_finite_probability():
    np.testing.assert_array_equal(NotFinite([3]).adapt(X)["loc"], np.zeros(3))


@pytest.mark.parametrize("rows", [1, 2, 5000])
def test_any_number_of_rows(rows):
    x = np.full([rows, 2], 0.5, "float32")
    constants = Exponential([2]).adapt(x)
    np.testing.assert_allclose(constants["log_rate"], np.log(2.0), atol=0.05)
