"""Whether XLA makes the steps of a network faster, by the layers in it."""

from collections.abc import Iterable

import keras
import tensorflow as tf

_SLOW_ON_CPU = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
"""XLA's convolutions in a compiled loop on a CPU take many times as long as TensorFlow's own.

Dense, recurrent, attention, normalization, depthwise, separable and one-dimensional convolutional
layers are faster with XLA there; `python -m benchmarks xla` measures it.
"""


def suits_xla(layers: Iterable[keras.layers.Layer]) -> bool:
    """Tells whether steps are faster with XLA on the devices of this process.

    Args:
      layers: All layers of the model, those inside others too.
    """
    if any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU")):
        return True
    return not any(isinstance(layer, _SLOW_ON_CPU) for layer in layers)
