"""Products of normal densities: by numerical integration, and at the limits of scales."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.testing import assert_close


def test_the_product_is_proportional_to_both_densities():
    z = np.linspace(-12.0, 12.0, 4001)
    density = stats.norm(0.7, 0.4).pdf(z) * stats.norm(-1.1, 0.9).pdf(z)
    density /= np.trapezoid(density, z)
    one = tfd.MultivariateNormalDiag(np.array([0.7]), np.array([0.4]))
    other = tfd.MultivariateNormalDiag(np.array([-1.1]), np.array([0.9]))
    for first, second in ((one, other), (other, one)):
        product = distributions.precision_weighted(first, second)
        assert_close(product.prob(z[:, None]), density, 1e-6, 1e-9)


SCALES = [1e-30, 1e-6, 1.0, 1e6, 1e30]


@pytest.mark.parametrize("ours", SCALES)
@pytest.mark.parametrize("theirs", SCALES)
def test_values_and_gradients_are_finite_and_right_at_every_ratio_of_scales(ours, theirs):
    parameters = [tf.constant([value], tf.float32) for value in (1.0, ours, 2.0, theirs)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        product = distributions.precision_weighted(
            tfd.MultivariateNormalDiag(*parameters[:2]), tfd.MultivariateNormalDiag(*parameters[2:])
        )
        mean, scale = product.mean(), product.stddev()
        total = mean + tf.math.log(scale)
    # In Python's wide numbers, of which no square overflows here.
    weight = float(np.float64(ours) ** 2 / (np.float64(ours) ** 2 + np.float64(theirs) ** 2))
    assert_close(mean, [1.0 + weight], 1e-6)
    expected = np.float64(ours) * theirs / np.hypot(ours, theirs)
    assert_close(scale, [expected], 1e-6)
    gradients = tape.gradient(total, parameters)
    assert np.isfinite(gradients).all()
    assert_close(gradients[0], [1.0 - weight], 1e-5, 1e-7)


def test_what_is_no_normal_is_refused():
    one = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
    with pytest.raises(TypeError, match="`evidence` must be a tfd"):
        distributions.precision_weighted(one, tfd.Independent(tfd.Normal(np.zeros(2), 1.0), 1))
