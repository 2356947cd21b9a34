"""A distribution of table rows whose columns have distributions of different families."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds


class ProductOfColumns(tfd.Distribution):
    """Independent distributions over groups of columns, as one distribution over rows.

    `tfd.Blockwise` concatenates its parts in order and has no mean; `tfd.JointDistribution` returns
    tuples. Here the columns of a part may be any, and draws, mean and mode are rows.

    Args:
      parts: Distributions of equal batch shape `[...]` and dtype; part i has event shape
        `[len(columns[i])]`.
      columns: The column indices of each part; together 0 to n - 1, each once.
    """

    def __init__(
        self,
        parts: Sequence[tfd.Distribution],
        columns: Sequence[Sequence[int]],
        name: str = "ProductOfColumns",
    ) -> None:
        parameters = dict(locals())
        self.parts, self.columns = list(parts), [list(group) for group in columns]
        self._places = np.argsort(np.concatenate(self.columns))
        super().__init__(
            dtype=self.parts[0].dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    def rows(self, values_of: Callable[[tfd.Distribution], tf.Tensor]) -> tf.Tensor:
        """Returns `values_of(part)` of all parts as rows `[..., n]`, in the columns' order."""
        return self.rows_of([values_of(part) for part in self.parts])

    def rows_of(self, values: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns values `[..., len(columns[i])]` of all parts as rows `[..., n]`."""
        return tf.gather(tf.concat(values, axis=-1), self._places, axis=-1)

    def _batch_shape(self) -> tf.TensorShape:
        return self.parts[0].batch_shape

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return self.parts[0].batch_shape_tensor()

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([len(self._places)])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([len(self._places)], tf.int32)

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        part_seeds = seeds.split(seeds.as_seed(seed), len(self.parts))
        return self.rows_of(
            [
                part.sample(n, seed=part_seed)
                for part, part_seed in zip(self.parts, part_seeds, strict=True)
            ]
        )

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return tf.add_n(
            [
                part.log_prob(tf.gather(value, group, axis=-1))
                for part, group in zip(self.parts, self.columns, strict=True)
            ]
        )

    def _mean(self) -> tf.Tensor:
        return self.rows(lambda part: part.mean())

    def _variance(self) -> tf.Tensor:
        return self.rows(lambda part: part.variance())

    def _stddev(self) -> tf.Tensor:
        return self.rows(lambda part: part.stddev())

    def _mode(self) -> tf.Tensor:
        return self.rows(lambda part: part.mode())
