"""Relaxed categorical variables, concatenated in one vector."""

import math
from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise

_SMALLEST = 1e-30


class RelaxedOneHotCategorical(DrawsFromNoise, tfd.Distribution):
    """Independent `tfd.RelaxedOneHotCategorical` variables whose vectors are concatenated.

    The log-density is that of `tfd.ExpRelaxedOneHotCategorical` at the logarithms, less the
    logarithms themselves, the log-determinant of exp. At a low temperature the smaller numbers of a
    draw are beyond float32; they are at least 1e-30.

    Mean and variance have no closed form: they are Monte Carlo estimates from 256 draws with a
    fixed seed, equal at every call.

    Args:
      temperature: A positive scalar.
      logits: The logits, `[..., variables, categories]`.
    """

    moment_draws: ClassVar[int] = 256
    """The number of draws that mean and variance are estimated from."""

    def __init__(
        self,
        temperature: tf.Tensor,
        logits: tf.Tensor,
        name: str = "RelaxedOneHotCategorical",
    ) -> None:
        parameters = dict(locals())
        self.logits = tf.convert_to_tensor(logits)
        self.temperature = tf.convert_to_tensor(temperature, self.logits.dtype)
        super().__init__(
            dtype=self.logits.dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
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
        return {
            "temperature": tfp_util.ParameterProperties(event_ndims=0),
            "logits": tfp_util.ParameterProperties(event_ndims=2),
        }

    @property
    def _variables_and_categories(self) -> tuple[int, int]:
        return tuple(self.logits.shape[-2:])

    def _batch_shape(self) -> tf.TensorShape:
        return self.logits.shape[:-2]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.logits)[:-2]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([math.prod(self._variables_and_categories)])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([math.prod(self._variables_and_categories)], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([sample_shape, tf.shape(self.logits)], axis=0)
        row_axis = -3 if self.batch_shape.rank else None
        gumbel = -tf.math.log(
            -tf.math.log(stateless_random.uniform(shape, seed, self.dtype, row_axis))
        )
        draws = tf.nn.softmax((self.logits + gumbel) / self.temperature)
        return tf.reshape(tf.maximum(draws, _SMALLEST), self._shape_of_draws(sample_shape))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        apart = tf.concat([tf.shape(value)[:-1], self._variables_and_categories], axis=0)
        logarithms = tf.math.log(tf.reshape(value, apart))
        of_logarithms = tfd.ExpRelaxedOneHotCategorical(self.temperature, logits=self.logits)
        each = of_logarithms.log_prob(logarithms) - tf.reduce_sum(logarithms, axis=-1)
        log_prob = tf.reduce_sum(each, axis=-1)
        return tf.ensure_shape(
            log_prob, tf.broadcast_static_shape(value.shape[:-1], self.batch_shape)
        )

    def _mean(self) -> tf.Tensor:
        return tf.reduce_mean(self._draws_for_moments(), axis=0)

    def _variance(self) -> tf.Tensor:
        return tf.math.reduce_variance(self._draws_for_moments(), axis=0)

    def _draws_for_moments(self) -> tf.Tensor:
        return self.sample(self.moment_draws, seed=seeds.as_seed(seeds.EVALUATION))
