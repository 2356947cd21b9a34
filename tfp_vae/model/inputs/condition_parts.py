"""The parts of y: the label of a row, its condition, and its exposure."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes
from tfp_vae.model.inputs import condition as conditions
from tfp_vae.model.inputs.labels import Labels


class ConditionParts:
    """What a row of y holds: a label, a condition, an exposure, or several of them in this order.

    One part alone is y itself; several are the columns of a matrix `[N, columns]`.

    Args:
      layer: The layer that turns a condition into features, or None.
      labels: The labels that y holds, or None.
      exposed: Whether y holds the exposures of a likelihood.
    """

    def __init__(
        self, layer: keras.layers.Layer | None, labels: Labels | None, exposed: bool
    ) -> None:
        self.layer, self.labels, self.exposed = layer, labels, exposed

    @property
    def expected(self) -> bool:
        """Whether data comes as (x, y)."""
        return self.layer is not None or self.labels is not None or self.exposed

    @property
    def required(self) -> bool:
        """Whether y must be given, as a condition and exposures must, and labels need not."""
        return self.layer is not None or self.exposed

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row of y; None for a model that takes none."""
        if not self.expected:
            return None
        if not self._several:
            return () if self.layer is None else conditions.row_shape(self.layer)
        width = 0 if self.layer is None else shapes.size_of(conditions.row_shape(self.layer))
        return (int(self.labels is not None) + width + int(self.exposed),)

    @property
    def _several(self) -> bool:
        return (self.layer is not None) + (self.labels is not None) + self.exposed > 1

    def labels_in(self, y: Any) -> Any:
        """Returns the labels of rows of y, `[B]`, of a model with labels."""
        return _numbers(y)[:, 0] if self._several else y

    def condition_in(self, y: Any) -> Any:
        """Returns the rows of y that the condition layer takes, or None without one."""
        if self.layer is None or y is None or not self._several:
            return None if self.layer is None else y
        rest = _numbers(y)[:, int(self.labels is not None) :]
        rest = rest[:, :-1] if self.exposed else rest
        return rest if conditions.row_shape(self.layer) else rest[:, 0]

    def exposures_in(self, y: Any, dtype: str) -> tf.Tensor | None:
        """Returns the exposures in rows of y, `[B]`, or None where there are none."""
        if not self.exposed or y is None:
            return None
        last = _numbers(y)[:, -1] if self._several else y
        return tf.cast(tf.convert_to_tensor(last), dtype)

    def unlabelled(self, y: Any) -> Any:
        """Returns rows of y in which no label is known, or None where y holds nothing else."""
        if self.labels is None or y is None:
            return y
        if not self._several:
            return None
        return tf.concat([-tf.ones_like(y[:, :1]), y[:, 1:]], axis=1)

    def check(self, y: Any, rows: int | None, name: str) -> None:
        """Checks that there is a valid row of y for every row of x, or none if none is taken.

        Args:
          y: Rows, `[rows, *row_shape]`, or None.
          rows: The number of rows of x, or None if unknown.
          name: The caller's name for `y`.

        Raises:
          TypeError: If it holds no real numbers.
          ValueError: If it does not fit.
        """
        if not self.expected:
            if y is not None:
                raise ValueError(
                    f"`{name}` must be None, since the model was made without a condition layer; "
                    f"got a {type(y).__name__}."
                )
            return
        if self._several and y is not None:
            y = checks.array(y, name)
            self._check_columns(y, name)
        if self.labels is not None and y is not None:
            self.labels.checked(self.labels_in(y), rows, name)
        if self.layer is not None:
            conditions.checked(self.condition_in(y), self.layer, rows, name)
        if self.exposed:
            self._check_exposures(y, rows, name)

    def _check_columns(self, y: np.ndarray, name: str) -> None:
        """Checks the shape of a y of several parts."""
        width = self.row_shape or ()
        if y.ndim == 2 and y.shape[1:] == width:
            return
        parts = {
            "a label": self.labels is not None,
            "the condition": self.layer is not None,
            "the exposure": self.exposed,
        }
        words = " and then ".join(part for part, present in parts.items() if present)
        raise ValueError(
            f"`{name}` must have shape {shapes.written('batch', *width)}, {words}; got shape "
            f"{shapes.written(*y.shape)}."
        )

    def _check_exposures(self, y: Any, rows: int | None, name: str) -> None:
        """Checks that every row has an exposure above 0."""
        if y is None:
            raise ValueError(
                f"`{name}` must hold the exposure of every row, since the likelihood has "
                "offset='exposure'; got None."
            )
        values = checks.array(y, name)
        values = values[:, -1] if self._several else values
        if values.ndim != 1:
            raise ValueError(
                f"`{name}` must have shape [N], the exposure of each row; got shape "
                f"{shapes.written(*values.shape)}."
            )
        if rows is not None and len(values) != rows:
            raise ValueError(
                f"`{name}` must have one exposure for each of {rows} rows of x; got {len(values)}."
            )
        checks.finite(values, name)
        if not (values > 0.0).all():
            raise ValueError(
                f"`{name}` must hold exposures above 0; got {values[~(values > 0.0)][0]:g}."
            )


def _numbers(y: Any) -> Any:
    """Returns y as a tensor or an array."""
    return y if tf.is_tensor(y) else checks.array(y, "y")
