"""The layer that rescales data before the encoder."""

import keras
import numpy as np

from tfp_vae import checks
from tfp_vae_cli.train_options import Rescaling


def rescaling_layer(rescaling: Rescaling, x: np.ndarray) -> keras.layers.Layer | None:
    """Returns the layer that rescales data such as `x`, `[N, *event_shape]`, or None.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` holds NaN or infinite values.
    """
    if rescaling is Rescaling.none:
        return None
    values = checks.array(x).astype(np.float64)
    checks.finite(values, "x")
    if rescaling is Rescaling.unit:
        lowest, highest = values.min(), values.max()
        spread = (highest - lowest) or 1.0
        return keras.layers.Rescaling(1.0 / spread, offset=-lowest / spread)
    variance = values.var(axis=0)
    return keras.layers.Normalization(
        axis=tuple(range(1, values.ndim)),
        mean=values.mean(axis=0),
        variance=np.where(variance > 0, variance, 1.0),
    )
