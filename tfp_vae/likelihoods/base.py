"""The base class of likelihoods p(x|z)."""

from typing import Any, Self

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import supports
from tfp_vae.distribution_layer import DistributionLayer


class Likelihood(DistributionLayer):
    """A layer that turns a decoder's features into the likelihood p(x|z).

    To add one, write a subclass that names its parameters and its support and implements
    `distribution`, and register it with `keras.saving.register_keras_serializable`.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Distribution`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints.
      ValueError: If a size is not positive.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class Exponential(likelihoods.Likelihood):
      ...     parameter_names = ("log_rate",)
      ...
      ...     def distribution(self, log_rate):
      ...         return self.independent(tfd.Exponential(tf.exp(log_rate)))
      >>> Exponential([4])(np.zeros([3, 8])).log_prob(np.ones([3, 4], "float32")).numpy()
      array([-4., -4., -4.], dtype=float32)
    """

    support: supports.Support | supports.Columns = supports.REAL
    """The values that data may take."""

    advice: str = ""
    """What to do with data outside the support, in one or two sentences."""

    def independent(self, distribution: tfd.Distribution) -> tfd.Independent:
        """Makes the values of a row, independent of each other, one event."""
        return tfd.Independent(
            distribution, reinterpreted_batch_ndims=len(self.event_shape), validate_args=False
        )

    @classmethod
    def for_values(cls, x: np.ndarray) -> Self:
        """Makes the likelihood for rows `[N, *event]`, from which its arguments are inferred."""
        return cls(x.shape[1:])

    def prediction(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the point prediction of `predict`, by default the mean of p(x|z).

        A likelihood with no meaningful mean returns another statistic, `[B, *event_shape]` too.
        """
        return distribution.mean()

    def fitted_to(
        self, distribution: tfd.Distribution, x: tf.Tensor, observed: tf.Tensor | None = None
    ) -> tfd.Distribution:
        """Returns the distribution by which training scores `x`, by default the same one.

        A likelihood with a parameter whose best value for a batch has a closed form sets it here,
        from the values of `x` that are `observed`, a boolean `[B, *event_shape]`; None if all are.
        """
        del x, observed
        return distribution

    def of_observed(self, distribution: tfd.Distribution, observed: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of the observed values of every row.

        The missing ones are integrated out. For independent values this means leaving them out:
        the numbers in their place add 0 to the log-probability. A likelihood whose values depend on
        one another given z overrides this.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `event_shape`.
          observed: A boolean tensor, `[B, *event_shape]`.

        Raises:
          ValueError: If the values of a row are not independent given z.
        """
        inner = distribution.distribution if isinstance(distribution, tfd.Independent) else None
        if inner is None or inner.event_shape.rank != 0:
            raise ValueError(
                "`missing_values` must be None unless the values are independent given z; got a "
                f"{type(self).__name__}, whose observed values have no distribution of their own."
            )
        value = self.support.inner_value
        return self.independent(
            tfd.Masked(inner, observed, safe_sample_fn=lambda each: tf.cast(value, each.dtype))
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "event_shape": list(self.event_shape)}
