"""Whether rows of data are such that a model can score them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks

_ROWS_AT_ONCE = 4096
_DECLARE = "If NaN stands for a missing value, make the model with missing_values=np.nan."


def check_rows(vae: Any, x: Any, name: str, preprocessed: Callable[[tf.Tensor], tf.Tensor]) -> None:
    """Checks data of any number of rows, as far as its values tell.

    Args:
      vae: The model.
      x: Data, `[B, *event]`, or what the preprocess layer turns into that.
      name: What the caller calls `x`.
      preprocessed: What the preprocess layer, if the model has one, makes of rows.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If its shape or a value does not fit.
    """
    likelihood = vae.decoder.likelihood
    if vae.preprocess is None:
        x = checks.array(x, name)
        if vae.missing is not None:
            x = vae.missing.filled_array(x)
        elif np.issubdtype(x.dtype, np.floating) and np.isnan(x).any():
            checks.batch_shape(x.shape, vae.event_shape, name)
            checks.finite(x, name, _DECLARE)
        values = checks.observations(
            x, vae.event_shape, likelihood.support, likelihood.advice, name
        )
        checks.representable(values, likelihood.variable_dtype, name)
        return
    values = checks.array(x, name)
    if values.ndim == 0 or values.shape[0] == 0:
        raise ValueError(f"`{name}` must hold at least one row; got shape {list(values.shape)}.")
    checks.finite(values, name)
    support = getattr(vae.preprocess, "support", None)
    if support is not None:
        advice = getattr(vae.preprocess, "advice", "")
        checks.observations(values, values.shape[1:], support, advice, name)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        checks.observations(
            preprocessed(tf.convert_to_tensor(values[start : start + _ROWS_AT_ONCE])).numpy(),
            vae.event_shape,
            likelihood.support,
            likelihood.advice,
            f"preprocess({name})",
        )
