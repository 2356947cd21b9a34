"""The likelihood of a table with columns of different types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, networks, supports
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.column_types import parts_for
from tfp_vae.likelihoods.offsets import Known
from tfp_vae.likelihoods.product_parts import checked_list, checked_part


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Product(Likelihood):
    """Columns of a table under likelihoods of their own, independent given the latents.

    Every part has its own heads on the shared features, and the log-likelihood of a row is the sum
    over the parts, in nats, without weights: the units of a column only add a constant, but a
    column that hardly varies given the latents can dominate all others.
    Nazábal et al. (2020), "Handling incomplete heterogeneous data using VAEs", section 3.

    Columns of counts may have `offset="exposure"`: the exposure of a row, which stands last in y,
    then scales the means of all such columns, and of no others.

    The distribution is a `distributions.ProductOfColumns`, since a `tfd.Independent` has one family
    for all its values.

    Args:
      parts: Pairs of columns and a likelihood, `([0, 3], likelihoods.Normal([2]))`: the columns as
        a list of ints, the event shape of the likelihood `[number of these columns]`. Together they
        are 0 to n - 1, each once.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.Distribution`, batch `[B]`, event `[n]`; its `parts` are those of the likelihoods.

    Raises:
      TypeError: If `parts` is not a list of pairs of columns and a likelihood.
      ValueError: If a likelihood has another event shape than its columns or another dtype than
        the first, is one of sequences, or has `offset="total"`, or if the columns are not 0 to n -
        1, each once.

    Example:
      >>> table = likelihoods.Product(
      ...     [([0, 2], likelihoods.Normal([2])), ([1], likelihoods.Bernoulli([1]))])
      >>> table(np.zeros([5, 8])).event_shape
      TensorShape([3])
    """

    advice = "Every column is checked against the likelihood of its part."

    def __init__(self, parts: Sequence[tuple[Sequence[int], Likelihood]], **kwargs: Any) -> None:
        self_parts = [checked_part(part) for part in checked_list(parts)]
        columns = [column for group, _ in self_parts for column in group]
        if sorted(columns) != list(range(len(columns))):
            raise ValueError(
                f"`parts` must name every column from 0 to {len(columns) - 1} once; got "
                f"{sorted(columns)}."
            )
        kwargs.setdefault("dtype", self_parts[0][1].dtype_policy)
        super().__init__([len(columns)], **kwargs)
        self.columns = [group for group, _ in self_parts]
        self.parts = [likelihood for _, likelihood in self_parts]
        for likelihood in self.parts:
            if likelihood.variable_dtype != self.variable_dtype:
                raise ValueError(
                    f"`parts` must be likelihoods of one dtype, {self.variable_dtype}; got one of "
                    f"{likelihood.variable_dtype}."
                )
        # All have the same unit, the mean exposure of the data.
        self.offsets = next(
            (each.offsets for each in self.parts if each.takes_exposure), self.offsets
        )
        self.support = supports.Columns(
            tuple(
                (tuple(group), likelihood.support, type(likelihood).__name__)
                for group, likelihood in self_parts
            )
        )

    @classmethod
    def for_values(cls, x: np.ndarray) -> Self:
        """Makes the product of a likelihood for each type of column."""
        if x.ndim != 2:
            raise ValueError(
                f"`x` must have shape [rows, columns] for a Product; got shape {list(x.shape)}."
            )
        return cls([(part.columns, part.likelihood) for part in parts_for(x)])

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Builds every part, each with its heads, on the features that they share."""
        for likelihood in self.parts:
            if not likelihood.built:
                likelihood.build(features_shape)
        self.built = True

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every parameter of every part, `"0.loc"` of the first one."""
        return {
            f"{index}.{name}": shape
            for index, likelihood in enumerate(self.parts)
            for name, shape in likelihood.parameter_shapes().items()
        }

    def zero_heads(self, names: Iterable[str]) -> None:
        """Sets the heads of some parameters to zero."""
        for index, likelihood in enumerate(self.parts):
            likelihood.zero_heads(_of_part(dict.fromkeys(names), index))

    def call(
        self,
        features: tf.Tensor,
        *,
        added: Mapping[str, tf.Tensor] | None = None,
        known: Known | None = None,
    ) -> tfd.Distribution:
        """Makes the distributions of the parts, and from them that of the rows."""
        return self.distribution(
            *(
                likelihood(
                    features,
                    added=_of_part(added or {}, index),
                    **_of_exposed(likelihood, known=known),
                )
                for index, likelihood in enumerate(self.parts)
            )
        )

    def distribution(self, *parts: tfd.Distribution) -> tfd.Distribution:
        """Makes the distribution of rows from those of the parts."""
        return distributions.ProductOfColumns(parts, self.columns)

    def take_units(self) -> None:
        """Prepares every part to be adapted to data."""
        for likelihood in self.parts:
            likelihood.take_units()

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the encoding of every part for its columns."""
        return networks.ColumnEncodings(
            [
                (group, likelihood.input_encoding())
                for group, likelihood in zip(self.columns, self.parts, strict=True)
            ],
            dtype=self.dtype_policy,
        )

    def locations(self) -> dict[str, np.ndarray]:
        """Returns the parameters that are locations, with the columns of their values."""
        return {
            f"{index}.{name}": np.asarray(group)[places]
            for index, (group, likelihood) in enumerate(zip(self.columns, self.parts, strict=True))
            for name, places in likelihood.locations().items()
        }

    def mean_parameters(self) -> list[str]:
        """Returns the parameters that the means increase with, `"0.logits"` of the first part."""
        of_parts = [likelihood.mean_parameters() for likelihood in self.parts]
        return [f"{index}.{name}" for index, names in enumerate(of_parts) for name in names]

    def location_unit(self) -> np.ndarray:
        """Returns by how much a location grows with the network's output, `[columns]`."""
        return self._row_of([likelihood.location_unit() for likelihood in self.parts])

    def noise_groups(self) -> np.ndarray:
        """Returns, for every column, which columns share one scale, `[columns]`."""
        size = self.event_shape[0]
        groups = [likelihood.noise_groups() for likelihood in self.parts]
        return self._row_of(
            [np.where(each < 0, each, each + index * size) for index, each in enumerate(groups)]
        )

    def noise_scale(self) -> np.ndarray:
        """Returns the standard deviation of every column where it is not learned, else NaN."""
        return self._row_of([likelihood.noise_scale() for likelihood in self.parts])

    def stddev_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the standard deviation of every column about its location, `[B, n]`.

        Of a column without a location, such as class codes, it is 1.
        """
        return distribution.rows_of(
            [
                likelihood.stddev_of(part)
                if likelihood.locations()
                else tf.ones(tf.concat([part.batch_shape_tensor(), [len(group)]], 0), part.dtype)
                for likelihood, part, group in zip(
                    self.parts, distribution.parts, self.columns, strict=True
                )
            ]
        )

    def adapt(
        self,
        x: np.ndarray,
        observed: np.ndarray | None = None,
        stddev: np.ndarray | None = None,
        exposure: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns the constant network outputs of every part's marginals.

        Args:
          x: Rows, `[N, n]`.
          observed: A boolean array of the same shape, or None.
          stddev: As of `Likelihood.adapt`, `[n]`, or None.
          exposure: The exposures of the rows, `[N]`, where a part has `offset="exposure"`.
        """
        constants = {}
        for index, (group, likelihood) in enumerate(zip(self.columns, self.parts, strict=True)):
            found = likelihood.adapt(
                x[:, group],
                None if observed is None else observed[:, group],
                None if stddev is None else stddev[group],
                **_of_exposed(likelihood, exposure=exposure),
            )
            constants.update({f"{index}.{name}": value for name, value in found.items()})
        return constants

    def _row_of(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Returns values `[columns of the part]` of all parts as a row, in the columns' order."""
        row = np.empty(self.event_shape, np.result_type(*parts))
        for group, values in zip(self.columns, parts, strict=True):
            row[group] = values
        return row

    def prediction(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the predictions of every part, `[B, n]`."""
        return distribution.rows_of(
            [
                likelihood.prediction(part)
                for likelihood, part in zip(self.parts, distribution.parts, strict=True)
            ]
        )

    def fitted_to(
        self, distribution: tfd.Distribution, x: tf.Tensor, observed: tf.Tensor | None = None
    ) -> tfd.Distribution:
        """Returns the product of the distributions by which training scores the parts."""
        return self.distribution(
            *(
                likelihood.fitted_to(
                    part,
                    tf.gather(x, group, axis=-1),
                    None if observed is None else tf.gather(observed, group, axis=-1),
                )
                for likelihood, part, group in zip(
                    self.parts, distribution.parts, self.columns, strict=True
                )
            )
        )

    def of_observed(self, distribution: tfd.Distribution, observed: tf.Tensor) -> tfd.Distribution:
        """Returns the product of the distributions of the parts' observed values."""
        return self.distribution(
            *(
                likelihood.of_observed(part, tf.gather(observed, group, axis=-1))
                for likelihood, part, group in zip(
                    self.parts, distribution.parts, self.columns, strict=True
                )
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["event_shape"]
        parts = [
            [list(group), keras.saving.serialize_keras_object(likelihood)]
            for group, likelihood in zip(self.columns, self.parts, strict=True)
        ]
        return {**config, "parts": parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a likelihood of what `get_config` returned."""
        parts = [
            (group, keras.saving.deserialize_keras_object(likelihood))
            for group, likelihood in config["parts"]
        ]
        return cls(**{**config, "parts": parts})


def _of_part(values: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Returns the values of one part's parameters, by their names in it."""
    prefix = f"{index}."
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix)
    }


def _of_exposed(likelihood: Likelihood, **given: Any) -> dict[str, Any]:
    """Returns what a part is given of exposures: nothing, unless it takes them."""
    if not likelihood.takes_exposure:
        return {}
    return {name: value for name, value in given.items() if value is not None}
