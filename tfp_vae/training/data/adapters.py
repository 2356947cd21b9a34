"""Adapters: check data of any kind, and turn it into a `BatchSource`."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.training.data.batch_sources import (
    ArraySource,
    BatchSource,
    FixedSteps,
    Rows,
    StreamSource,
)
from tfp_vae.training.data.peeked_batches import PeekedBatches
from tfp_vae.training.data.row_readers import is_torch_loader, torch_targets
from tfp_vae.training.data.stored_rows import StoredRows, stored_rows
from tfp_vae.training.data.stored_source import StoredSource
from tfp_vae.training.data.validation import (
    BatchValidator,
    check_no_array_arguments,
    check_no_targets,
    sample_weights,
)
from tfp_vae.training.options import EvaluateOptions, FitOptions, PredictOptions
from tfp_vae.training.trainable import DataContract, Trainable

_DEFAULT_BATCH_SIZE = 32


class FitData(NamedTuple):
    """The data of a call of `fit`.

    Attributes:
      train: The batches to train on.
      validation: The batches to validate on, or None.
      initial: The checked data, from which weights may be initialised.
      initial_condition: The y of its rows, for a model of p(x|y) and an array; or None.
      batch_size: The number of rows of an array in a batch; None if the data comes in batches.
    """

    train: BatchSource
    validation: BatchSource | None
    initial: Any
    initial_condition: np.ndarray | None
    batch_size: int | None


def comes_in_batches(x: Any) -> bool:
    """Returns whether `x` is a source of batches, not an array of all rows."""
    kinds = (tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset, Iterator)
    return isinstance(x, kinds) or is_torch_loader(x)


class DataAdapter:
    """Makes batch sources for a model.

    Args:
      model: The model, whose pipeline checks the data.
    """

    def __init__(self, model: Trainable) -> None:
        self._model = model

    def of_fit(self, x: Any, y: Any, chosen: FitOptions) -> FitData:
        """Checks the data of a call of `fit`, and makes its sources of batches.

        Args:
          x: An array `[N, ...]`, stored rows, or a source of batches.
          y: The condition of every row, `[N, ...]`, or None.
          chosen: The other arguments of `fit`.

        Raises:
          TypeError: If `x` is neither an array nor a source of batches.
          ValueError: If it does not fit the model, or an argument does not apply to it.
        """
        if comes_in_batches(x):
            check_no_array_arguments(chosen.sample_weight, chosen.validation_split)
        if isinstance(x, Iterator):
            steps = chosen.steps_per_epoch
            x = PeekedBatches(x, None if steps is None else steps * chosen.epochs)
        train = self._checked(x, y, chosen.sample_weight)
        validation = None
        if chosen.validation_data is not None:
            validation = self._validation(chosen.validation_data)
        initial = train.x if isinstance(train, Rows) else train
        initial_condition = train.condition if isinstance(train, Rows) else None
        if chosen.validation_split and validation is None and isinstance(train, Rows):
            train, validation = train.split(chosen.validation_split)
        size = chosen.batch_size or _DEFAULT_BATCH_SIZE
        held_out = None
        if validation is not None:
            held_out = self._source(
                validation,
                chosen.validation_batch_size or size,
                chosen.validation_steps,
                "validation_steps",
            )
        return FitData(
            self._source(
                train, size, chosen.steps_per_epoch, "steps_per_epoch", bool(chosen.shuffle)
            ),
            held_out,
            initial,
            initial_condition,
            size if isinstance(train, Rows) else None,
        )

    def of_adaptation(self, x: Any) -> Any:
        """Checks the rows from which weights are initialised; batches are not checked."""
        if comes_in_batches(x):
            return x
        contract = self._model.pipeline
        stored = stored_rows(x, row_shape=contract.row_shape)
        if stored is None:
            contract.check_rows(x)
            return checks.array(x)
        for block in stored.blocks():
            contract.check_rows(block)
        return stored

    def of_evaluation(self, x: Any, y: Any, chosen: EvaluateOptions) -> BatchSource:
        """Checks the data of a call of `evaluate`, and makes its source of batches."""
        if comes_in_batches(x):
            check_no_array_arguments(chosen.sample_weight)
        data = self._checked(x, y, chosen.sample_weight)
        return self._source(data, chosen.batch_size or _DEFAULT_BATCH_SIZE, chosen.steps)

    def of_prediction(
        self,
        x: Any,
        condition: Any,
        chosen: PredictOptions,
        contract: DataContract | None = None,
        name: str = "x",
    ) -> BatchSource:
        """Checks the data of a call like `predict`, and makes its source of batches.

        Args:
          x: An array `[N, ...]`, or a source of batches.
          condition: The condition of every row, `[N, ...]`, or None.
          chosen: The other arguments of the call.
          contract: Which rows are taken; None for those that the model takes.
          name: The caller's name for `x`.
        """
        data = self._checked(x, condition, name=name, condition_name="condition", contract=contract)
        return self._source(data, chosen.batch_size or _DEFAULT_BATCH_SIZE, chosen.steps)

    def _checked(
        self,
        x: Any,
        y: Any,
        weights: Any = None,
        name: str = "x",
        condition_name: str = "y",
        contract: DataContract | None = None,
    ) -> Rows | StreamSource:
        """Checks an array at once; batches are checked as they are read.

        Args:
          x: Any data that Keras takes.
          y: The condition of every row, `[N, ...]`, or None.
          weights: The weight of every row, `[N]`, or None.
          name: The caller's name for `x`.
          condition_name: The caller's name for `y`.
          contract: Which rows are taken; None for those that the model takes.
        """
        if x is None:
            raise TypeError(f"`{name}` must be an array or a dataset; got None.")
        contract = contract or self._model.pipeline
        targets = torch_targets(x)
        if targets is not None and not contract.conditional:
            raise ValueError(
                f"`{name}` must be a dataset of x alone, since a VAE learns p(x) and takes no "
                f"targets; got a {type(x).__name__} of pairs: pass "
                f"`torch.stack([pair[0] for pair in {name}])`."
            )
        if targets is not None and y is None:
            y = targets.rows(np.arange(len(x)))
        if not contract.conditional:
            # Autoencoders are written as `fit(x, x)` in many a Keras tutorial.
            y = None if y is x else y
            check_no_targets(y, condition_name)
        validator = BatchValidator(contract, name, condition_name)
        if not comes_in_batches(x):
            stored = stored_rows(x, name, contract.row_shape)
            if stored is None:
                validator.check_rows(x, y)
            else:
                validator.check_stored(stored, y)
            values = checks.array(x, name) if stored is None else stored
            of_weights = "sample_weight" if name == "x" else f"{name}'s weights"
            condition = None
            if contract.conditional:
                condition = (
                    contract.absent_condition(len(values))
                    if y is None
                    else checks.array(y, condition_name)
                )
            return Rows(values, sample_weights(weights, len(values), of_weights), condition)
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

    def _validation(self, data: Any) -> Rows | StreamSource:
        """Checks validation data: x, (x, y) or (x, y, sample_weight)."""
        name = "validation_data"
        parts = data if isinstance(data, tuple) else (data,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"`{name}` must be x, (x, y) or (x, y, sample_weight); got a tuple of {len(parts)}."
            )
        x, y, weights = keras.utils.unpack_x_y_sample_weight(parts)
        return self._checked(x, y, weights, name, f"{name}'s y")

    def _source(
        self,
        data: Rows | StreamSource,
        batch_size: int,
        steps: int | None,
        steps_name: str = "steps",
        shuffle: bool = False,
    ) -> BatchSource:
        """Returns the batches of checked data.

        Args:
          data: The result of `_checked`.
          batch_size: The number of rows of an array in a batch.
          steps: The number of batches in an epoch; None for all.
          steps_name: The caller's name for `steps`.
          shuffle: Whether the data is shuffled in every epoch.
        """
        source: BatchSource
        if isinstance(data, Rows):
            kind = StoredSource if isinstance(data.x, StoredRows) else ArraySource
            source = kind(data, self._model.pipeline.dtype, batch_size, shuffle)
        else:
            if steps is None:
                data.check_ends(steps_name)
            data.shuffle = shuffle
            source = data
        return source if steps is None else FixedSteps(source, steps)
