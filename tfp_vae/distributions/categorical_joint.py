"""The joint distribution of categorical latents and of continuous ones given them."""

from collections.abc import Callable

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions.latent_chain import LatentChain
from tfp_vae.distributions.one_hot_categorical import OneHotCategorical

ContinuousFn = Callable[[tf.Tensor], tfd.Distribution]
"""From one-hot vectors `[..., B, C]` to the distribution of z, batch `[..., B]`."""


class CategoricalJoint(LatentChain):
    """The joint distribution q(c) q(z|c) of categorical and continuous latents.

    A draw is the one-hot vectors c and then z, concatenated.

    Args:
      categorical: q(c), batch `[B]` or `[]`, event `[C]`.
      continuous_fn: From one-hot vectors `[..., C]` to q(z|c), batch `[...]`, or `[]` if z does not
        depend on c, event `[L]`.
      latent_size: The number of continuous latents L.

    Example:
      >>> from tfp_vae import distributions
      >>> joint = distributions.CategoricalJoint(
      ...     distributions.OneHotCategorical(tf.zeros([4, 1, 2])),
      ...     lambda c: tfd.MultivariateNormalDiag(c, [1.0, 1.0]),
      ...     latent_size=2)
      >>> joint.sample(5, seed=0).shape
      TensorShape([5, 4, 4])
    """

    def __init__(
        self,
        categorical: OneHotCategorical,
        continuous_fn: ContinuousFn,
        latent_size: int,
        name: str = "CategoricalJoint",
    ) -> None:
        sizes = [int(categorical.event_shape[-1]), latent_size]
        super().__init__(categorical, [continuous_fn], sizes, name=name)
        self.categorical, self.continuous_fn = categorical, continuous_fn
        self.latent_size = latent_size

    def support_beside_rows(self) -> tf.Tensor:
        """Returns every c of the support for every row, `[K, B, C]`, or `[K, C]` without rows."""
        return support_beside_rows(self.categorical)

    def _mean(self) -> tf.Tensor:
        return self.joined([self.categorical.mean(), self._continuous_moments()[0]])

    def _variance(self) -> tf.Tensor:
        mean, square = self._continuous_moments()
        return self.joined([self.categorical.variance(), square - mean**2])

    def _continuous_moments(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the mean of z and of its square, `[..., L]` each: sums over the categories."""
        c = self.support_beside_rows()
        given = self.continuous_fn(c)
        probs = tf.exp(self.categorical.log_prob(c))[..., None]
        mean = given.mean()
        return (
            tf.reduce_sum(probs * mean, axis=0),
            tf.reduce_sum(probs * (given.variance() + mean**2), axis=0),
        )

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        first_seed, second_seed = seeds.split(seeds.as_seed(seed), 2)
        c = self.categorical.sample(n, seed=first_seed)
        given = self.continuous_fn(c)
        missing = c.shape.rank - 1 - given.batch_shape.rank
        z = given.sample(tf.shape(c)[:missing], seed=second_seed)
        return self.joined([c, tf.ensure_shape(z, [*c.shape[:-1], self.latent_size])])


def support_beside_rows(categorical: OneHotCategorical) -> tf.Tensor:
    """Returns every draw of the support for every row, `[K, B, C]`, or `[K, C]` without rows."""
    support = categorical.support()
    if not categorical.batch_shape.rank:
        return support
    size, width = support.shape
    rows = categorical.batch_shape_tensor()
    beside = tf.broadcast_to(support[:, None], tf.concat([[size], rows, [width]], axis=0))
    return tf.ensure_shape(beside, [size, *categorical.batch_shape, width])
