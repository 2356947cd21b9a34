"""Mixtures of normals with fixed weights, whose draws are stratified and have a gradient."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise
from tfp_vae.distributions.multivariate_normal import MultivariateNormalDiag


class StratifiedNormalMixture(DrawsFromNoise, tfd.MixtureSameFamily):
    """A mixture of diagonal normals for every row, whose weights do not depend on parameters.

    A draw is m + s ε for the mean and scale of a component that is chosen by the weights. Since
    these are constants, the choice is noise as ε is, and the draw is reparameterised: the gradient
    of an expectation is the expectation of the gradient at the draws.

    Of S draws of a row the component of draw i is that in whose part of [0, 1) the place
    (u + i / S) mod 1 lies, with one u for the row. Each draw by itself has the distribution of the
    mixture, so that a mean over draws is unbiased, and components with a weight of 1 / S have one
    draw each: the stratified sampling of Shi et al. (2019), "Variational mixture-of-experts
    autoencoders for multi-modal deep generative models", section 3, for any weights. The S draws of
    a row depend on one another.

    Args:
      probs: The weights, `[B, K]`, which add up to 1 in a row; 0 for a component that the row does
        not have. No gradient is computed for them.
      loc: The means, `[B, K, L]`.
      scale_diag: The standard deviations, `[B, K, L]`, positive.

    Example:
      >>> from tfp_vae import distributions
      >>> q = distributions.StratifiedNormalMixture(
      ...     tf.constant([[0.5, 0.5]]), tf.constant([[[-9.0], [9.0]]]), tf.ones([1, 2, 1]))
      >>> bool(np.sum(q.sample(2, seed=0) > 0.0) == 1), q.event_shape
      (True, TensorShape([1]))
    """

    def __init__(
        self,
        probs: tf.Tensor,
        loc: tf.Tensor,
        scale_diag: tf.Tensor,
        name: str = "StratifiedNormalMixture",
    ) -> None:
        self.loc, self.scale_diag = tf.convert_to_tensor(loc), tf.convert_to_tensor(scale_diag)
        self.probs = tf.stop_gradient(tf.convert_to_tensor(probs))
        super().__init__(
            tfd.Categorical(probs=self.probs),
            MultivariateNormalDiag(self.loc, self.scale_diag),
            name=name,
        )
        self._parameters = {"probs": probs, "loc": loc, "scale_diag": scale_diag, "name": name}
        self._reparameterization_type = tfd.FULLY_REPARAMETERIZED

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "probs": tfp_util.ParameterProperties(event_ndims=1),
            "loc": tfp_util.ParameterProperties(event_ndims=2),
            "scale_diag": tfp_util.ParameterProperties(event_ndims=2),
        }

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        place_seed, noise_seed = seeds.split(seed, 2)
        count, rows = tf.reduce_prod(sample_shape), self.batch_shape_tensor()
        # Draws in front, rows behind: [count, B].
        first = stateless_random.uniform(rows, place_seed, self.dtype, row_axis=0)
        steps = tf.cast(tf.range(count), self.dtype) / tf.cast(count, self.dtype)
        places = tf.math.floormod(first + steps[:, None], tf.constant(1.0, self.dtype))
        ends = tf.cumsum(self.probs, axis=-1)
        # The last end is 1 whatever was rounded, and beyond a place lies a component with a weight.
        ends = ends / ends[:, -1:]
        chosen = tf.reduce_sum(tf.cast(places[..., None] >= ends, tf.int32), axis=-1)
        which = tf.transpose(chosen)
        loc, scale = (
            tf.transpose(tf.gather(part, which, axis=1, batch_dims=1), [1, 0, 2])
            for part in (self.loc, self.scale_diag)
        )
        noise = stateless_random.normal(tf.shape(loc), noise_seed, self.dtype, row_axis=1)
        return tf.reshape(loc + scale * noise, self._shape_of_draws(sample_shape))
