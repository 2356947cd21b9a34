"""Where the mean and the second output stand in an argument that holds both."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray

HALVES = "the mean first"
SWAPPED = "the second output first"
PAIRS = "one mean beside its second output"
SWAPPED_PAIRS = "one second output beside its mean"
TUPLE = "a tuple (mean, s)"

# Those that an array `[B, 2Z]` may have, the usual first.
ARRAYS = (HALVES, SWAPPED, PAIRS, SWAPPED_PAIRS)


def in_one_array(outputs: Sequence[Array], layout: str, axis: int = -1) -> Array:
    """Both encoder outputs in one array, whose size along an axis is twice theirs.

    Args:
        outputs: The mean and the second output, of one shape.
        layout: How they stand in the array; a tuple's are in halves until `taken_apart`.
        axis: The axis.

    Example:
        >>> in_one_array([np.array([[1, 2]]), np.array([[3, 4]])], PAIRS)
        array([[1, 3, 2, 4]])
    """
    ordered = list(outputs[::-1] if layout in (SWAPPED, SWAPPED_PAIRS) else outputs)
    if layout not in (PAIRS, SWAPPED_PAIRS):
        return np.concatenate(ordered, axis=axis)
    place = axis % ordered[0].ndim
    shape = list(ordered[0].shape)
    shape[place] *= 2
    return np.stack(ordered, axis=place + 1).reshape(shape)


def taken_apart(both: Any) -> tuple[Any, Any]:
    """The two halves of a tensor of any framework along its last axis, as a tuple."""
    size = int(both.shape[-1]) // 2
    return both[..., :size], both[..., size:]


class InLayout:
    """A function of both encoder outputs in one array, as a function of their halves.

    Args:
        function: The function.
        layout: How the outputs stand in the array that it takes.
    """

    def __init__(self, function: Callable[..., Any], layout: str):
        self._function, self._layout = function, layout

    @property
    def non_trainable_variables(self) -> Sequence[Any]:
        """The function's variables that hold the states of seed generators."""
        variables: Sequence[Any] = getattr(self._function, "non_trainable_variables", ())
        return variables

    def __call__(self, both: Any) -> Any:
        """Calls the function with `[mean, s]` in its layout."""
        places = np.arange(int(both.shape[-1]))
        order = in_one_array(np.split(places, 2), self._layout)
        is_tensor = isinstance(both, tf.Tensor)
        return self._function(tf.gather(both, order, axis=-1) if is_tensor else both[..., order])
