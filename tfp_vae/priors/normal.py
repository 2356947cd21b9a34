"""The normal prior with learned means and scales."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class Normal(Prior):
    """Independent normal latents whose means and scales are learned, initially 0 and 1.

    It adds no flexibility to a decoder that begins with a dense layer, which can shift and scale
    the latents itself.

    Args:
      scale_floor: A constant added to every scale, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `scale_floor` is not a number.
      ValueError: If `scale_floor` is negative, or 1 or more.

    Example:
      >>> prior = priors.Normal()
      >>> prior.build([2])
      >>> bool(np.allclose(prior.distribution().stddev(), 1.0))
      True
    """

    def __init__(self, scale_floor: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale_floor = scale_floor_below_1(scale_floor)

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the weights, `[latent_size]` each."""
        self.loc = self.add_weight(
            name="loc", shape=event_shape, initializer="zeros", autocast=False
        )
        self.raw_scale = self.add_weight(
            name="raw_scale",
            shape=event_shape,
            initializer=raw_scale_of_1(self.scale_floor),
            autocast=False,
        )
        super().build(event_shape)

    def adapt_to_latents(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Sets means and scales to those of latents `[N, latent_size]`."""
        del seed
        values = np.asarray(z, np.float64)
        self.loc.assign(values.mean(axis=0))
        self.raw_scale.assign(output_of_scale(values.std(axis=0), self.scale_floor))

    def distribution(self) -> distributions.MultivariateNormalDiag:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        raw_scale = tf.convert_to_tensor(self.raw_scale)
        return distributions.MultivariateNormalDiag(
            loc=tf.convert_to_tensor(self.loc),
            scale_diag=tf.math.softplus(raw_scale) + self.scale_floor,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale_floor": self.scale_floor}


def scale_floor_below_1(value: float) -> float:
    """Returns `value` as a floor of scales that are initially 1.

    Raises:
      TypeError: If it is not a number.
      ValueError: If it is negative, or 1 or more.
    """
    floor = checks.finite_number(value, "scale_floor", minimum=0.0)
    if floor >= 1.0:
        raise ValueError(f"`scale_floor` must be below 1, the initial scale; got {floor:g}.")
    return floor


def raw_scale_of_1(scale_floor: float) -> keras.initializers.Initializer:
    """Returns the initializer of raw scales for which softplus plus the floor is 1."""
    return keras.initializers.Constant(np.log(np.expm1(1.0 - scale_floor)))
