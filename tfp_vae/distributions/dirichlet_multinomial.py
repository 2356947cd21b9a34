"""The Dirichlet-multinomial distribution of a row of counts, given its total."""

from typing import Any, Self

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds
from tfp_vae.distributions import rejection, row_counts
from tfp_vae.distributions.draws import DrawsFromNoise


class DirichletMultinomial(DrawsFromNoise, tfd.Distribution):
    """Counts of a multinomial whose probabilities are drawn from a Dirichlet for every row.

    Also called the Pólya distribution: counts of a given total that vary more than those of a
    multinomial, to which it tends as the concentrations grow. As of `Multinomial`, `log_prob(x)` is
    log p(x|n) for the total n of `x` itself, and `total_count` that of draws and moments.

    It has no term that grows with the counts but deviances: with a the concentrations, A their sum,
    R(a) = log Γ(a) - a log a + a, S and D as of `Multinomial`, T(x, a) = S(x) + R(a) - R(x + a) and
    r = n / (n + A), log p(x|n) is T(n, A) - Σ T(x_i, a_i) - Σ D(x_i, (x_i + a_i) r)
    - Σ D(a_i, (x_i + a_i) (1 - r)), since T(x, a) is log(x B(x, a)) with the entropy of its beta
    function added, and those entropies differ by the two sums of deviances.

    Args:
      log_concentration: The logarithms of the concentrations, `[..., *event]`.
      total_count: The total of a row that is drawn, whole numbers that broadcast to `[...]`.
      event_ndims: How many axes the event has; the categories are all its values.
      observed: Which values are observed, as of `Multinomial`; None if all are.
      name: The name of the distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> d = distributions.DirichletMultinomial(tf.zeros([2]), 4.0)
      >>> np.round(np.exp(d.log_prob([1.0, 3.0])), 4)  # uniform: one of five
      np.float32(0.2)
    """

    def __init__(
        self,
        log_concentration: tf.Tensor,
        total_count: tf.Tensor | float,
        event_ndims: int = 1,
        observed: tf.Tensor | None = None,
        name: str = "DirichletMultinomial",
    ) -> None:
        parameters = dict(locals())
        self.log_concentration = tf.convert_to_tensor(log_concentration)
        self.total_count = tf.convert_to_tensor(total_count, self.log_concentration.dtype)
        self.event_ndims, self.observed = event_ndims, observed
        super().__init__(
            dtype=self.log_concentration.dtype,
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
            "log_concentration": tfp_util.ParameterProperties(
                event_ndims=lambda self: self.event_ndims
            ),
            "total_count": tfp_util.ParameterProperties(),
        }

    def of_observed(self, observed: tf.Tensor) -> Self:
        """Returns the distribution of the observed counts given their total.

        It is a Dirichlet-multinomial with the concentrations of the observed categories.
        """
        return type(self)(self.log_concentration, self.total_count, self.event_ndims, observed)

    def _event_shape(self) -> tf.TensorShape:
        rank = self.log_concentration.shape.rank
        return self.log_concentration.shape[rank - self.event_ndims :]

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self.log_concentration)[-self.event_ndims :]

    def _logarithms(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the logarithms of the concentrations and of their sum, with the event's axes."""
        logs = row_counts.masked(self.log_concentration, self.observed)
        return logs, row_counts.log_sum_exp(logs, self.event_ndims)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        x = row_counts.counts(value, self.observed, self.dtype)
        axes = list(range(-self.event_ndims, 0))
        total = tf.reduce_sum(x, axis=axes, keepdims=True)
        log_a, log_sum = self._logarithms()
        a = tf.exp(log_a)
        some = total > 0.0
        log_both = tf.math.log(tf.where(some, total, tf.ones_like(total)) + tf.exp(log_sum))
        log_share = row_counts.log_count(total) - log_both
        both = x + a
        empty = tf.equal(x, 0.0)
        log_of_both = tf.where(empty, log_a, tf.math.log(tf.where(empty, tf.ones_like(both), both)))
        deviance = row_counts.deviance(
            x, row_counts.log_count(x), both * tf.exp(log_share), log_of_both + log_share
        ) + row_counts.deviance(
            a, log_a, both * tf.exp(log_sum - log_both), log_of_both + log_sum - log_both
        )
        deviance += row_counts.beta_term(x, a, log_a)
        own = row_counts.beta_term(total, tf.exp(log_sum), log_sum)
        log_prob = tf.reduce_sum(own, axis=axes) - tf.reduce_sum(deviance, axis=axes)
        return tf.where(tf.reduce_any(some, axis=axes), log_prob, tf.zeros_like(log_prob))

    def _mean(self) -> tf.Tensor:
        logs, log_sum = self._logarithms()
        return row_counts.beside_event(self.total_count, self.event_ndims) * tf.exp(logs - log_sum)

    def _variance(self) -> tf.Tensor:
        logs, log_sum = self._logarithms()
        total, concentration = (
            row_counts.beside_event(self.total_count, self.event_ndims),
            tf.exp(log_sum),
        )
        probs = tf.exp(logs - log_sum)
        return total * probs * (1.0 - probs) * (total + concentration) / (1.0 + concentration)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = self._shape_of_draws(sample_shape)
        gamma_seed, count_seed = seeds.split(seed, 2)
        logs = tf.cast(self._logarithms()[0], tf.float64)
        log_gamma = rejection.log_gamma(shape, tf.exp(logs), gamma_seed)
        log_probs = row_counts.log_softmax(
            tf.maximum(log_gamma, row_counts.UNSEEN), self.event_ndims
        )
        return row_counts.drawn(
            shape, log_probs, self.total_count, self.event_ndims, count_seed, self.dtype
        )
