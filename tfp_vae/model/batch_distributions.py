"""The distributions of one batch, from which objectives and estimates are computed."""

from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.objectives import LikelihoodFn


class BatchDistributions(NamedTuple):
    """The distributions of a model for a batch and its condition.

    Attributes:
      x: The data as the likelihood scores it, `[B, *event]`: preprocessed, with missing values
        filled by a number.
      posterior: q(z|x), batch `[B]`, event `[L]`.
      prior: p(z), batch `[]`, event `[L]`.
      likelihood_fn: A function of latents `[S, B, L]` that returns the likelihood of the observed
        values of `x`, batch `[S, B]`, event `[*event]`.
      decoder_fn: A function of latents `[..., B, L]` that returns the likelihood of all values,
        batch `[..., B]`, event `[*event]`.
      label_log_prob: Of a model with labels, log q(y|x) in nats, `[B]`, 0 for rows without one;
        else None. `posterior` then is that of rows whose label is known.
    """

    x: tf.Tensor
    posterior: tfd.Distribution
    prior: tfd.Distribution
    likelihood_fn: LikelihoodFn
    decoder_fn: LikelihoodFn
    label_log_prob: tf.Tensor | None = None

    def log_weights(self, z: tf.Tensor) -> tf.Tensor:
        """Returns log p(x|z) + log p(z) - log q(z|x), `[S, B]` in nats, for latents `[S, B, L]`."""
        log_likelihood = self.likelihood_fn(z).log_prob(self.x)
        return log_likelihood + self.prior.log_prob(z) - self.posterior.log_prob(z)
