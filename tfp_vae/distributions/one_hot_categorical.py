"""Categorical variables as one-hot vectors, concatenated in one vector."""

import itertools
import math
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise

LARGEST_SUPPORT = 10_000
"""More terms than these are not summed: the decoder computes each of them for every row."""


class OneHotCategorical(DrawsFromNoise, tfd.Distribution):
    """Independent `tfd.OneHotCategorical` variables whose vectors are concatenated.

    Its support is finite: `support()` lists it, so that an expectation is a sum. Draws have no
    gradient.

    Args:
      logits: The logits, `[..., variables, categories]`.

    Example:
      >>> from tfp_vae import distributions
      >>> d = distributions.OneHotCategorical(tf.zeros([4, 1, 3]))
      >>> d.batch_shape, d.event_shape
      (TensorShape([4]), TensorShape([3]))
      >>> d.support().numpy().tolist()
      [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, logits: tf.Tensor, name: str = "OneHotCategorical") -> None:
        parameters = dict(locals())
        self.logits = tf.convert_to_tensor(logits)
        super().__init__(
            dtype=self.logits.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {"logits": tfp_util.ParameterProperties(event_ndims=2)}

    @property
    def variables(self) -> tfd.OneHotCategorical:
        """The variables one by one: batch `[..., variables]`, event `[categories]`."""
        return tfd.OneHotCategorical(logits=self.logits, dtype=self.dtype)

    @property
    def summable(self) -> bool:
        """Whether the support has at most 10,000 members."""
        return is_summable(*self.logits.shape[-2:])

    def support(self) -> tf.Tensor:
        """Returns the `categories ** variables` possible draws, `[K, variables * categories]`."""
        variables, categories = self.logits.shape[-2:]
        codes = list(itertools.product(range(categories), repeat=variables))
        vectors = np.eye(categories)[np.array(codes)]
        return tf.constant(vectors.reshape([len(codes), -1]), self.dtype)

    def _batch_shape(self) -> tf.TensorShape:
        return self.logits.shape[:-2]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.logits)[:-2]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([math.prod(self.logits.shape[-2:])])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([math.prod(self.logits.shape[-2:])], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([sample_shape, tf.shape(self.logits)], axis=0)
        row_axis = -3 if self.batch_shape.rank else None
        uniform = stateless_random.uniform(shape, seed, self.dtype, row_axis)
        gumbel = -tf.math.log(-tf.math.log(uniform))
        return self._one_hot(self.logits + gumbel, self._shape_of_draws(sample_shape))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        apart = tf.concat([tf.shape(value)[:-1], tf.shape(self.logits)[-2:]], axis=0)
        chosen = tf.math.multiply_no_nan(tf.nn.log_softmax(self.logits), tf.reshape(value, apart))
        log_prob = tf.reduce_sum(chosen, axis=[-2, -1])
        return tf.ensure_shape(
            log_prob, tf.broadcast_static_shape(value.shape[:-1], self.batch_shape)
        )

    def _mean(self) -> tf.Tensor:
        return tf.reshape(tf.nn.softmax(self.logits), self._shape_of_draws(tf.zeros([0], tf.int32)))

    def _variance(self) -> tf.Tensor:
        probs = self._mean()
        return probs * (1.0 - probs)

    def _mode(self) -> tf.Tensor:
        return self._one_hot(self.logits, self._shape_of_draws(tf.zeros([0], tf.int32)))

    def _entropy(self) -> tf.Tensor:
        return tf.reduce_sum(self.variables.entropy(), axis=-1)

    def _one_hot(self, scores: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
        """Returns one-hot vectors of the largest scores, concatenated."""
        categories = self.logits.shape[-1]
        vectors = tf.one_hot(tf.argmax(scores, axis=-1), categories, dtype=self.dtype)
        return tf.reshape(vectors, shape)


def is_summable(variables: int, categories: int) -> bool:
    """Returns whether `categories ** variables` is at most 10,000."""
    # Beyond this exponent 2 categories are too many, whatever the base.
    return bool(categories ** min(variables, LARGEST_SUPPORT.bit_length()) <= LARGEST_SUPPORT)
