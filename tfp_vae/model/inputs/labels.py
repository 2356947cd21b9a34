"""Labels of some rows: categories of the latents that are known."""

import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions

_IMPOSSIBLE = -1e9
"""The logit of a category that a label rules out; its exponential is 0."""


class Labels:
    """Labels, of which a row may have none.

    Args:
      categories: The number of classes.
    """

    def __init__(self, categories: int) -> None:
        self.categories = categories

    def checked(self, y: Any, rows: int | None, name: str) -> np.ndarray:
        """Checks labels, and returns them as an array `[N]`.

        Args:
          y: Class numbers from 0; -1 or NaN for a row without one.
          rows: The number of rows of x, or None if unknown.
          name: The caller's name for `y`.

        Raises:
          TypeError: If `y` holds no real numbers.
          ValueError: If it is of another shape or length, or no class of the model.
        """
        values = checks.array(y, name)
        if values.ndim != 1:
            raise ValueError(
                f"`{name}` must have shape [N], one label for each row; got shape "
                f"{list(values.shape)}."
            )
        if rows is not None and len(values) != rows:
            raise ValueError(
                f"`{name}` must have one label for each of {rows} rows of x; got {len(values)}."
            )
        known = values[~np.isnan(values)]
        wrong = (known < -1) | (known >= self.categories) | (known != np.floor(known))
        if wrong.any():
            raise ValueError(
                f"`{name}` must hold class numbers from 0 to {self.categories - 1}, or -1 or NaN "
                f"for a row without a label; got {known[wrong][0]:g}."
            )
        return values

    def warn_of_few(self, y: Any) -> None:
        """Warns if an array of valid labels has none, or those of one class alone."""
        try:
            values = self.checked(y, None, "y")
        except (TypeError, ValueError):
            return
        known = np.unique(values[values >= 0])
        if len(known) < 2:
            found = "no row has a label" if not len(known) else f"all labels are {known[0]:g}"
            warnings.warn(
                f"In `y` {found}: which category stands for which class is left to chance, as in a "
                "model of clusters.",
                stacklevel=3,
            )

    def observed(self, distribution: tfd.Distribution, y: Any) -> tfd.Distribution:
        """Returns a distribution of latents in which the categories of labelled rows are known.

        Args:
          distribution: q or p, batch `[B]` or `[]`: categorical, or a joint of that.
          y: Labels, `[B]`.

        Returns:
          A distribution of the same kind, batch `[B]`.
        """
        joint = isinstance(distribution, distributions.CategoricalJoint)
        logits = (distribution.categorical if joint else distribution).logits
        one_hot, known = self._one_hot(y, logits.dtype)
        fixed = tf.where(one_hot[:, None] > 0.0, 0.0, tf.cast(_IMPOSSIBLE, logits.dtype))
        categorical = distributions.OneHotCategorical(tf.where(known[:, None, None], fixed, logits))
        if not joint:
            return categorical
        return distributions.CategoricalJoint(
            categorical, distribution.continuous_fn, distribution.latent_size
        )

    def log_prob(self, distribution: tfd.Distribution, y: Any) -> tf.Tensor:
        """Returns log q(y|x) in nats, `[B]`, and 0 for rows without a label.

        Args:
          distribution: q, batch `[B]`.
          y: Labels, `[B]`.
        """
        joint = isinstance(distribution, distributions.CategoricalJoint)
        categorical = distribution.categorical if joint else distribution
        one_hot, known = self._one_hot(y, categorical.dtype)
        log_prob = categorical.log_prob(one_hot)
        return tf.where(known, log_prob, tf.zeros_like(log_prob))

    def _one_hot(self, y: Any, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns labels as one-hot vectors `[B, K]`, and which rows have one, `[B]`."""
        if isinstance(y, keras.KerasTensor):
            raise TypeError("`condition` must be an array of numbers; got a symbolic KerasTensor.")
        if not checks.is_symbolic(y):
            y = self.checked(y, None, "condition")
        numbers = tf.cast(tf.convert_to_tensor(y), dtype)
        known = numbers >= 0.0  # false for NaN, too
        codes = tf.cast(tf.where(known, numbers, tf.zeros_like(numbers)), tf.int32)
        return tf.one_hot(codes, self.categories, dtype=dtype), known
