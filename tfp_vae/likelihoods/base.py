"""The base class of likelihoods p(x|z)."""

from collections.abc import Callable
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import networks, shapes, supports
from tfp_vae.distribution_layer import DistributionLayer
from tfp_vae.likelihoods.data_units import DataUnits
from tfp_vae.likelihoods.exposures import Exposures
from tfp_vae.likelihoods.marginal_fit import fitted_constants
from tfp_vae.likelihoods.offsets import Known
from tfp_vae.likelihoods.row_totals import RowTotals


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

    location_name: str | None = None
    """The parameter that is a location in the data's units, up to an affine map; None if none."""

    mean_name: str | None = None
    """The parameter that the mean of a value increases with, where it is no location: logits, or a
    logarithm; None if none. In a model it begins as a linear function of the latents."""

    units: DataUnits | None = None
    """The units of the data, where the model is one that adapts to data."""

    conditional: bool = False
    """Whether p(x|z) depends on the features of a condition beside its network."""

    condition_width: int | None = None
    """The number of features of the model's condition, where there is one."""

    offsets: RowTotals | Exposures | None = None
    """What the means of a row's counts are in proportion to, where that is known."""

    @property
    def takes_exposure(self) -> bool:
        """Whether p(x|z) is given an exposure of every row, which comes with the data."""
        return isinstance(self.offsets, Exposures)

    def independent(self, distribution: tfd.Distribution) -> tfd.Independent:
        """Makes the values of a row, independent of each other, one event."""
        return tfd.Independent(
            distribution, reinterpreted_batch_ndims=len(self.event_shape), validate_args=False
        )

    def take_features(self, width: int) -> None:
        """Takes the number of features of the model's condition, before the layer is built."""
        self.condition_width = width

    def known_of(
        self, x: tf.Tensor, observed: tf.Tensor | None, exposure: tf.Tensor | None = None
    ) -> Known | None:
        """Returns what the likelihood is given of prepared rows beside z: an offset, or None.

        Args:
          x: Rows, `[B, *event_shape]`.
          observed: A boolean tensor of the same shape, or None.
          exposure: The exposures, `[B]`, of a likelihood that takes them.
        """
        return None if self.offsets is None else self.offsets.of_rows(x, observed, exposure)

    def known_of_new_rows(
        self, rows: int | tf.Tensor, seed: tf.Tensor, exposure: tf.Tensor | None = None
    ) -> Known | None:
        """Draws what the likelihood is given of new rows beside z: totals; or takes exposures."""
        if self.offsets is None:
            return None
        return self.offsets.of_new_rows(rows, seed, self.variable_dtype, exposure)

    def known_at(self, exposure: tf.Tensor | None) -> Known | None:
        """Returns what is known of rows by their exposures alone, `[B]`; None for the usual rows.

        The usual rows have the mean total or exposure of the data.
        """
        if exposure is None or not isinstance(self.offsets, Exposures):
            return None
        return self.offsets.at(exposure)

    def take_units(self) -> None:
        """Prepares the layer to be adapted to data; a location-scale family takes `DataUnits`."""

    def input_encoding(self) -> keras.layers.Layer | None:
        """Returns the layer by which an encoder's network sees such data, or None for as it is.

        By default it standardises: every value of a row, or an image as a whole.
        """
        pooled = len(self.event_shape) == 3
        return networks.Standardization(self.event_shape, pooled=pooled, dtype=self.dtype_policy)

    def locations(self) -> dict[str, np.ndarray]:
        """Returns the parameters that are locations, with the flat indices of their values."""
        if self.location_name is None:
            return {}
        return {self.location_name: np.arange(shapes.size_of(self.event_shape))}

    def mean_parameters(self) -> list[str]:
        """Returns the parameters that the means increase with, where they are no locations."""
        return [] if self.mean_name is None else [self.mean_name]

    def location_unit(self) -> np.ndarray:
        """Returns by how much a location grows with the network's output, `[*event_shape]`."""
        if self.units is None:
            return np.ones(self.event_shape)
        return np.asarray(keras.ops.convert_to_numpy(self.units.unit), np.float64)

    def noise_groups(self) -> np.ndarray:
        """Returns, for every value of a row, which of them share one scale, `[*event_shape]`.

        Values with the same non-negative number have one scale, the same for every row; -1 stands
        for a scale that is not learned.
        """
        return np.arange(shapes.size_of(self.event_shape)).reshape(self.event_shape)

    def noise_scale(self) -> np.ndarray:
        """Returns the standard deviation of every value where it is not learned, else NaN."""
        return np.full(self.event_shape, np.nan)

    def stddev_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the standard deviation of every value about its location, `[B, *event_shape]`."""
        return distribution.stddev()

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the constant network outputs under which p(x|z) is the marginal of the data.

        Weights of the layer itself, such as a shared scale, are set here. By default the constants
        are those of largest likelihood, found numerically.

        Args:
          x: Rows, `[N, *event_shape]`, numbers in the support where a value is missing.
          observed: A boolean array of the same shape, false where a value is missing; None if none
            is.
          stddev: The standard deviation of each value about its location, `[*event_shape]`, where
            a linear function of z is added to the locations; None where nothing is added.
        """
        del stddev
        return fitted_constants(self, x, observed)

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

    def in_training(self, distribution: tfd.Distribution, seed: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution by which training scores a batch, by default the same one.

        A likelihood that draws in training, such as what its network does not see, does it here.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `event_shape`.
          seed: A stateless seed, `[2]`.
        """
        del seed
        return distribution

    def check_rows(
        self, x: np.ndarray, observed_in: Callable[[np.ndarray], np.ndarray] | None, name: str
    ) -> None:
        """Checks rows whose every value lies in the support, or is missing.

        By default it asks for a positive total where the likelihood is given totals.

        Args:
          x: Rows, `[N, *event_shape]`.
          observed_in: From an array to a boolean one, false where a value is missing; None if none
            is.
          name: The caller's name for `x`.

        Raises:
          ValueError: If a row has no likelihood.
        """
        if self.offsets is not None:
            self.offsets.check_rows(x, None if observed_in is None else observed_in(x), name)

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

    def given_observed(
        self, distribution: tfd.Distribution, x: tf.Tensor, observed: tf.Tensor
    ) -> tfd.Distribution:
        """Returns the distribution of rows given their observed values, of which others are drawn.

        By default it is the same one, whose values are independent given z.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `event_shape`.
          x: Rows, `[B, *event_shape]`.
          observed: A boolean tensor of the same shape.
        """
        del x, observed
        return distribution

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "event_shape": list(self.event_shape)}
