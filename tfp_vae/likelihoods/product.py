"""The likelihood of a table with columns of different types."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.column_types import parts_for


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Product(Likelihood):
    """Columns of a table under likelihoods of their own, independent given the latents.

    Every part has its own heads on the shared features, and the log-likelihood of a row is the sum
    over the parts, in nats, without weights: the units of a column only add a constant, but a
    column that hardly varies given the latents can dominate all others.
    Nazábal et al. (2020), "Handling incomplete heterogeneous data using VAEs", section 3.

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
        the first, or if the columns are not 0 to n - 1, each once.

    Example:
      >>> table = likelihoods.Product(
      ...     [([0, 2], likelihoods.Normal([2])), ([1], likelihoods.Bernoulli([1]))])
      >>> table(np.zeros([5, 8])).event_shape
      TensorShape([3])
    """

    advice = "Every column is checked against the likelihood of its part."

    def __init__(self, parts: Sequence[tuple[Sequence[int], Likelihood]], **kwargs: Any) -> None:
        self_parts = [_checked_part(part) for part in _checked_list(parts)]
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

    def call(self, features: tf.Tensor) -> tfd.Distribution:
        """Makes the distributions of the parts, and from them that of the rows."""
        return self.distribution(*(likelihood(features) for likelihood in self.parts))

    def distribution(self, *parts: tfd.Distribution) -> tfd.Distribution:
        """Makes the distribution of rows from those of the parts."""
        return distributions.ProductOfColumns(parts, self.columns)

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


_EXAMPLE = "[([0, 2], likelihoods.Normal([2])), ([1], likelihoods.Bernoulli([1]))]"


def _checked_list(parts: Any) -> list[Any]:
    if not isinstance(parts, (list, tuple)) or not parts:
        raise TypeError(
            f"`parts` must be a list of columns and likelihoods, such as {_EXAMPLE}; got {parts!r}."
        )
    return list(parts)


def _checked_part(part: Any) -> tuple[list[int], Likelihood]:
    pair = isinstance(part, (list, tuple)) and len(part) == 2
    is_list = pair and isinstance(part[0], (list, tuple, range, np.ndarray))
    if not is_list or getattr(part[0], "ndim", 1) != 1:
        raise TypeError(
            f"`parts` must hold pairs of columns and a likelihood, such as {_EXAMPLE}; got one "
            f"{part!r}."
        )
    columns, likelihood = list(part[0]), part[1]
    checks.instance_of(likelihood, Likelihood, "parts", _EXAMPLE)
    for column in columns:
        if isinstance(column, bool) or not hasattr(column, "__index__"):
            raise TypeError(f"`parts` must name columns by ints; got {column!r}.")
    if likelihood.event_shape != (len(columns),):
        raise ValueError(
            f"`parts` must have likelihoods with the event shape of their columns, "
            f"[{len(columns)}] for {columns}; got {type(likelihood).__name__} with "
            f"{list(likelihood.event_shape)}."
        )
    return [int(column) for column in columns], likelihood
