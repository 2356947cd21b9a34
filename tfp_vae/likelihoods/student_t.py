"""The Student's t likelihood, of real values with heavy tails."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.likelihoods import location_scale_marginals
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.data_units import DataUnits, natural_unit

_DF = ("shared", "learned")
_DF_FLOOR = 2.1
_FIRST_DF = 5.0


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class StudentT(Likelihood):
    """Independent Student's t values: real data with outliers, to which a normal is not robust.

    The network emits location and scale of every value; the degrees of freedom, which set how heavy
    the tails are, come in three kinds:

    =========  ========================================================================
    `df`       what it is
    =========  ========================================================================
    a number   fixed, above 2
    "shared"   one weight for every value of the event, learned, the same for every row
    "learned"  emitted by the network
    =========  ========================================================================

    Learned degrees of freedom stay above 2.1, so that mean and variance are finite. As they grow,
    the density approaches a normal's. Lange, Little & Taylor (1989),
    "Robust statistical modeling using the t distribution".

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      df: A number above 2, "shared" or "learned".
      scale_floor: A constant added to the scale: the density is unbounded as the scale falls to
        zero, and the floor bounds it. It is in units of the standard deviation of the marginal once
        the model has been adapted to data, before that in units of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.StudentT`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or another argument of the wrong kind.
      ValueError: If a size is not positive, `df` not above 2 or an unknown word, or `scale_floor`
        negative.

    Example:
      >>> likelihoods.StudentT(event_shape=[4], df=4.0)(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    location_name = "loc"

    def __init__(
        self,
        event_shape: Sequence[int],
        df: float | str = "shared",
        scale_floor: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        if isinstance(df, str):
            self.df: float | str = checks.one_of(df, _DF, "df")
        else:
            self.df = checks.finite_number(df, "df", minimum=2.0, exclusive=True)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        learned = ("df",) if self.df == "learned" else ()
        self.parameter_names = ("loc", "scale", *learned)

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weights of the degrees of freedom where they are shared."""
        if self.df == "shared":
            self.raw_df = self.add_weight(
                name="raw_df",
                shape=self.event_shape,
                initializer=keras.initializers.Constant(np.log(np.expm1(_FIRST_DF - _DF_FLOOR))),
                autocast=False,
            )
        super().build(features_shape)

    def distribution(
        self, loc: tf.Tensor, scale: tf.Tensor, df: tf.Tensor | None = None
    ) -> tfd.Independent:
        """Makes the likelihood of `loc`, `scale` and a learned `df`, `[B, *event_shape]` each."""
        if self.df == "shared":
            df = tf.convert_to_tensor(self.raw_df)
        value = tf.constant(self.df, loc.dtype) if df is None else tf.math.softplus(df) + _DF_FLOOR
        positive = tf.math.softplus(scale) + self.scale_floor
        if self.units is not None:
            loc, positive = self.units.location(loc), self.units.scale(positive)
        return self.independent(distributions.StudentT(value, loc, positive))

    def take_units(self) -> None:
        """Creates the units of the data."""
        self.units = DataUnits(self.event_shape, dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Sets units and degrees of freedom; the constants are location and scale in the units.

        Without `stddev` they are those of largest likelihood, to which a few outliers do little.
        With it, the location is the mean.
        """
        assert self.units is not None
        fixed = None if isinstance(self.df, str) else self.df
        (loc, scale), df = location_scale_marginals.student_t(x, observed, fixed)
        if stddev is None:
            unit = natural_unit(loc, scale**2 * df / (df - 2.0))
        else:
            loc, variance = networks.moments(x, observed)
            unit, scale = natural_unit(loc, variance), stddev * np.sqrt((df - 2.0) / df)
        self.units.assign(loc, unit, unit)
        constants = {
            "loc": np.zeros(self.event_shape),
            "scale": output_of_scale(scale / unit, self.scale_floor),
        }
        if self.df == "learned":
            constants["df"] = output_of_scale(df, _DF_FLOOR)
        elif self.df == "shared":
            self.raw_df.assign(output_of_scale(df, _DF_FLOOR))
        return constants

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "df": self.df, "scale_floor": self.scale_floor}
