"""Two rows with three categories, of which sums over all draws give every expectation."""

import itertools

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions

LOGITS = np.array([[[0.5, -0.3, 0.9]], [[-1.2, 0.4, 0.1]]])
SHIFTS = np.array([[0.3], [-0.7]])
X = np.array([[1.0, -0.5], [0.2, 0.8]])
CENTRES = np.array([[2.0, 0.0], [-1.0, 1.0], [0.0, -2.0]])
PRIOR = np.array([[0.4, 0.0, -0.2]])


class Given(distributions.OneHotCategorical):
    """Categories whose draws are the given ones, one-hot vectors `[S, B, C]`."""

    def __init__(self, logits, draws):
        super().__init__(logits)
        self.draws = draws

    def sample(self, sample_shape=(), seed=None, **kwargs):
        return tf.constant(self.draws)


def likelihood_fn(c):
    return tfd.Independent(tfd.Normal(tf.einsum("...c,cd->...d", c, tf.constant(CENTRES)), 1.3), 1)


def _joint_likelihood(z):
    loc = tf.einsum("...c,cd->...d", z[..., :3], tf.constant(CENTRES)) + z[..., 3:]
    return tfd.Independent(tfd.Normal(loc, 1.3), 1)


def value_and_gradient(objective, joint=False, draws=None):
    """Returns the objective `[B]` and the gradient of its sum by logits and shifts."""
    logits, shifts = tf.constant(LOGITS), tf.constant(SHIFTS)
    with tf.GradientTape() as tape:
        tape.watch([logits, shifts])
        q = (
            distributions.OneHotCategorical(logits)
            if draws is None
            else Given(logits, np.asarray(draws))
        )
        p = distributions.OneHotCategorical(tf.constant(PRIOR))
        likelihood = likelihood_fn
        if joint:
            # Of no spread, so that a draw of z is a function of c and its expectation a sum.
            q = distributions.CategoricalJoint(
                q, lambda c: _narrow(shifts * c[..., :1] + c[..., 1:2]), latent_size=1
            )
            p = distributions.CategoricalJoint(p, lambda c: _narrow(0.1 * c[..., :1]), 1)
            likelihood = _joint_likelihood
        terms = objective(tf.constant(X), posterior=q, prior=p, likelihood_fn=likelihood, seed=1)
        total = tf.reduce_sum(terms.objective)
    gradients = tape.gradient(total, [logits, shifts], unconnected_gradients="zero")
    return terms.objective.numpy(), [gradient.numpy() for gradient in gradients]


def _narrow(loc):
    return distributions.MultivariateNormalDiag(loc, tf.constant([1e-9], tf.float64))


def expected_value_and_gradient(objective, size, joint=False):
    """Averages value and gradient over all sets of draws, each with its probability."""
    probs = tf.nn.softmax(LOGITS[:, 0]).numpy()
    value, gradients = np.zeros(2), [np.zeros_like(LOGITS), np.zeros_like(SHIFTS)]
    for chosen in itertools.product(range(3), repeat=size):
        draws = np.repeat(np.eye(3)[list(chosen)][:, None], 2, axis=1)
        weight = np.prod(probs[:, list(chosen)], axis=1)
        own_value, own = value_and_gradient(objective, joint, draws)
        value += weight * own_value
        for index, gradient in enumerate(own):
            gradients[index] += weight.reshape([2] + [1] * (gradient.ndim - 1)) * gradient
    return value, gradients
