"""Layers that bring data to a common scale before an encoder's network."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes

_TRANSFORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda x: x, lambda x: x),
    "log": (tf.math.log, np.log),
    # ONNX has no log1p.
    "log1p": (lambda x: tf.math.log(1.0 + x), np.log1p),
}
_KNEE = 10.0
_ROUNDING = 1e-12


class AffineMap(NamedTuple):
    """Which values of a row an encoding maps affinely, to (x - shift) / scale.

    Attributes:
      values: The flat indices of these values in a row, `[K]`.
      places: Their flat indices in the encoded row, `[K]`.
      shift: What is subtracted, `[K]`.
      scale: What they are divided by, `[K]`.

    Example:
      >>> layer = networks.Standardization([2])
      >>> layer.adapt(np.array([[1.0, 100.0], [3.0, 500.0]]))
      >>> layer.affine_map().scale
      array([  1., 200.], dtype=float32)
    """

    values: np.ndarray
    places: np.ndarray
    shift: np.ndarray
    scale: np.ndarray


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class Standardization(keras.layers.Layer):
    """Brings every value of a row to mean 0 and standard deviation 1.

    Until `adapt` is called it only transforms. A value that does not vary is only centred.
    `keras.layers.Normalization` has no transform, and its divisor is at least 1e-7.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      transform: What is applied first: "identity", "log" (of positive values) or "log1p" (of
        counts).
      pooled: Whether all values are divided by one number, the root of their mean variance, as
        suits pixels: a pixel that hardly varies stays small.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: A tensor `[..., *event_shape]`.
      observed: A boolean tensor of the same shape, false where a value is missing, which becomes 0,
        the mean; None if none is.

    Returns:
      A tensor of the same shape.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `pooled` no bool.
      ValueError: If a size is not positive, or the transform unknown.

    Example:
      >>> layer = networks.Standardization([2])
      >>> layer.adapt(np.array([[1.0, 100.0], [3.0, 500.0]]))
      >>> layer(np.array([[1.0, 500.0]], "float32")).numpy()
      array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        transform: str = "identity",
        pooled: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.event_shape = shapes.as_shape(event_shape, "event_shape")
        self.transform = checks.one_of(transform, list(_TRANSFORMS), "transform")
        self.pooled = checks.instance_of(pooled, bool, "pooled", "True")
        self.shift, self.scale = (
            self.add_weight(
                name=name,
                shape=self.event_shape,
                initializer=value,
                trainable=False,
                autocast=False,
            )
            for name, value in (("shift", "zeros"), ("scale", "ones"))
        )
        self.built = True

    def adapt(self, x: np.ndarray, observed: np.ndarray | None = None) -> None:
        """Sets shift and scale from rows.

        Args:
          x: Rows, `[N, *event_shape]`.
          observed: A boolean array of the same shape, false where a value is missing; None if none
            is.
        """
        values = _TRANSFORMS[self.transform][1](np.asarray(x, np.float64))
        mean, variance = moments(values, observed)
        if self.pooled:
            variance = np.full_like(variance, variance.mean())
        self.shift.assign(mean)
        self.scale.assign(np.sqrt(np.where(variance > 0.0, variance, 1.0)))

    def call(self, x: tf.Tensor, observed: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the standardised values."""
        transformed = _TRANSFORMS[self.transform][0](tf.cast(x, self.variable_dtype))
        values = (transformed - self.shift) / self.scale
        return values if observed is None else tf.where(observed, values, 0.0)

    def affine_map(self) -> AffineMap:
        """Returns the values that are mapped affinely: all of them, or none after a logarithm."""
        count = shapes.size_of(self.event_shape) if self.transform == "identity" else 0
        places = np.arange(count)
        return AffineMap(
            places,
            places,
            *(
                keras.ops.convert_to_numpy(part).ravel()[:count]
                for part in (self.shift, self.scale)
            ),
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "event_shape": list(self.event_shape),
            "transform": self.transform,
            "pooled": self.pooled,
        }


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class OneHot(keras.layers.Layer):
    """Turns class codes into one-hot vectors, along the last axis.

    Between two codes it interpolates their vectors, so that inputs that are learned, such as the
    pseudo-inputs of a `VampPrior`, have a gradient.

    Args:
      classes: The number of classes.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Codes 0 to classes - 1, `[..., n]`.
      observed: A boolean tensor `[..., n]`, false where a code is missing, which becomes zeros;
        None if none is.

    Returns:
      A tensor `[..., n * classes]`.

    Raises:
      TypeError: If `classes` is not an int.
      ValueError: If it is not positive.

    Example:
      >>> networks.OneHot(classes=3)(np.array([[2.0, 0.0]])).numpy()
      array([[0., 0., 1., 1., 0., 0.]], dtype=float32)
    """

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = checks.positive_int(classes, "classes")

    def adapt(self, x: np.ndarray, observed: np.ndarray | None = None) -> None:
        """Does nothing: the encoding of a code does not depend on the data."""
        del x, observed

    def call(self, x: tf.Tensor, observed: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the one-hot vectors."""
        codes = tf.cast(x, self.variable_dtype)[..., None]
        classes = tf.range(self.classes, dtype=codes.dtype)
        vectors = tf.maximum(1.0 - tf.abs(codes - classes), 0.0)
        if observed is not None:
            vectors = tf.where(observed[..., None], vectors, 0.0)
        joined = tf.reshape(vectors, tf.concat([tf.shape(x)[:-1], [-1]], axis=0))
        joined.set_shape(self.compute_output_shape(x.shape))
        return joined

    def affine_map(self) -> AffineMap:
        """Returns that no value is mapped affinely."""
        none = np.zeros([0], np.int64)
        return AffineMap(none, none, np.zeros([0]), np.ones([0]))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape with the last axis `classes` times as long."""
        return (*tuple(input_shape)[:-1], input_shape[-1] * self.classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "classes": self.classes}


def compressed_tails(x: tf.Tensor) -> tf.Tensor:
    """Returns standardised values as a network sees them: beyond 10, they grow as a logarithm.

    A single outlier then cannot saturate the network, nor dominate its gradient.

    Args:
      x: A tensor `[...]` of any shape.

    Example:
      >>> networks.compressed_tails(tf.constant([-1.0, 0.5, 10.0])).numpy()
      array([-1. ,  0.5, 10. ], dtype=float32)
    """
    beyond = tf.nn.relu(tf.abs(x) - _KNEE)
    return tf.clip_by_value(x, -_KNEE, _KNEE) + tf.sign(x) * tf.math.log(1.0 + beyond)


def moments(x: np.ndarray, observed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and variance of the observed values over rows `[N, *event]`.

    A value that is never observed has mean 0 and variance 0. A variance within the rounding of the
    mean is 0.

    Args:
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, false where a value is missing; None if none is.

    Example:
      >>> networks.moments(np.array([[1.0, 5.0], [3.0, 7.0]]), None)
      (array([2., 6.]), array([1., 1.]))
    """
    x = np.asarray(x, np.float64)
    seen = np.ones(x.shape, bool) if observed is None else observed
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, x, 0.0).sum(axis=0) / count
    variance = (np.where(seen, x - mean, 0.0) ** 2).sum(axis=0) / count
    return mean, np.where(variance > (_ROUNDING * mean) ** 2, variance, 0.0)
