"""The Dirichlet-multinomial likelihood, of overdispersed counts whose total is given."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions
from tfp_vae.likelihoods import count_marginals, link_functions
from tfp_vae.likelihoods.multinomial import Multinomial

_KINDS = ("shared", "learned")
_LEAST = 1e-4


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class DirichletMultinomial(Multinomial):
    """Counts with a given total that vary more than those of `Multinomial`.

    The shares of the values are not softmax(logits) but draws of a Dirichlet around that, one for
    each row, whose concentrations have the sum A: the variance is (n + A) / (1 + A) times the
    multinomial's of total n. It is a `Multinomial` in the limit of a large A, and a word that
    occurs once in a document is likely to recur: Madsen, Kauchak & Elkan (2005), "Modeling word
    burstiness using the Dirichlet distribution". The sum comes in two kinds:

    ===============  =====================================================================
    `concentration`  what A is
    ===============  =====================================================================
    "shared"         one weight, learned, the same for every row
    "learned"        emitted by the network
    ===============  =====================================================================

    Above e^10 it grows linearly, by `link_functions.log_rate`; it is at least 1e-4. What is said of
    totals, draws and missing values in `Multinomial` holds here.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      concentration: "shared" or "learned".
      total: The total of rows that are drawn, a positive int; None for that of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or, with a shared concentration, `[B, *spatial, C]` where
        `spatial` begins the event shape.

    Returns:
      A `distributions.DirichletMultinomial`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, `concentration` not a string, or `total`
        no int.
      ValueError: If a size or `total` is not positive, or `concentration` an unknown word.

    Example:
      >>> likelihoods.DirichletMultinomial(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        concentration: str = "shared",
        total: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, total, **kwargs)
        self.concentration = checks.one_of(concentration, _KINDS, "concentration")
        learned = ("concentration",) if self.concentration == "learned" else ()
        self.parameter_names = ("logits", *learned)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the event's shape for the logits, `[1]` for a learned concentration."""
        shapes: dict[str, tuple[int, ...]] = {"logits": self.event_shape}
        return shapes if self.concentration == "shared" else {**shapes, "concentration": (1,)}

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weight of a shared concentration."""
        if self.concentration == "shared":
            self.raw_concentration = self.add_weight(
                name="raw_concentration", shape=(), initializer="zeros", autocast=False
            )
        super().build(features_shape)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the shares of largest likelihood, and sets or returns the concentration."""
        del stddev
        found = count_marginals.concentrations(x, observed, self._shares(x, observed))
        raw = link_functions.output_of_rate(found.sum() - _LEAST)
        constants = {"logits": np.log(found / found.sum())}
        if self.concentration == "learned":
            return {**constants, "concentration": raw[None]}
        self.raw_concentration.assign(raw)
        return constants

    def distribution(
        self, logits: tf.Tensor, concentration: tf.Tensor | None = None
    ) -> tfd.Distribution:
        """Makes the likelihood of the network's outputs, `[B, *event_shape]` and `[B, 1]`."""
        if concentration is None:
            raw = tf.convert_to_tensor(self.raw_concentration)
        else:
            ones = [1] * (len(self.event_shape) - 1)
            raw = tf.reshape(concentration, tf.concat([tf.shape(concentration), ones], axis=0))
        log_sum = tf.math.log(tf.exp(link_functions.log_rate(raw)) + _LEAST)
        axes = list(range(-len(self.event_shape), 0))
        log_shares = logits - tf.reduce_logsumexp(logits, axis=axes, keepdims=True)
        return distributions.DirichletMultinomial(
            log_shares + log_sum, self._total_count(), len(self.event_shape)
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "concentration": self.concentration}
