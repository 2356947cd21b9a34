"""The multinomial likelihood, of counts whose total is given."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.likelihoods import count_marginals
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Multinomial(Likelihood):
    """Counts of draws of a category, given how many: words of a document, items that a user took.

    A row is scored given its own total n: log p(x|n, z), in nats, with the number of orders
    n! / Π x_i!, which does not depend on the model. Nothing is said about totals, so that
    log-likelihoods do not compare with those of counts whose totals are modelled, such as
    `Poisson`: `likelihoods.suggest` does not propose it. It is a `Poisson` likelihood given the
    total. The network emits a logit for every value of the event, and the probabilities are their
    softmax over the whole event. Liang et al. (2018), "Variational autoencoders for collaborative
    filtering", section 2.2, have it for items that users took.

    Draws, the mean and so `predict` need a total: `total`, or else the mean total of the data at
    which the model begins, rounded; 1 before that. For the mean of a row with another total,
    multiply by it.

    Of a row with missing values, the observed counts given their own total are multinomial, too,
    and are scored by that. `impute` fills in what a row of the layer's total would have there.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      total: The total of rows that are drawn, a positive int; None for that of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `distributions.Multinomial`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `total` no int.
      ValueError: If a size or `total` is not positive.

    Example:
      >>> likelihood = likelihoods.Multinomial(event_shape=[4], total=20)(np.zeros([3, 8]))
      >>> likelihood.mean()[0].numpy()
      array([5., 5., 5., 5.], dtype=float32)
    """

    parameter_names: tuple[str, ...] = ("logits",)
    support = supports.COUNTS
    advice = (
        "A likelihood of counts with a given total is for whole numbers. Undo their transformation "
        "(a logarithm, a division by the total), or use likelihoods.Normal for values that are no "
        "counts."
    )

    def __init__(self, event_shape: Sequence[int], total: int | None = None, **kwargs: Any) -> None:
        super().__init__(event_shape, **kwargs)
        self.total = None if total is None else checks.positive_int(total, "total")

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weight that holds the total of the data."""
        if self.total is None:
            self.mean_total = self.add_weight(
                name="mean_total", shape=(), initializer="ones", trainable=False, autocast=False
            )
        super().build(features_shape)

    def _total_count(self) -> tf.Tensor:
        """Returns the total of rows that are drawn, a scalar."""
        return tf.convert_to_tensor(
            self.mean_total if self.total is None else self.total, self.variable_dtype
        )

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of log(1 + count)."""
        return networks.Standardization(self.event_shape, "log1p", dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the logarithms of the shares of the data's total, and sets the mean total."""
        del stddev
        return {"logits": np.log(self._shares(x, observed))}

    def _shares(self, x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
        """Returns the share of every value in the total, and sets the mean total.

        A value without a count gets half of one.
        """
        mean = count_marginals.rate(x, observed)
        if self.total is None:
            self.mean_total.assign(max(np.round(mean.sum()), 1.0))
        return np.asarray(mean / mean.sum())

    def distribution(self, logits: tf.Tensor) -> tfd.Distribution:
        """Makes the likelihood of `logits`, `[B, *event_shape]`."""
        return distributions.Multinomial(logits, self._total_count(), len(self.event_shape))

    def of_observed(self, distribution: tfd.Distribution, observed: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of the observed counts of every row given their total.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `event_shape`.
          observed: A boolean tensor, `[B, *event_shape]`.
        """
        return distribution.of_observed(observed)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "total": self.total}
