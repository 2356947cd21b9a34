"""The multinomial distribution of a row of counts, given its total."""

from typing import Any, Self

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae.distributions import row_counts
from tfp_vae.distributions.draws import DrawsFromNoise


class Multinomial(DrawsFromNoise, tfd.Distribution):
    """Counts of independent draws of a category, given how many draws there are.

    `log_prob(x)` is log p(x|n) for the total n of `x` itself; `total_count` is the total of draws,
    of the mean and of the variance. `tfd.Multinomial` takes one total for all of these.

    With S(x) = log x! - x log x + x and D(x, m) = x log(x / m) + m - x, the deviance of a Poisson
    count of mean m, the log-probability is S(n) - Σ S(x_i) - Σ D(x_i, n p_i): the large terms of
    the factorials and of the powers cancel by algebra, not by subtraction, and float32 is accurate
    for large counts. Loader (2000), "Fast and accurate computation of binomial probabilities".

    Args:
      logits: The logits of the categories, `[..., *event]`.
      total_count: The total of a row that is drawn, whole numbers that broadcast to `[...]`.
      event_ndims: How many axes the event has; the categories are all its values.
      observed: Which values are observed, a boolean tensor that broadcasts to `logits`: the
        distribution is then that of these counts given their total. None if all are.
      name: The name of the distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> d = distributions.Multinomial(tf.zeros([3, 4]), 10.0)
      >>> float(tf.reduce_sum(d.sample(seed=0)[0]))
      10.0
    """

    def __init__(
        self,
        logits: tf.Tensor,
        total_count: tf.Tensor | float,
        event_ndims: int = 1,
        observed: tf.Tensor | None = None,
        name: str = "Multinomial",
    ) -> None:
        parameters = dict(locals())
        self.logits = tf.convert_to_tensor(logits)
        self.total_count = tf.convert_to_tensor(total_count, self.logits.dtype)
        self.event_ndims, self.observed = event_ndims, observed
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
        return {
            "logits": tfp_util.ParameterProperties(event_ndims=lambda self: self.event_ndims),
            "total_count": tfp_util.ParameterProperties(),
        }

    def of_observed(self, observed: tf.Tensor) -> Self:
        """Returns the distribution of the observed counts given their total.

        It is a multinomial over the observed categories.
        """
        return type(self)(self.logits, self.total_count, self.event_ndims, observed)

    def _event_shape(self) -> tf.TensorShape:
        return self.logits.shape[self.logits.shape.rank - self.event_ndims :]

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self.logits)[-self.event_ndims :]

    def _log_probs(self) -> tf.Tensor:
        return row_counts.log_softmax(
            row_counts.masked(self.logits, self.observed), self.event_ndims
        )

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        x = row_counts.counts(value, self.observed, self.dtype)
        axes = list(range(-self.event_ndims, 0))
        total = tf.reduce_sum(x, axis=axes, keepdims=True)
        log_probs = self._log_probs()
        log_mean = log_probs + tf.math.log(tf.maximum(total, 1.0))
        deviance = row_counts.deviance(
            x, row_counts.log_count(x), total * tf.exp(log_probs), log_mean
        )
        deviance += row_counts.factorial_term(x)
        return tf.reduce_sum(row_counts.factorial_term(total), axis=axes) - tf.reduce_sum(
            deviance, axis=axes
        )

    def _mean(self) -> tf.Tensor:
        return row_counts.beside_event(self.total_count, self.event_ndims) * tf.exp(
            self._log_probs()
        )

    def _variance(self) -> tf.Tensor:
        return self._mean() * (1.0 - tf.exp(self._log_probs()))

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = self._shape_of_draws(sample_shape)
        log_probs = tf.cast(self._log_probs(), tf.float64)
        return row_counts.drawn(
            shape, log_probs, self.total_count, self.event_ndims, seed, self.dtype
        )
