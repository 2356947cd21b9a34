"""Stochastic binarization of grey images."""

from collections.abc import Sequence

import keras
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import seeds, stateless_random, supports


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class StochasticBinarization(keras.layers.Layer):
    """Draws every pixel as 0 or 1, with its grey value as the probability of 1.

    As a VAE's `preprocess` layer it binarizes every training batch with new draws, as in Burda et
    al. (2015), "Importance weighted autoencoders".

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Grey values in [0, 1], of any shape.
      seed: An int or a `[2]` integer tensor; None draws a fresh seed.

    Returns:
      A tensor of 0 and 1, of the shape of `x`.

    Example:
      >>> networks.StochasticBinarization()(np.array([[0.0, 1.0]]), seed=0).numpy()
      array([[0., 1.]], dtype=float32)
    """

    support = supports.UNIT_INTERVAL
    """The support of the grey values, which a VAE checks before it calls the layer."""

    advice = "Divide pixels of 0 to 255 by 255 first."

    def call(self, x: npt.ArrayLike | tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        """Draws the binary image."""
        probs = tf.cast(x, self.compute_dtype)
        threshold = stateless_random.uniform(tf.shape(probs), seeds.as_seed(seed), row_axis=0)
        return tf.cast(threshold < tf.cast(probs, threshold.dtype), probs.dtype)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """Returns `input_shape`."""
        return input_shape
