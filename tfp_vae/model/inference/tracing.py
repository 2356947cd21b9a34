"""Functions that are traced, unless their model runs eagerly."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE


def traced_unless_eager(vae: "VAE", function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function of tensors as a `tf.function`, or as it is in a model that runs eagerly.

    Args:
      vae: The model.
      function: The function.
    """
    if vae.compiled and vae.run_eagerly:
        return function
    # TensorFlow warns of a function that is traced for one model after another, not of a partial.
    traced: Callable[..., Any] = tf.function(functools.partial(function), autograph=False)
    return traced
