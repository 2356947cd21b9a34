"""The radial flow posterior."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class RadialFlow(Posterior):
    """Normal latents under radial steps, each of which draws them to a point or pushes them away.

    Rezende & Mohamed (2015), "Variational inference with normalizing flows": z₀ = loc + scale ε,
    and in every step

        z ← z + b (z - c) / (a + r),   r = ‖z - c‖,

        log q(z|x) = log q(z₀|x) - Σ ((L - 1) log(1 + b / (a + r)) + log(1 + ab / (a + r)²)),

    where the encoder gives c, a and b of every step for every row. For the step to be invertible, a
    must be positive and b above -a (appendix A): a = f(radius) and b = a (f(strength) - 1), where
    f(x) = (1 + softplus(x)) / (1 + softplus(-x)). A step of strength zero leaves the latents as
    they are.

    There are no networks besides the encoder's, and steps are cheap, in both directions: the
    density of any values has a closed form. But a step changes the density around one point only,
    so with many latents it takes many steps to change much. The KL has no closed form; it is
    estimated from the draws of the bound. Mean and standard deviation are estimated from 256 draws
    with a fixed seed.

    Args:
      latent_size: The number of latent variables.
      steps: The number of steps.
      scale_floor: A constant added to every scale of z₀, so that none is zero, in units of the
        latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.TransformedDistribution`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If a size is not an int, or `scale_floor` not a number.
      ValueError: If a size is not positive, or `scale_floor` negative.

    Example:
      >>> q = posteriors.RadialFlow(latent_size=3, steps=2)(np.zeros([5, 8]))
      >>> q.log_prob(q.sample(2, seed=0)).shape
      TensorShape([2, 5])
    """

    parameter_names = ("loc", "scale", "center", "radius", "strength")

    def __init__(
        self, latent_size: int, steps: int = 8, scale_floor: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(latent_size, **kwargs)
        self.steps = checks.positive_int(steps, "steps")
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[L]` for mean and scale of z₀, `[T, L]` for c, and `[T]` for a and b."""
        size, steps = self.latent_size, self.steps
        of_steps = {"center": (steps, size), "radius": (steps,), "strength": (steps,)}
        return {"loc": (size,), "scale": (size,), **of_steps}

    def distribution(
        self,
        loc: tf.Tensor,
        scale: tf.Tensor,
        center: tf.Tensor,
        radius: tf.Tensor,
        strength: tf.Tensor,
    ) -> distributions.RadialFlow:
        """Makes the flow from `loc` and unconstrained `scale`, `[B, L]`, and its steps."""
        first = distributions.MultivariateNormalDiag(
            loc=loc, scale_diag=tf.math.softplus(scale) + self.scale_floor
        )
        return distributions.RadialFlow(first, center, radius, strength)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "steps": self.steps, "scale_floor": self.scale_floor}
