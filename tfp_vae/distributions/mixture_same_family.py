"""Mixtures with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


class MixtureSameFamily(DrawsFromNoise, tfd.MixtureSameFamily):
    """A `tfd.MixtureSameFamily` that draws the same eagerly, in graphs and under XLA.

    The mixture has batch `[]`: one categorical over the components, which are the batch `[K]` of
    one distribution. Draws have no gradient, since the choice of a component has none.
    """

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        which_seed, value_seed = seeds.split(seed, 2)
        components = self.components_distribution
        probs = self.mixture_distribution.probs_parameter()
        uniform = stateless_random.uniform(
            tf.reshape(tf.reduce_prod(sample_shape), [1]), which_seed, probs.dtype
        )
        chosen = tf.searchsorted(tf.cumsum(probs), uniform)
        # The sum of the probabilities may be rounded to less than a uniform number near 1.
        chosen = tf.minimum(chosen, tf.shape(probs)[-1] - 1)
        of_each = components.sample(tf.shape(uniform), seed=value_seed)
        draws = tf.gather(of_each, chosen, axis=1, batch_dims=1)
        shape = tf.concat([sample_shape, self.event_shape_tensor()], 0)
        return tf.stop_gradient(tf.reshape(draws, shape))
