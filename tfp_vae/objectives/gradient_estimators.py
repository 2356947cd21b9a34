"""Path gradients: gradients that reach the posterior's parameters through its draws alone.

For a reparameterised draw z, the total derivative of log q(z) has two parts: the path derivative,
through z, and the score, through the parameters of q at a fixed z. The score has expectation zero
and only adds variance; the estimators of Roeder et al. (2017) and Tucker et al. (2018) leave it out
or replace it. No copy of the posterior is needed: the score is the derivative of log q at draws
whose gradient is stopped, and is subtracted. Any reparameterised posterior will do, such as a flow
whose network is a Keras layer.
"""

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def check_reparameterized(posterior: tfd.Distribution) -> None:
    """Checks that gradients pass through the draws of a posterior.

    Raises:
      ValueError: If the posterior is not reparameterised.
    """
    if posterior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
        raise ValueError(
            "`posterior` must be reparameterized, since the gradient reaches the encoder through "
            f"its draws; got a {type(posterior).__name__} whose draws have no gradient."
        )


def path_log_prob(posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Returns log q(z) in nats, `[S, B]`, with the path derivative as its gradient.

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
    """Estimates KL(q‖p) from draws, in nats, `[B]`, with the path derivative of log q.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.
      z: Reparameterised draws from q, `[S, B, L]`.
    """
    return tf.reduce_mean(path_log_prob(posterior, z) - prior.log_prob(z), axis=0)


def value_with_gradient_of(value: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    """Returns `value`, with the gradient of `estimate`, a tensor of the same shape.

    No gradient at all is computed for the inputs of `value`: zeros would cost as much.
    """
    return _value_with_gradient_of(tf.stop_gradient(value), estimate)


@tf.custom_gradient
def _value_with_gradient_of(value: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    del estimate
    return tf.identity(value), lambda gradient: (tf.zeros_like(gradient), gradient)


class GradientScale:
    """The identity, whose gradient is multiplied by `factor`.

    The factor may depend on what is computed from the tensor: it is set after the call, and before
    a gradient is taken.
    """

    factor: tf.Tensor

    def __call__(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns `tensor`."""
        return tf.custom_gradient(
            lambda passed: (tf.identity(passed), lambda gradient: gradient * self.factor)
        )(tensor)
