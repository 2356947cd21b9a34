"""Adapters: check data of any kind, and turn it into a `BatchSource`."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.training.data.batch_sources import (
    ArraySource,
    BatchSource,
    FixedSteps,
    Rows,
    StreamSource,
)
from tfp_vae.training.data.validation import (
    BatchValidator,
    check_no_array_arguments,
    check_no_targets,
    sample_weights,
)
from tfp_vae.training.trainable import Trainable

_DEFAULT_BATCH_SIZE = 32


class Batching(NamedTuple):
    """How data becomes batches.

    Attributes:
      batch_size: The number of rows of an array in a batch; None for Keras's default, 32.
      shuffle: Whether the data is shuffled in every epoch.
      steps: The number of batches in an epoch; None for all.
    """

    batch_size: int | None = None
    shuffle: bool = False
    steps: int | None = None

    @property
    def rows(self) -> int:
        """The number of rows of an array in a batch."""
        return self.batch_size or _DEFAULT_BATCH_SIZE


def comes_in_batches(x: Any) -> bool:
    """Returns whether `x` is a source of batches, not an array of all rows."""
    kinds = (tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset, Iterator)
    return isinstance(x, kinds)


class DataAdapter:
    """Makes batch sources for a model.

    Args:
      model: The model, which checks the rows.
    """

    def __init__(self, model: Trainable) -> None:
        self._model = model

    def checked(
        self,
        x: Any,
        y: Any,
        weights: Any,
        name: str = "x",
        condition_name: str = "y",
        split: float | None = None,
    ) -> "Rows | StreamSource":
        """Checks data of any kind that Keras takes.

        An array is checked at once, batches as they are read.

        Args:
          x: An array `[N, ...]`, or a `tf.data.Dataset`, `keras.utils.PyDataset` or iterator.
          y: The condition of every row, `[N, ...]`, or None.
          weights: The weight of every row, `[N]`, or None.
          name: The caller's name for `x`.
          condition_name: The caller's name for `y`.
          split: The fraction of rows to hold out, of an array only; or None.

        Returns:
          `Rows` for an array, else a `StreamSource`.

        Raises:
          TypeError: If `x` is neither an array nor a source of batches.
          ValueError: If an array does not fit the model, or `y`, `weights` or `split` is given with
            a source of batches.
        """
        if x is None:
            raise TypeError(f"`{name}` must be an array or a dataset; got None.")
        if not self._model.conditional:
            check_no_targets(y, condition_name)
        validator = BatchValidator(self._model, name, condition_name)
        if not comes_in_batches(x):
            values = checks.array(x, name)
            validator.check_rows(values, y)
            of_weights = "sample_weight" if name == "x" else f"{name}'s weights"
            return Rows(
                values,
                sample_weights(weights, len(values), of_weights),
                checks.array(y, condition_name) if self._model.conditional else None,
            )
        check_no_array_arguments(weights, split)
        if y is not None:
            raise ValueError(
                f"`{condition_name}` must be None where `{name}` comes in batches, which then hold "
                f"(x, y); got a {type(y).__name__}."
            )
        if isinstance(x, tf.distribute.DistributedDataset):
            raise ValueError(
                f"`{name}` must be a dataset of global batches, of which every worker takes its "
                "shard; got one that is already distributed."
            )
        return StreamSource(x, validator)

    def validation(self, data: Any) -> "Rows | StreamSource":
        """Checks validation data: x, (x, y) or (x, y, sample_weight).

        Raises:
          TypeError: If x is neither an array nor a source of batches.
          ValueError: If it does not fit the model.
        """
        name = "validation_data"
        parts = data if isinstance(data, tuple) else (data,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"`{name}` must be x, (x, y) or (x, y, sample_weight); got a tuple of {len(parts)}."
            )
        x, y, weights = keras.utils.unpack_x_y_sample_weight(parts)
        return self.checked(x, y, weights, name, f"{name}'s y")

    def source(self, data: "Rows | StreamSource", batching: Batching) -> BatchSource:
        """Returns batches of checked data.

        Args:
          data: The result of `checked`.
          batching: How the data becomes batches.
        """
        source: BatchSource
        if isinstance(data, Rows):
            dtype = self._model.data_dtype
            source = ArraySource(data, dtype, batching.rows, batching.shuffle)
        else:
            data.shuffle = batching.shuffle
            source = data
        return source if batching.steps is None else FixedSteps(source, batching.steps)
