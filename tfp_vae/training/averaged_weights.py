"""Exponential moving averages of weights, in use for what is not a training step."""

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.trainable import Trainable


class AveragedWeights:
    """Exchanges weights for the moving averages that an optimizer with `use_ema` keeps.

    Args:
      model: The model.

    Attributes:
      raw: The weights of training while the averages are in the model, by the id of the variable.
    """

    def __init__(self, model: Trainable) -> None:
        self._model = model
        self.raw: Mapping[int, tf.Tensor] = MappingProxyType({})

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Holds the averages in the model inside the block, if the optimizer keeps any.

        Inside another such block it does nothing. A weight that is set inside, as by a callback
        that restores an earlier one, keeps its new value, which becomes the average, too.
        """
        pairs = [] if self.raw else self._pairs()
        if not pairs:
            yield
            return
        kept = [tf.identity(tf.convert_to_tensor(weight)) for weight, _ in pairs]
        self.raw = {id(weight): value for (weight, _), value in zip(pairs, kept, strict=True)}
        averages = [np.array(keras.ops.convert_to_numpy(average)) for _, average in pairs]
        for (weight, _), average in zip(pairs, averages, strict=True):
            weight.assign(average)
        try:
            yield
        finally:
            self.raw = MappingProxyType({})
            for (weight, average), before, value in zip(pairs, averages, kept, strict=True):
                now = keras.ops.convert_to_numpy(weight)
                if np.array_equal(now, before, equal_nan=True):
                    weight.assign(value)
                else:
                    average.assign(now)

    def training_value(self, variable: Any) -> Any:
        """Returns the value of a variable in training, also inside a block."""
        return self.raw.get(id(variable), variable)

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Returns every averaged weight and its average; none before the first step."""
        optimizer: Any = self._model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if not getattr(optimizer, "use_ema", False) or not optimizer.built:
            return []
        if int(keras.ops.convert_to_numpy(optimizer.iterations)) == 0:
            return []
        averages = optimizer._model_variables_moving_average  # noqa: SLF001, Keras has no public name
        pairs = zip(self._model.trainable_variables, averages, strict=True)
        return [(weight, average) for weight, average in pairs if average is not None]
