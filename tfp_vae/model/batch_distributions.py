"""The distributions of one batch, of which every objective and every estimate is made."""

from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.objectives import LikelihoodFn


class BatchDistributions(NamedTuple):
    """What a model says of a batch, and of the condition that came with it.

    Attributes:
      x: The data as the likelihood scores it, `[B, *event]`: preprocessed, and with a number in
        the place of what is missing.
      posterior: q(z|x), batch `[B]`, event `[L]`.
      prior: p(z), batch `[]`, event `[L]`.
      likelihood_fn: From latents `[S, B, L]` to the likelihood of the observed values of `x`,
        batch `[S, B]`, event `[*event]`.
      decoder_fn: From latents `[..., B, L]` to the likelihood of all values, batch `[..., B]`.
    """

    x: tf.Tensor
    posterior: tfd.Distribution
    prior: tfd.Distribution
    likelihood_fn: LikelihoodFn
    decoder_fn: LikelihoodFn

    def log_weights(self, z: tf.Tensor) -> tf.Tensor:
        """Returns log p(x|z) + log p(z) - log q(z|x) in nats for latents `[S, B, L]`, `[S, B]`."""
        log_likelihood = self.likelihood_fn(z).log_prob(self.x)
        return log_likelihood + self.prior.log_prob(z) - self.posterior.log_prob(z)
