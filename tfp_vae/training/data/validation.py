"""Checks of arrays at once, and of batches as they are read."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, pipeline_errors, shapes
from tfp_vae.training.data.stored_rows import StoredRows
from tfp_vae.training.trainable import DataContract

_ONLY_X = (
    "a VAE learns p(x) and takes no targets: pass x alone, and with a dataset of pairs "
    "`dataset.map(lambda x, y: x)`, with a DataLoader a `collate_fn` that keeps x"
)
_NoneTensorSpec = type(tf.type_spec_from_value(None))


class BatchValidator:
    """Checks rows of x, and of y for a model of p(x|y).

    Args:
      contract: The rows that the model takes.
      name: The caller's name for x.
      condition_name: The caller's name for y.
    """

    def __init__(self, contract: DataContract, name: str, condition_name: str) -> None:
        self._contract = contract
        self.name, self.condition_name = name, condition_name

    def check_rows(self, x: Any, condition: Any = None) -> None:
        """Checks rows `[B, ...]`, and their condition `[B, ...]`.

        Raises:
          TypeError: If they are not real numbers.
          ValueError: If a shape or a value does not fit the model.
        """
        self._contract.check_rows(x, self.name)
        if self._contract.conditional:
            self._contract.check_condition(condition, np.shape(x)[0], self.condition_name)

    def check_stored(self, x: StoredRows, condition: Any = None) -> None:
        """Checks stored rows, which are read once, and their condition, as `check_rows` does."""
        for block in x.blocks():
            self._contract.check_rows(block, self.name)
        if self._contract.conditional:
            self._contract.check_condition(condition, len(x), self.condition_name)

    def check_batch(self, batch: Any) -> None:
        """Checks a batch, as `check_rows` does."""
        names = self.name, self.condition_name
        self.check_rows(*map(checks.array, self.rows_of(batch), names))

    def passes(self, *parts: tf.Tensor) -> bool:
        """Returns whether rows pass; records the exception if not."""
        try:
            self.check_rows(*(part.numpy() for part in parts))
        except (TypeError, ValueError) as error:
            pipeline_errors.record(error)
            return False
        return True

    def rows_of(self, batch: Any) -> list[Any]:
        """Returns the x of a batch, and for a model that takes y its y, if it has one.

        Args:
          batch: x alone, or a tuple that begins with x.

        Raises:
          ValueError: If the batch is a pair of x and targets, or lacks the condition.
        """
        if isinstance(batch, list):
            batch = tuple(batch)
        if not isinstance(batch, tuple):
            batch = (batch,)
        y = batch[1] if len(batch) > 1 else None
        has_y = y is not None and not isinstance(y, _NoneTensorSpec)
        conditional = self._contract.conditional
        if conditional and not has_y:
            if self._contract.absent_condition(0) is not None:
                return [batch[0]]
            raise ValueError(
                "A batch must hold (x, y) or (x, y, weights), since the model is one of p(x|y); "
                "got x without y."
            )
        if has_y and not conditional:
            raise ValueError(
                f"A batch must hold x alone, or (x, None, weights), since {_ONLY_X}; got a tuple "
                f"of {len(batch)}."
            )
        return [batch[0], y] if conditional else [batch[0]]

    def of_known_shape(self, parts: list[tf.Tensor]) -> list[tf.Tensor]:
        """Gives checked x, and y for a model of p(x|y), the shapes that the model takes.

        A dataset that reads by a Python function knows the shape of nothing.
        """
        row_shapes = [self._contract.row_shape]
        if self._contract.conditional:
            row_shapes.append(self._contract.condition_row_shape)
        return [
            part if shape is None else tf.ensure_shape(part, [None, *shape])
            for part, shape in zip(parts, row_shapes[: len(parts)], strict=True)
        ]

    def check_element(self, spec: Any) -> None:
        """Checks the element specification of a dataset.

        Args:
          spec: Its `element_spec`.

        Raises:
          TypeError: If they are not dense tensors.
          ValueError: If they do not fit the model, or are single rows.
        """
        spec = self.rows_of(spec)[0]
        if not isinstance(spec, tf.TensorSpec):
            raise TypeError(
                f"`{self.name}` must be a dataset of dense tensors; got elements of "
                f"{type(spec).__name__}."
            )
        row_shape = self._contract.row_shape
        if row_shape is None:
            return
        if spec.shape.rank == len(row_shape):
            raise ValueError(
                f"`{self.name}` must be a dataset of batches {shapes.written('batch', *row_shape)}"
                f"; got single rows {shapes.written(*spec.shape.as_list())}; call "
                "`dataset.batch(100)` first."
            )
        checks.batch_shape(spec.shape, row_shape, self.name)


def check_no_targets(y: Any, name: str) -> None:
    """Checks that there are no targets.

    Args:
      y: The targets, or None.
      name: The caller's name for `y`.

    Raises:
      ValueError: If there are targets.
    """
    if y is not None:
        raise ValueError(
            f"`{name}` must be None, since {_ONLY_X}; got a {type(y).__name__}. A model of p(x|y) "
            "is made with `condition`."
        )


def sample_weights(values: Any, rows: int, name: str) -> np.ndarray | None:
    """Returns sample weights as an array `[rows]`, or None.

    Raises:
      TypeError: If they are not real numbers.
      ValueError: If there is not one for each row, or one is negative or non-finite.
    """
    if values is None:
        return None
    array = checks.array(values, name)
    if array.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"`{name}` must hold one weight for each of {rows} rows, shape [{rows}]; got shape "
            f"{shapes.written(*array.shape)}."
        )
    checks.finite(array, name)
    checks.representable(array, "float32", name)
    if (array < 0).any():
        raise ValueError(f"`{name}` must not be negative; got {array.min():g}.")
    return array.reshape(-1)


def check_no_array_arguments(weights: Any = None, split: float | None = None) -> None:
    """Checks that no argument for arrays is given with a source of batches.

    Args:
      weights: Sample weights, which must come with the batches; or None.
      split: The fraction of rows to hold out, or None.

    Raises:
      ValueError: If there are weights, or a fraction above 0.
    """
    if split:
        raise ValueError(
            "`validation_split` must be None where `x` comes in batches, whose number is unknown; "
            f"got {split:g}. Pass `validation_data`."
        )
    if weights is not None:
        raise ValueError(
            "`sample_weight` must be None where `x` comes in batches, which may hold (x, y, "
            f"sample_weight); got a {type(weights).__name__}."
        )
