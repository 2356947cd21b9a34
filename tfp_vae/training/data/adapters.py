"""Data on its way into a model: checked before a weight can be touched by it."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes


class BatchValidator:
    """Calls checks on arrays of rows, and remembers how they failed.

    A dataset checks its batches on threads of TensorFlow's, which turn every exception into one
    of their own; `failure` is the exception as it was raised.

    Args:
      check: Called with rows of x.
      check_condition: For a model of p(x|y), called with rows of y and their number.
      condition_name: What the caller calls y.
    """

    def __init__(
        self,
        check: Callable[[np.ndarray], Any],
        check_condition: Callable[[Any, int], Any] | None = None,
        condition_name: str = "y",
    ) -> None:
        self._check = check
        self.condition_name = condition_name
        self._check_condition = check_condition
        self.failure: Exception | None = None

    @property
    def conditional(self) -> bool:
        """Whether rows of x come with rows of y."""
        return self._check_condition is not None

    def __call__(self, rows: np.ndarray, condition: Any = None) -> None:
        """Checks rows `[B, *event]`, and the condition `[B, ...]` that comes with them.

        Raises:
          TypeError: If they are no real numbers.
          ValueError: If their shape or a value is not what the model was made for.
        """
        try:
            self._check(rows)
            if self._check_condition is not None:
                self._check_condition(condition, len(rows))
        except (TypeError, ValueError) as error:
            self.failure = error
            raise

    def passes(self, *parts: tf.Tensor) -> bool:
        """Tells whether rows, with a condition or without, are right; if not, see `failure`."""
        try:
            self(*(part.numpy() for part in parts))
        except (TypeError, ValueError):
            return False
        return True


_ONLY_X = (
    "a VAE learns p(x) and takes no targets: pass x alone, and with a dataset of pairs "
    "`dataset.map(lambda x, y: x)`"
)


def refuse_targets(y: Any, name: str = "y") -> None:
    """Refuses targets, which the caller calls `name`.

    Raises:
      ValueError: If there are any.
    """
    if y is not None:
        raise ValueError(
            f"`{name}` must be None, for {_ONLY_X}; got a {type(y).__name__}. A model of p(x|y) is "
            "made with `condition`."
        )


def weights(values: Any, rows: int, name: str = "sample_weight") -> np.ndarray | None:
    """Returns weights as an array `[rows]`, or None.

    Raises:
      TypeError: If they are no real numbers.
      ValueError: If there are not as many as rows, or one is negative or not finite.
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


def check_beside_batches(values: Any = None, split: float | None = None) -> None:
    """Checks that nothing comes beside batches that belongs to an array of rows.

    Args:
      values: Weights, which batches bring themselves.
      split: The share of the rows that is held out, which is not known of batches.

    Raises:
      ValueError: If there are weights, or a share.
    """
    if split:
        raise ValueError(
            "`validation_split` must be None where `x` comes in batches, whose number is not "
            f"known: pass `validation_data`; got {split:g}."
        )
    if values is not None:
        raise ValueError(
            "`sample_weight` must be None where `x` comes in batches, each of which may bring its "
            f"own as (x, y, sample_weight); got a {type(values).__name__}."
        )


def checked(
    x: Any,
    check: BatchValidator,
    row_shape: tuple[int, ...] | None,
    name: str = "x",
    condition: Any = None,
) -> Any:
    """Returns `x`, of any kind that Keras takes, such that wrong rows raise.

    An array is checked as a whole, now. A `tf.data.Dataset`, a `keras.utils.PyDataset` or a
    generator is checked batch by batch as it is read.

    Args:
      x: An array `[N, *event]`, or something that gives batches `[B, *event]`.
      check: What to call on every array of rows.
      row_shape: The shape of one row, or None if it is not known before `check` has seen one.
      name: What the caller calls `x`.
      condition: The rows of y that belong to an array of x.

    Raises:
      TypeError: If `x` is no data.
      ValueError: If `x` is an array with wrong rows, or a dataset of wrong shapes.
    """
    if x is None:
        raise TypeError(f"`{name}` must be an array or a dataset; got None.")
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        return _checked_dataset(x, check, row_shape, name)
    if isinstance(x, keras.utils.PyDataset):
        return _CheckedPyDataset(x, check)
    if isinstance(x, Iterator):
        return _checked_batches(x, check)
    values = checks.array(x, name)
    check(values, condition)
    return values


def comes_in_batches(x: Any) -> bool:
    """Tells whether `x` gives batches, rather than being an array of all rows."""
    kinds = (tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset, Iterator)
    return isinstance(x, kinds)


def rows_of(batch: Any, conditional: bool = False) -> list[Any]:
    """Returns the x of a batch as Keras passes it, and for a model of p(x|y) the y after it.

    Args:
      batch: x alone, or a tuple that begins with x.
      conditional: Whether y must come with it; else it must not.

    Raises:
      ValueError: If the batch is a pair of x and targets, or lacks the condition.
    """
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        batch = (batch,)
    y = batch[1] if len(batch) > 1 else None
    has_y = y is not None and not isinstance(y, tf.NoneTensorSpec)
    if conditional and not has_y:
        raise ValueError(
            "A batch must hold (x, y) or (x, y, weights), for the model is one of p(x|y); got x "
            "without y."
        )
    if has_y and not conditional:
        raise ValueError(
            f"A batch must hold x alone, or with weights (x, None, weights), for {_ONLY_X}; got a "
            f"tuple of {len(batch)}."
        )
    return [batch[0], y] if conditional else [batch[0]]


def _checked_dataset(
    dataset: Any, check: BatchValidator, row_shape: tuple[int, ...] | None, name: str
) -> Any:
    spec = rows_of(dataset.element_spec, check.conditional)[0]
    if not isinstance(spec, tf.TensorSpec):
        raise TypeError(
            f"`{name}` must be a dataset of dense tensors; got elements of {type(spec).__name__}."
        )
    if row_shape is not None:
        if spec.shape.rank == len(row_shape):
            raise ValueError(
                f"`{name}` must be a dataset of batches {shapes.written('batch', *row_shape)}; got "
                f"single rows {shapes.written(*spec.shape.as_list())}: call `dataset.batch(100)` "
                "first."
            )
        checks.batch_shape(spec.shape, row_shape, name)

    def checked_batch(*batch: Any) -> Any:
        parts = rows_of(batch if len(batch) > 1 else batch[0], check.conditional)
        passed = tf.py_function(check.passes, parts, tf.bool)
        with tf.control_dependencies([tf.debugging.Assert(passed, ["The data is wrong."])]):
            rows = tf.identity(parts[0])
        return rows if len(batch) == 1 else (rows, *batch[1:])

    if isinstance(dataset, tf.distribute.DistributedDataset):
        return dataset
    return dataset.map(tf.autograph.experimental.do_not_convert(checked_batch))


def _checked_batches(batches: Iterator[Any], check: BatchValidator) -> Iterator[Any]:
    for batch in batches:
        check(*map(np.asarray, rows_of(batch, check.conditional)))
        yield batch if isinstance(batch, (tuple, list)) else (batch,)


class _CheckedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` whose batches are checked as they are made."""

    def __init__(self, inner: keras.utils.PyDataset, check: BatchValidator) -> None:
        super().__init__(
            workers=inner.workers,
            use_multiprocessing=inner.use_multiprocessing,
            max_queue_size=inner.max_queue_size,
        )
        self._inner, self._check = inner, check

    @property
    def num_batches(self) -> int | None:
        return self._inner.num_batches

    def __len__(self) -> int:
        return len(self._inner)

    def __getitem__(self, index: int) -> Any:
        batch = self._inner[index]
        self._check(*map(np.asarray, rows_of(batch, self._check.conditional)))
        return batch

    def on_epoch_begin(self) -> None:
        self._inner.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._inner.on_epoch_end()
