"""Gradients that reach the posterior's parameters through its draws alone.

The total derivative of log q(z) has two parts where z is a reparameterised draw: the path
derivative, through z, and the score, through the parameters of q at a fixed z. The score has
expectation zero and only adds noise; the estimators of Roeder et al. (2017) and Tucker et al.
(2018) leave it out or replace it. No copy of the posterior is needed for that: the score is the
derivative of log q at the draws cut off from their parameters, and is taken away again. So every
reparameterised posterior will do, a flow whose network is a Keras layer among them.
"""

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def check_reparameterized(posterior: tfd.Distribution) -> None:
    """Refuses a posterior whose draws pass no gradient on.

    Raises:
      ValueError: If the posterior is not reparameterised.
    """
    if posterior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
        raise ValueError(
            "`posterior` must be reparameterized, since the gradient reaches the encoder through "
            f"its draws; got a {type(posterior).__name__} whose draws have no gradient."
        )


def path_log_prob(posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Returns log q(z) in nats, `[S, B]`, whose gradient is the path derivative: without the score.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      z: Reparameterised draws from q, `[S, B, L]`.

    Source: Roeder et al. (2017), "Sticking the landing", equation 8.
    """
    at_fixed_draws = posterior.log_prob(tf.stop_gradient(z))
    return posterior.log_prob(z) - (at_fixed_draws - tf.stop_gradient(at_fixed_draws))


def path_kl_divergence(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor
) -> tf.Tensor:
    """Returns KL(q‖p) as the draws estimate it, in nats, `[B]`, with the path derivative of log q.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.
      z: Reparameterised draws from q, `[S, B, L]`.
    """
    return tf.reduce_mean(path_log_prob(posterior, z) - prior.log_prob(z), axis=0)


def value_with_gradient_of(value: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    """Returns `value`, and passes the whole gradient on to `estimate`, a tensor of its shape.

    What `value` was computed from is given no gradient, not even zeros, which would cost as much.
    """
    return _value_with_gradient_of(tf.stop_gradient(value), estimate)


@tf.custom_gradient
def _value_with_gradient_of(value: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    del estimate
    return tf.identity(value), lambda gradient: (tf.zeros_like(gradient), gradient)


class GradientScale:
    """Passes a tensor on as it is, and multiplies the gradient that comes back by `factor`.

    The factor may depend on what is computed from the tensor, so it is set after the call, and
    must be before a gradient is taken.
    """

    factor: tf.Tensor

    def __call__(self, tensor: tf.Tensor) -> tf.Tensor:
        """Passes `tensor` on."""
        return tf.custom_gradient(
            lambda passed: (tf.identity(passed), lambda gradient: gradient * self.factor)
        )(tensor)
