"""Assertion on a hand-written loss."""

from collections.abc import Callable
from typing import Any

from tfp_vae.audit import audit


def assert_loss_is_negative_elbo(
    loss: Callable[..., Any], sampler: Callable[..., Any] | None = None, **declaration: Any
) -> None:
    """Asserts that a loss is the negative ELBO, up to a positive factor.

    Args:
      loss: A function of x, the decoder's and the encoder's outputs, as `tfp_vae.audit` takes it.
      sampler: What draws z, if any.
      **declaration: The intended loss, as arguments of `tfp_vae.audit`: `likelihood`,
        `decoder_output`, `event_shape`, `latent_size`, `expected_kl_weight`, `arguments`, ...

    Raises:
      AssertionError: If the loss is another, or the audit is inconclusive; the message is the
        report.
      TypeError: If an argument is of the wrong kind.
      ValueError: If an argument has a wrong value, or the loss cannot be called.

    Example:
      >>> def loss(x, logits, loc, log_variance):
      ...     likelihood = tfd.Independent(tfd.Bernoulli(logits=logits), 1)
      ...     q = tfd.MultivariateNormalDiag(loc, tf.exp(log_variance / 2))
      ...     p = tfd.MultivariateNormalDiag(tf.zeros_like(loc))
      ...     return tf.reduce_mean(tfd.kl_divergence(q, p) - likelihood.log_prob(x))
      >>> tfp_vae.testing.assert_loss_is_negative_elbo(
      ...     loss, decoder_output="logits", event_shape=[20], latent_size=3)
    """
    __tracebackhide__ = True
    audit(loss, sampler, **declaration).assert_ok()
