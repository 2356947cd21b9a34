"""Data on its way into a model: checked before a weight can be touched by it."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes


class RowCheck:
    """Calls `check` on arrays of rows, and remembers how it failed.

    A dataset checks its batches on threads of TensorFlow's, which turn every exception into one
    of their own; `failure` is the exception as it was raised.
    """

    def __init__(self, check: Callable[[np.ndarray], Any]) -> None:
        self._check = check
        self.failure: Exception | None = None

    def __call__(self, rows: np.ndarray) -> None:
        """Checks rows `[B, *event]`.

        Raises:
          TypeError: If they are no real numbers.
          ValueError: If their shape or a value is not what the model was made for.
        """
        try:
            self._check(rows)
        except (TypeError, ValueError) as error:
            self.failure = error
            raise

    def passes(self, rows: tf.Tensor) -> bool:
        """Tells whether rows `[B, *event]` are right; if not, `failure` says what is wrong."""
        try:
            self(rows.numpy())
        except (TypeError, ValueError):
            return False
        return True


_ONLY_X = (
    "a VAE learns p(x) and takes no targets: pass x alone, and with a dataset of pairs "
    "`dataset.map(lambda x, y: x)`"
)


def refuse_targets(y: Any) -> None:
    """Refuses targets.

    Raises:
      ValueError: If there are any.
    """
    if y is not None:
        raise ValueError(f"`y` must be None, for {_ONLY_X}; got a {type(y).__name__}.")


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
    if (array < 0).any():
        raise ValueError(f"`{name}` must not be negative; got {array.min():g}.")
    return array.reshape(-1)


def checked(x: Any, check: RowCheck, row_shape: tuple[int, ...] | None, name: str = "x") -> Any:
    """Returns `x`, of any kind that Keras takes, such that wrong rows raise.

    An array is checked as a whole, now. A `tf.data.Dataset`, a `keras.utils.PyDataset` or a
    generator is checked batch by batch as it is read.

    Args:
      x: An array `[N, *event]`, or something that gives batches `[B, *event]`.
      check: What to call on every array of rows.
      row_shape: The shape of one row, or None if it is not known before `check` has seen one.
      name: What the caller calls `x`.

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
    check(values)
    return values


def rows_of(batch: Any) -> Any:
    """Returns the x of a batch as Keras passes it: x alone, or a tuple that begins with x.

    Raises:
      ValueError: If the batch is a pair of x and targets.
    """
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        return batch
    if len(batch) > 1 and batch[1] is not None and not isinstance(batch[1], tf.NoneTensorSpec):
        raise ValueError(
            f"A batch must hold x alone, or with weights (x, None, weights), for {_ONLY_X}; got a "
            f"tuple of {len(batch)}."
        )
    return batch[0]


def _checked_dataset(
    dataset: Any, check: RowCheck, row_shape: tuple[int, ...] | None, name: str
) -> Any:
    spec = rows_of(dataset.element_spec)
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
        rows = rows_of(batch if len(batch) > 1 else batch[0])
        passed = tf.py_function(check.passes, [rows], tf.bool)
        with tf.control_dependencies([tf.debugging.Assert(passed, ["The data is wrong."])]):
            rows = tf.identity(rows)
        return rows if len(batch) == 1 else (rows, *batch[1:])

    if isinstance(dataset, tf.distribute.DistributedDataset):
        return dataset
    return dataset.map(tf.autograph.experimental.do_not_convert(checked_batch))


def _checked_batches(batches: Iterator[Any], check: RowCheck) -> Iterator[Any]:
    for batch in batches:
        check(np.asarray(rows_of(batch)))
        yield batch if isinstance(batch, (tuple, list)) else (batch,)


class _CheckedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` whose batches are checked as they are made."""

    def __init__(self, inner: keras.utils.PyDataset, check: RowCheck) -> None:
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
        self._check(np.asarray(rows_of(batch)))
        return batch

    def on_epoch_begin(self) -> None:
        self._inner.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._inner.on_epoch_end()
