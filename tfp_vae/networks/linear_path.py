"""A linear path beside a network."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes


class LinearPath(keras.layers.Layer):
    """A path beside a network, from its inputs to the parameters of the distribution after it.

    It adds a constant to every parameter, and to some of them a linear function of the inputs. All
    its weights begin at zero; a model sets them from data and trains them with its network. A
    network with such a path learns the difference to a linear model, as a residual network does the
    difference to the identity: He et al. (2016), "Deep residual learning for image recognition".

    Args:
      parameter_shapes: The shape of every parameter for one row.
      linear: The names of the parameters that a linear function of the inputs is added to.
      **kwargs: The usual arguments of a Keras layer.

    Attributes:
      marginal: The mean log-probability of the data that the weights were set from, under their
        constants alone, a scalar weight that is not trained.

    Call with:
      x: A tensor `[..., D]`.

    Returns:
      A dict of tensors, what is added to each parameter: `[*shape]`, or `[..., *shape]` for a
      linear one.

    Raises:
      TypeError: If `parameter_shapes` is no mapping of names to shapes, or `linear` no list.
      ValueError: If there is no parameter, a size is not positive, or `linear` has another name.

    Example:
      >>> path = networks.LinearPath({"loc": (3,), "scale": (3,)}, linear=["loc"])
      >>> added = path(np.zeros([5, 2], "float32"))
      >>> added["loc"].shape, added["scale"].shape
      (TensorShape([5, 3]), TensorShape([3]))
      >>> path.is_untouched
      True
      >>> path.assign({"scale": np.ones([3])}, {"loc": np.eye(2, 3)})
      >>> path.is_adapted, path.is_linear
      (True, True)
    """

    def __init__(
        self,
        parameter_shapes: Mapping[str, Sequence[int]],
        linear: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.instance_of(parameter_shapes, Mapping, "parameter_shapes", '{"loc": (3,)}')
        if not parameter_shapes:
            raise ValueError(
                "`parameter_shapes` must name at least one parameter, such as {'loc': (3,)}; got "
                "none."
            )
        self.parameter_shapes = {
            name: shapes.as_shape(shape, "parameter_shapes")
            for name, shape in parameter_shapes.items()
        }
        checks.instance_of(linear, Sequence, "linear", '["loc"]')
        self.linear = tuple(
            checks.one_of(name, list(self.parameter_shapes), "linear") for name in linear
        )
        self.constants: list[keras.Variable] = []
        self.kernels: list[keras.Variable] = []

    def build(self, input_shape: Any) -> None:
        """Creates the constants, and a matrix for every linear parameter."""
        size = tuple(input_shape)[-1]
        for name, shape in self.parameter_shapes.items():
            self.constants.append(self._zeros(f"{name}_constant", shape))
        for name in self.linear:
            width = shapes.size_of(self.parameter_shapes[name])
            self.kernels.append(self._zeros(f"{name}_kernel", (size, width)))
        self.adapted = self.add_weight(
            name="adapted", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self.marginal = self.add_weight(
            name="marginal", shape=(), initializer="zeros", trainable=False, autocast=False
        )
        self.built = True

    def call(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what is added to each parameter."""
        added = {
            name: tf.convert_to_tensor(constant)
            for name, constant in zip(self.parameter_shapes, self.constants, strict=True)
        }
        x = tf.cast(x, self.variable_dtype)
        for name, kernel in zip(self.linear, self.kernels, strict=True):
            flat, restore = shapes.flatten_leading(x, event_rank=1)
            product = tf.matmul(flat, tf.convert_to_tensor(kernel))
            shape = self.parameter_shapes[name]
            if len(shape) > 1:
                product = tf.reshape(product, [-1, *shape])
            added[name] += restore(product)
        return added

    def assign(
        self,
        constants: Mapping[str, np.ndarray],
        kernels: Mapping[str, np.ndarray] = MappingProxyType({}),
    ) -> None:
        """Sets weights, by the name of the parameter.

        Args:
          constants: What is added to parameters, each of the parameter's shape or a number.
          kernels: Matrices of linear parameters, `[D, size]`.
        """
        for name, weight in zip(self.parameter_shapes, self.constants, strict=True):
            if name in constants:
                weight.assign(np.broadcast_to(constants[name], weight.shape))
        for name, weight in zip(self.linear, self.kernels, strict=True):
            if name in kernels:
                weight.assign(kernels[name])
        self.adapted.assign(1)

    @property
    def is_untouched(self) -> bool:
        """Whether no weight was set or trained yet."""
        return not any(
            np.any(keras.ops.convert_to_numpy(weight))
            for weight in (self.adapted, *self.constants, *self.kernels)
        )

    @property
    def is_linear(self) -> bool:
        """Whether a linear function of the inputs is added, not constants alone."""
        return any(np.any(keras.ops.convert_to_numpy(kernel)) for kernel in self.kernels)

    @property
    def is_adapted(self) -> bool:
        """Whether weights were set from data."""
        return bool(keras.ops.convert_to_numpy(self.adapted))

    def _zeros(self, name: str, shape: Sequence[int]) -> keras.Variable:
        return self.add_weight(name=name, shape=shape, initializer="zeros", autocast=False)
