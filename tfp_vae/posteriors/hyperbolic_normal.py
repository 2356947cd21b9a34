"""The wrapped normal posterior on hyperbolic space."""

import math
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.posteriors.base import Posterior

_SCALE_FLOOR = 1e-3
_FAR = 10.0
_LARGEST_SCALE = 10.0


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class HyperbolicNormal(Posterior):
    """Latents in hyperbolic space, where room grows exponentially with the distance, as in a tree.

    The wrapped normal distribution of Nagano et al. (2019), "A wrapped normal distribution on
    hyperbolic space for gradient-based learning", and of Mathieu et al. (2019), "Continuous
    hierarchical representations with Poincare variational auto-encoders". A latent vector has the
    direction and the length of the shortest path from the origin to the point, which the decoder
    sees; `distributions.poincare_ball` takes it to the ball. In these coordinates the wrapped
    normal prior at the origin is `priors.StandardNormal`, and any prior of real latents goes with
    it. The KL has no closed form; it is estimated from the draws, as `vae.summary()` says.

    Distances beyond 10 / √c grow logarithmically with the network's output, since float32 has no
    digits for directions so far away; scales are at most 10 / √c.

    Args:
      latent_size: The number of latent variables L; with one, the space is flat.
      curvature: c of the curvature -c, from 1e-6 to a million; near 0 the posterior is normal.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.HyperbolicNormal`, batch `[B]`, event `[latent_size]`. The mean of its
      coordinates has no closed form: it is estimated from 256 draws of fixed noise.

    Raises:
      TypeError: If `latent_size` is not an int, or `curvature` not a number.
      ValueError: If `latent_size` is not positive, or `curvature` too small or too large.

    Example:
      >>> z = posteriors.HyperbolicNormal(latent_size=2)(np.ones([5, 8])).sample(seed=0)
      >>> bool((np.linalg.norm(distributions.poincare_ball(z), axis=-1) < 1.0).all())
      True
    """

    parameter_names = ("loc", "scale")

    def __init__(self, latent_size: int, curvature: float = 1.0, **kwargs: Any) -> None:
        super().__init__(latent_size, **kwargs)
        self.curvature = checks.finite_number(curvature, "curvature", minimum=1e-6, maximum=1e6)

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor) -> distributions.HyperbolicNormal:
        """Makes the distribution of `loc` and the unconstrained `scale`, each `[B, L]`."""
        root = math.sqrt(self.curvature)
        squared = tf.reduce_sum(tf.square(loc), axis=-1, keepdims=True)
        far = squared > (_FAR / root) ** 2
        norm = root * tf.sqrt(tf.where(far, squared, tf.ones_like(squared)))
        shorter = tf.where(far, (_FAR + tf.math.log(1.0 + norm - _FAR)) / norm, tf.ones_like(norm))
        return distributions.HyperbolicNormal(
            loc * shorter,
            tf.minimum(tf.math.softplus(scale) + _SCALE_FLOOR, _LARGEST_SCALE / root),
            self.curvature,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "curvature": self.curvature}
