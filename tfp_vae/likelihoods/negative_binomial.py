"""The negative binomial likelihood, of overdispersed counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.likelihoods import count_marginals, link_functions, offsets
from tfp_vae.likelihoods.base import Likelihood

_DISPERSIONS = ("shared", "learned", "condition")
_LEAST = 1e-4


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class NegativeBinomial(Likelihood):
    """Independent negative binomial counts, by mean m and inverse dispersion r.

    The mean is m and the variance m + m²/r: a Poisson count in the limit of a large r. It is the
    likelihood of scVI in its parameterisation: Lopez et al. (2018), "Deep generative modeling for
    single-cell transcriptomics". The network emits log m; r comes in three kinds:

    ============  ========================================================================
    `dispersion`  what it is
    ============  ========================================================================
    "shared"      one weight for every value of the event, learned, the same for every row
    "learned"     emitted by the network
    "condition"   the same, times a factor whose logarithm is linear in the features of the
                  model's condition: one for every value and batch, where y is the batch
                  and the features are one-hot
    ============  ========================================================================

    Above e^10 means and r grow linearly, by `link_functions.log_rate`, so that nothing overflows; r
    is at least 1e-4.

    With `offset="total"` the means of a row are its own total times a softmax of the network's
    outputs over the event: what is learned of a row are shares. The likelihood is p(x|z, n) for a
    total n that is known, the library size of a cell, and the ELBO a bound on log p(x|n): nothing
    is said about totals. n may differ from the total of a draw. `predict` and `reconstruct` have
    the totals of the rows given to them; `sample` draws those of new rows from the totals of the
    data at which the model begins, and `decode` takes their mean: `decode(encode(x))` makes rows of
    different totals comparable, and `decode(...)` divided by its sum over the event are shares. Of
    a row with missing values n is the total of the observed counts, to which their means add up.
    A row needs a count above 0.

    With `offset="exposure"` the means of a row are in proportion to its exposure, which is known:
    the time for which it was counted, a population at risk, a size factor. What is learned are
    rates for each unit of exposure, log p(x|z, e) is that of counts of means e times the rate, and
    twice the exposure is twice the mean. The exposure is positive and comes with the data, as the
    last number of y: y is `[N]`, the exposures alone, or with a `condition` of the model `[N, C +
    1]`, the row of the condition and then the exposure. `fit(x, y)`, `evaluate`, `sample(n,
    condition=y)`, `decode(z, condition=y)`, `impute` and all else that takes a condition take them.
    The encoder sees the exposure, and the decoder and the prior do not. Nothing is said about
    exposures. It is the `exposure` of statsmodels, the `offset` of R's `glm` before its logarithm,
    and scvi-tools' `size_factor_key`.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      dispersion: "shared", "learned" or "condition"; in scvi-tools "gene", "gene-cell" and
        "gene-batch".
      offset: "total", "exposure", or None for means that depend on z alone.
      total: With `offset="total"`, the total of rows that `sample` and `decode` make, a positive
        int; None for those of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.NegativeBinomial`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, `dispersion` or `offset` not a string, or
        `total` no int.
      ValueError: If a size or `total` is not positive, a word is unknown, or there is a `total`
        without `offset="total"`.

    Example:
      >>> likelihoods.NegativeBinomial(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
      >>> by_total = likelihoods.NegativeBinomial(event_shape=[4], offset="total", total=20)
      >>> by_total(np.zeros([3, 8])).mean()[0].numpy().round(3)
      array([5., 5., 5., 5.], dtype=float32)
    """

    mean_name = "log_mean"
    support = supports.COUNTS
    advice = (
        "A likelihood of counts is for whole numbers. Undo their transformation (a logarithm, a "
        "division), or use likelihoods.Normal for values that are no counts."
    )

    def __init__(
        self,
        event_shape: Sequence[int],
        dispersion: str = "shared",
        offset: str | None = None,
        total: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.dispersion = checks.one_of(dispersion, _DISPERSIONS, "dispersion")
        self.conditional = self.dispersion == "condition"
        self.offset, self.total = offset, total
        self.offsets = offsets.checked(offset, total, len(self.event_shape))
        learned = ("inverse_dispersion",) if self.dispersion == "learned" else ()
        self.parameter_names = ("log_mean", *learned)

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weights of offsets and dispersions where there are any."""
        if self.offsets is not None:
            self.offsets.build(self)
        if self.dispersion != "learned":
            self.raw_inverse_dispersion = self.add_weight(
                name="raw_inverse_dispersion",
                shape=self.event_shape,
                initializer="zeros",
                autocast=False,
            )
        if self.conditional and self.condition_width:
            self.dispersion_kernel = self.add_weight(
                name="dispersion_kernel",
                shape=(self.condition_width, *self.event_shape),
                initializer="zeros",
                autocast=False,
            )
        super().build(features_shape)

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of log(1 + count)."""
        return networks.Standardization(self.event_shape, "log1p", dtype=self.dtype_policy)

    def adapt(
        self,
        x: np.ndarray,
        observed: np.ndarray | None = None,
        stddev: np.ndarray | None = None,
        exposure: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns the means, and sets or returns the dispersions of largest likelihood.

        Args:
          x: Rows, `[N, *event_shape]`.
          observed: A boolean array of the same shape, or None.
          stddev: Nothing that this likelihood uses.
          exposure: The exposures of the rows, `[N]`, with `offset="exposure"`.
        """
        del stddev
        return self.outputs_of(self._marginals(x, observed, exposure, zero_inflated=False))

    def _marginals(
        self,
        x: np.ndarray,
        observed: np.ndarray | None,
        exposure: np.ndarray | None,
        zero_inflated: bool,
    ) -> count_marginals.CountMarginals:
        """Returns the marginals of counts, relative to an offset where there is one."""
        if self.offsets is None:
            return count_marginals.negative_binomial(x, observed, zero_inflated)
        return self.offsets.marginals(x, observed, exposure, zero_inflated)

    def outputs_of(self, marginals: count_marginals.CountMarginals) -> dict[str, np.ndarray]:
        """Returns the outputs of the counts' parameters, and sets a shared dispersion."""
        of_mean = link_functions.output_of_rate if self.offsets is None else self.offsets.output_of
        constants = {"log_mean": np.asarray(of_mean(marginals.mean))}
        raw = link_functions.output_of_rate(marginals.inverse_dispersion - _LEAST)
        if self.dispersion == "learned":
            constants["inverse_dispersion"] = raw
        else:
            self.raw_inverse_dispersion.assign(raw)
        return constants

    def call(
        self,
        features: tf.Tensor,
        *,
        added: Mapping[str, tf.Tensor] | None = None,
        condition: tf.Tensor | None = None,
        known: offsets.Known | None = None,
    ) -> tfd.Distribution:
        """Computes the parameters, of which some depend on the condition or an offset."""
        parameters = self.parameters(features, added=added)
        if self.conditional and condition is not None:
            change = tf.tensordot(
                tf.cast(condition, self.variable_dtype),
                tf.convert_to_tensor(self.dispersion_kernel),
                axes=1,
            )
            parameters["inverse_dispersion"] = self.raw_inverse_dispersion + change
        if known is not None:
            return self.distribution(**parameters, known=known)
        return self.distribution(**parameters)

    def distribution(
        self,
        log_mean: tf.Tensor,
        inverse_dispersion: tf.Tensor | None = None,
        known: offsets.Known | None = None,
    ) -> tfd.Independent:
        """Makes the likelihood of the network's outputs, `[B, *event_shape]` each."""
        return self.independent(self.counts(log_mean, inverse_dispersion, known))

    def counts(
        self,
        log_mean: tf.Tensor,
        inverse_dispersion: tf.Tensor | None,
        known: offsets.Known | None,
    ) -> distributions.NegativeBinomial:
        """Makes the distribution of every count, batch `[B, *event_shape]`, event `[]`."""
        if inverse_dispersion is None:
            inverse_dispersion = tf.convert_to_tensor(self.raw_inverse_dispersion)
        total_count = tf.exp(link_functions.log_rate(inverse_dispersion)) + _LEAST
        if self.offsets is None:
            log_mean = link_functions.log_rate(log_mean)
        else:
            log_mean = self.offsets.log_means(log_mean, known)
        return distributions.NegativeBinomial(
            total_count=total_count,
            logits=log_mean - tf.math.log(total_count),
            require_integer_total_count=False,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "dispersion": self.dispersion,
            "offset": self.offset,
            "total": self.total,
        }
