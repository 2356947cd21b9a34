"""The layer from a network's features to a distribution: one dense head for each parameter."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from tfp_vae import shapes

LEAST_SCALE = 1e-6
"""The smallest scale above its floor that constants are set to."""


class DistributionLayer(keras.layers.Layer, abc.ABC):
    """A layer that turns features into a distribution: one dense head for each parameter.

    A subclass names its parameters and makes the distribution of them in `distribution`. The heads
    compute in the layer's compute dtype; the parameters have its variable dtype, so that under a
    float16 or bfloat16 policy all distributions are float32.

    Args:
      event_shape: The shape of one draw of the distribution.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[..., F]`, or `[..., *spatial, C]` where `spatial` begins the event
        shape, with any number of leading axes.
      added: What is added to the heads' outputs, by the name of the parameter; None for nothing.

    Returns:
      A `tfd.Distribution`, batch `[...]`, event `event_shape`.
    """

    parameter_names: tuple[str, ...] = ("loc",)
    """The parameters that `distribution` takes, in order."""

    def __init__(self, event_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_shape = shapes.as_shape(event_shape, "event_shape")
        self.heads: dict[str, keras.layers.Layer] = {}

    @abc.abstractmethod
    def distribution(self, *args: Any, **kwargs: Any) -> tfd.Distribution:
        """Makes the distribution from its parameters, real-valued tensors `[..., *shape]`."""

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every parameter for one row, by default the event's."""
        return dict.fromkeys(self.parameter_names, self.event_shape)

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Creates a head for each parameter."""
        sizes = tuple(features_shape)[1:]
        if not sizes or None in sizes:
            raise ValueError(
                f"The network before {type(self).__name__} must give features of a known shape "
                f"[batch, ...]; got shape {list(features_shape)}."
            )
        self.features_rank = len(sizes)
        spatial = sizes[:-1]
        for name, shape in self.parameter_shapes().items():
            if shape[: len(spatial)] != spatial:
                raise ValueError(
                    f"The network before {type(self).__name__} must give features [batch, F], or "
                    f"[batch, {', '.join(map(str, shape[:-1] or shape))}, C], to make `{name}` of "
                    f"shape {list(shape)}; got features of shape "
                    f"{shapes.written('batch', *sizes)}. A last layer keras.layers.Flatten() "
                    "makes any features fit."
                )
            units = shapes.size_of(shape[len(spatial) :])
            head = keras.layers.Dense(units, name=name, dtype=self.dtype_policy)
            head.build((None, *sizes))
            self.heads[name] = head
        self.built = True

    def get_build_config(self) -> None:
        """Returns None: a loaded layer is built by its model, which first gives it its units."""

    def compute_output_shape(self, features_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape of one draw for each row of features, `[batch, *event]`."""
        return (features_shape[0], *self.event_shape)

    def zero_heads(self, names: Iterable[str]) -> None:
        """Sets the heads of some parameters to zero, so that they are what is added to them."""
        for name in names:
            for weight in self.heads[name].weights:
                weight.assign(tf.zeros_like(weight))

    def call(
        self, features: tf.Tensor, *, added: Mapping[str, tf.Tensor] | None = None
    ) -> tfd.Distribution:
        """Computes the parameters and makes the distribution."""
        return self.distribution(**self.parameters(features, added=added))

    def parameters(
        self, features: tf.Tensor, *, added: Mapping[str, tf.Tensor] | None = None
    ) -> dict[str, tf.Tensor]:
        """Returns the parameters that `distribution` takes, `[..., *shape]` each, by name."""
        flat, restore = shapes.flatten_leading(features, self.features_rank)
        parameters = {}
        for name, shape in self.parameter_shapes().items():
            output = tf.cast(self.heads[name](flat), self.variable_dtype)
            if len(shape) > 1 or self.features_rank > 1:
                output = tf.reshape(output, [-1, *shape])
            parameters[name] = restore(output)
            if added is not None and name in added:
                # Under a mixed policy Keras casts the arguments of a call.
                parameters[name] += tf.cast(added[name], self.variable_dtype)
        return parameters


def output_of_scale(scale: np.ndarray, floor: float) -> np.ndarray:
    """Returns the output of which softplus, plus the floor, is `scale`, or nearly the floor."""
    above_floor = np.maximum(np.asarray(scale, np.float64) - floor, LEAST_SCALE)
    output: np.ndarray = tfp.math.softplus_inverse(above_floor).numpy()
    return output
