"""The negative binomial likelihood, of overdispersed counts."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.likelihoods import count_marginals, link_functions
from tfp_vae.likelihoods.base import Likelihood

_DISPERSIONS = ("shared", "learned")
_LEAST = 1e-4


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class NegativeBinomial(Likelihood):
    """Independent negative binomial counts, by mean m and inverse dispersion r.

    The mean is m and the variance m + m²/r: a Poisson count in the limit of a large r. It is the
    likelihood of scVI in its parameterisation: Lopez et al. (2018), "Deep generative modeling for
    single-cell transcriptomics". The network emits log m; r comes in two kinds:

    ============  ========================================================================
    `dispersion`  what it is
    ============  ========================================================================
    "shared"      one weight for every value of the event, learned, the same for every row
    "learned"     emitted by the network
    ============  ========================================================================

    Above e^10 means and r grow linearly, by `link_functions.log_rate`, so that nothing overflows; r
    is at least 1e-4.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      dispersion: "shared" or "learned"; "gene" and "gene-cell" in scvi-tools.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.NegativeBinomial`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `dispersion` not a string.
      ValueError: If a size is not positive, or `dispersion` an unknown word.

    Example:
      >>> likelihoods.NegativeBinomial(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    support = supports.COUNTS
    advice = (
        "A likelihood of counts is for whole numbers. Undo their transformation (a logarithm, a "
        "division), or use likelihoods.Normal for values that are no counts."
    )

    def __init__(
        self, event_shape: Sequence[int], dispersion: str = "shared", **kwargs: Any
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.dispersion = checks.one_of(dispersion, _DISPERSIONS, "dispersion")
        learned = ("inverse_dispersion",) if self.dispersion == "learned" else ()
        self.parameter_names = ("log_mean", *learned)

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weights of the dispersion where it is shared."""
        if self.dispersion == "shared":
            self.raw_inverse_dispersion = self.add_weight(
                name="raw_inverse_dispersion",
                shape=self.event_shape,
                initializer="zeros",
                autocast=False,
            )
        super().build(features_shape)

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of log(1 + count)."""
        return networks.Standardization(self.event_shape, "log1p", dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the means, and sets or returns the dispersions of largest likelihood."""
        del stddev
        marginals = count_marginals.negative_binomial(x, observed, zero_inflated=False)
        return self.outputs_of(marginals)

    def outputs_of(self, marginals: count_marginals.CountMarginals) -> dict[str, np.ndarray]:
        """Returns the outputs of the counts' parameters, and sets a shared dispersion."""
        constants = {"log_mean": link_functions.output_of_rate(marginals.mean)}
        raw = link_functions.output_of_rate(marginals.inverse_dispersion - _LEAST)
        if self.dispersion == "learned":
            constants["inverse_dispersion"] = raw
        else:
            self.raw_inverse_dispersion.assign(raw)
        return constants

    def distribution(
        self, log_mean: tf.Tensor, inverse_dispersion: tf.Tensor | None = None
    ) -> tfd.Independent:
        """Makes the likelihood of the network's outputs, `[B, *event_shape]` each."""
        return self.independent(self.counts(log_mean, inverse_dispersion))

    def counts(
        self, log_mean: tf.Tensor, inverse_dispersion: tf.Tensor | None
    ) -> distributions.NegativeBinomial:
        """Makes the distribution of every count, batch `[B, *event_shape]`, event `[]`."""
        if inverse_dispersion is None:
            inverse_dispersion = tf.convert_to_tensor(self.raw_inverse_dispersion)
        total_count = tf.exp(link_functions.log_rate(inverse_dispersion)) + _LEAST
        return distributions.NegativeBinomial(
            total_count=total_count,
            logits=link_functions.log_rate(log_mean) - tf.math.log(total_count),
            require_integer_total_count=False,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "dispersion": self.dispersion}
