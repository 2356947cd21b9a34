"""Whether XLA makes the steps of a network faster, by the layers in it."""

from collections.abc import Iterable

import keras
import tensorflow as tf

_SLOW_ON_CPU = (
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3D,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
)
"""XLA's convolutions on a CPU can take many times as long as TensorFlow's own, in a compiled loop
or in steps by batches.

Dense, recurrent, attention, normalization, separable and other one-dimensional convolutional layers
are faster with XLA there, and so is DepthwiseConv2D; `python -m benchmarks xla` measures it.
"""

_DRAW_FOR_EVERY_VALUE = (
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)
"""Keras draws by TensorFlow's stateless generators, whose key XLA computes anew for every number.

On a CPU that takes 0.4 µs, 80 times as long as the number itself: with a few hundred of them a row,
more than XLA saves in all other layers.
"""

_DRAW_FOR_EVERY_CHANNEL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
"""Kinds of `Dropout` that draw few numbers, and are faster with XLA."""


def suits_xla(layers: Iterable[keras.layers.Layer]) -> bool:
    """Tells whether steps are faster with XLA on the devices of this process.

    Args:
      layers: All layers of the model, those inside others too.
    """
    if any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU")):
        return True
    return not any(isinstance(layer, _SLOW_ON_CPU) or _draws(layer) for layer in layers)


def _draws(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, _DRAW_FOR_EVERY_CHANNEL):
        return False
    # One with a rate of 0 has no generator.
    return isinstance(layer, _DRAW_FOR_EVERY_VALUE) and hasattr(layer, "seed_generator")
