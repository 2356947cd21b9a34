"""What a model's step may want as its batch, made of rows of x."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


def with_labels(x: Any) -> tuple[Any, Any]:
    """The rows with a label each, all 0."""
    labels = np.zeros(len(x), np.int64)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        return x, torch.from_numpy(labels)
    return x, labels


def with_targets(shapes: Sequence[tuple[int, ...]], x: Any) -> Any:
    """The data of a model of several outputs: x for each that has its shape, and zeros."""
    own = tuple(x.shape[1:])
    return x, [x if s == own else tf.zeros([len(x), *(n or 1 for n in s)]) for s in shapes]


# The likeliest first: data sets give labels, and some give more beside them.
BATCHES: tuple[Callable[[Any], Any], ...] = (
    lambda x: x,
    with_labels,
    lambda x: (x,),
    lambda x: {"x": x},
    lambda x: (*with_labels(x), with_labels(x)[1]),
    lambda x: (*with_labels(x), *with_labels(x)),
)
