"""The input pipeline: checks, casts and preprocesses data, and fills missing values."""

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, shapes
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.frames import TableSchema, is_frame
from tfp_vae.model.inputs import condition as conditions
from tfp_vae.model.inputs.condition_parts import ConditionParts
from tfp_vae.model.inputs.labels import Labels
from tfp_vae.model.inputs.missing_values import MissingValues
from tfp_vae.model.inputs.preprocess import check_gives_tensors, transformed
from tfp_vae.model.inputs.validation import check_rows

_CORRUPTION = 1
"""Which of the seeds of a batch is that of the corruption."""


class InputPipeline:
    """The input pipeline of a model.

    Args:
      likelihood: The likelihood of the data.
      preprocess: A Keras layer applied to the data first, or None.
      missing_values: The code of a missing value, NaN or a number, or None.
      condition: A Keras layer that turns y into features, or None.
      corruption: A Keras layer applied in training to what the encoder sees, or None.
      labels: The labels that y holds, or None.

    Raises:
      TypeError: If a layer is no Keras layer, or returns a distribution.
      ValueError: If `missing_values` is infinite.

    Attributes:
      parts: What a row of y holds.
      schema: The schema of the data frame that the model was made from, or its config; or None.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        preprocess: keras.layers.Layer | None,
        missing_values: float | None,
        condition: keras.layers.Layer | None,
        corruption: keras.layers.Layer | None = None,
        labels: Labels | None = None,
    ) -> None:
        for name, layer, example in (
            ("preprocess", preprocess, "networks.StochasticBinarization()"),
            ("condition", condition, "keras.layers.CategoryEncoding(10, output_mode='one_hot')"),
            ("corruption", corruption, "networks.GaussianCorruption(0.1)"),
        ):
            if layer is not None:
                check_gives_tensors(layer, name, example)
        self._likelihood = likelihood
        self.preprocess, self.condition, self.corruption = preprocess, condition, corruption
        self.labels = labels
        self.parts = ConditionParts(condition, labels, likelihood.takes_exposure)
        self._preprocess_draws = _takes(preprocess, "seed")
        self.missing: MissingValues | None = None
        if missing_values is not None:
            self.missing = MissingValues(missing_values, likelihood.support)
        self.schema: TableSchema | dict[str, Any] | None = None

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The event shape of the likelihood, the shape of one row of data."""
        return self._likelihood.event_shape

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one raw row: the event shape, or None before a preprocess layer."""
        return self.event_shape if self.preprocess is None else None

    @property
    def dtype(self) -> str:
        """The dtype that data is cast to, that of the likelihood."""
        return str(self._likelihood.variable_dtype)

    @property
    def conditional(self) -> bool:
        """Whether data comes as (x, y), with a condition, with labels or with exposures."""
        return self.parts.expected

    @property
    def condition_row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of y; None for a model that takes none.

        Of a label, a condition and an exposure several stand in a row, in this order.
        """
        return self.parts.row_shape

    def absent_condition(self, rows: int) -> np.ndarray | None:
        """Returns the y of rows that have none: no labels, or None where y must be given."""
        return None if self.labels is None or self.parts.required else np.full(rows, -1)

    def exposures_in(self, y: Any) -> tf.Tensor | None:
        """Returns the exposures in rows of y, `[B]`, or None where there are none."""
        return self.parts.exposures_in(y, self.dtype)

    def prepared(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns prepared data `[B, *event]`, and which of it is observed, or None for all.

        Args:
          x: Data, `[B, *event]`, or in a shape that the preprocess layer turns into that.
          seed: The seed of a preprocess layer that draws.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        if isinstance(x, keras.KerasTensor):
            raise TypeError("`x` must be an array of numbers; got a symbolic KerasTensor.")
        if isinstance(x, tf.Variable):
            x = tf.convert_to_tensor(x)
        if not checks.is_symbolic(x):
            self.check_rows(x)
            x = x if tf.is_tensor(x) else checks.array(x)
        prepared = self._preprocessed(tf.convert_to_tensor(x), seeds.as_seed(seed))
        checks.batch_shape(prepared.shape, self.event_shape)
        if self.missing is None:
            return prepared, None
        observed = self.missing.observed(prepared)
        return self.missing.filled(prepared, observed), observed

    def corrupted(self, x: tf.Tensor, seed: seeds.Seed) -> tf.Tensor:
        """Returns prepared data `[B, *event]` as the encoder sees it in training.

        Corrupted values stay within the bounds of the likelihood's support.

        Args:
          x: Prepared data, `[B, *event]`.
          seed: The seed of a corruption that draws by one; another layer is called as in training.

        Raises:
          ValueError: If the layer fails, or changes the shape.
        """
        if self.corruption is None:
            return x
        arguments: dict[str, Any] = {}
        if _takes(self.corruption, "seed"):
            arguments["seed"] = seeds.fold_in(seeds.as_seed(seed), _CORRUPTION)
        elif _takes(self.corruption, "training"):
            arguments["training"] = True
        seen = tf.cast(transformed(self.corruption, "corruption", x, **arguments), self.dtype)
        if not seen.shape.is_compatible_with(x.shape):
            raise ValueError(
                f"`corruption` must keep the shape of rows, {shapes.written(*x.shape[1:])}; got "
                f"{shapes.written(*seen.shape[1:])} from {type(self.corruption).__name__}."
            )
        lower, upper = self._likelihood.support.bounds(self.event_shape)
        return tf.clip_by_value(seen, tf.cast(lower, seen.dtype), tf.cast(upper, seen.dtype))

    def features(
        self, condition: Any, rows: int | None, training: bool = False
    ) -> tf.Tensor | None:
        """Returns the features `[B, C]` of a condition, or None for a model without one.

        Args:
          condition: y, `[rows, ...]`, or None.
          rows: The number of rows of data, or None if unknown.
          training: Whether the condition layer runs as in training.

        Raises:
          TypeError: If it holds no real numbers.
          ValueError: If it does not fit, is missing, or the model has no condition layer.
        """
        if not checks.is_symbolic(condition):
            self.check_condition(condition, rows)
            if condition is not None and not tf.is_tensor(condition):
                condition = checks.array(condition, "condition")
        if self.condition is None:
            return None
        y = self.parts.condition_in(condition)
        return conditions.features_of(self.condition, y, self.dtype, training)

    def joined(
        self, x: tf.Tensor, features: tf.Tensor | None, exposure: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the input of the encoder: prepared data and the features of a condition.

        Args:
          x: Prepared data, `[B, *event]`.
          features: The features of a condition, `[B, C]`, or None.
          exposure: The exposures of the rows, `[B]`, of a likelihood that takes them; None for the
            usual one. The encoder sees their logarithms.
        """
        if self.parts.exposed:
            ratio = tf.zeros_like(tf.reshape(x, [tf.shape(x)[0], -1])[:, 0])
            if exposure is not None:
                ratio = self._likelihood.offsets.log_ratio(exposure)  # type: ignore[union-attr]
            features = tf.concat([*([] if features is None else [features]), ratio[:, None]], -1)
        return x if features is None else conditions.joined(x, features, len(self.event_shape))

    def check_rows(self, x: Any, name: str = "x") -> None:
        """Checks that the model can score `x`.

        Args:
          x: Data, `[B, *event]`, or in a shape that the preprocess layer turns into that.
          name: The caller's name for `x`.

        Raises:
          TypeError: If `x` holds no real numbers, or is a data frame that a schema must encode.
          ValueError: If its shape or a value does not fit.
        """
        if self.schema is not None and is_frame(x):
            raise TypeError(
                f"`{name}` must be an array, as `vae.schema.encode` makes it of a data frame; got "
                f"a {type(x).__name__}."
            )
        check_rows(self, self._likelihood, x, name)

    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Checks that there is a valid condition for every row, or none if the model takes none.

        Args:
          condition: y, `[rows, ...]`, or None.
          rows: The number of rows of data, or None if unknown.
          name: The caller's name for `condition`.

        Raises:
          TypeError: If it holds no real numbers.
          ValueError: If it does not fit.
        """
        self.parts.check(condition, rows, name)

    def preprocessed_rows(self, x: tf.Tensor) -> tf.Tensor:
        """Returns preprocessed rows, with the seed of evaluations."""
        return self._preprocessed(x, seeds.as_seed(seeds.EVALUATION))

    def _preprocessed(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        x = tf.cast(x, self.dtype)
        if self.preprocess is None:
            return x
        arguments = {"seed": seed} if self._preprocess_draws else {}
        prepared = transformed(self.preprocess, "preprocess", x, **arguments)
        return tf.cast(prepared, self.dtype)


def _takes(layer: keras.layers.Layer | None, argument: str) -> bool:
    """Returns whether the call of a layer has an argument of this name."""
    return layer is not None and argument in inspect.signature(layer.call).parameters
