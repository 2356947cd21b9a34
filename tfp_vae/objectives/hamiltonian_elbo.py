"""The evidence lower bound of draws that have moved along Hamiltonian trajectories."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, seeds, stateless_random
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.likelihood_fn import LikelihoodFn, log_likelihood
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms

_LARGEST_KICK = 10.0

LogDensityFn = Callable[[tf.Tensor], tf.Tensor]
"""From latents `[S, B, L]` to an unnormalised log density in nats, `[S, B]`."""


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class HamiltonianELBO(Objective):
    """The bound of Caterini et al. (2018), "Hamiltonian variational auto-encoder".

    A draw z₀ of the posterior q(z|x) gets a momentum, and both go through K leapfrog steps in the
    potential -log p(x, z): what the decoder sees is z_K, which knows p(x|z). With standard normal
    noise ε, of which the first momentum is ε / √β₀, and the last momentum m, the objective is the
    expectation of

        log p(x, z_K) - log q(z₀|x) + (‖ε‖² - ‖m‖²) / 2,

    whose exponential has expectation p(x): a lower bound of log p(x) for every number and size of
    steps. After step k the momentum is multiplied by √(β_{k-1} / β_k), with their quadratic scheme
    1 / √β_k = 1 / √β₀ + (1 - 1 / √β₀) k² / K². Exact trajectories without tempering, β₀ = 1, keep
    p(x, z) N(m; 0, I) and so the evidence lower bound: what raises it is tempering, or the error of
    the steps. With K = 0 it is the evidence lower bound.

    They learn β₀ and a step size of every latent. Here both are numbers, which are not learned, and
    it matters which: if of two latents with standard deviations of 0.3 and a correlation of 0.9 the
    best independent normals lose 0.83 nats, 3 steps of 0.05 with β₀ = 0.5 lose 0.74, steps of 0.1
    lose 0.91, and larger ones far more. Try some on a trained model: assign the objective, compare
    the loss of `vae.evaluate(x)`, and that of `IWAE`, which needs no gradients of the decoder.

    The other terms are those of the evidence lower bound from the draws z₀, and so is all that a
    trained model returns: `encode`, `elbo` and the rest know nothing of the trajectories. Every
    step takes the gradient of log p(x, z) with respect to z, and training differentiates through
    all of them, so a step costs more than the evidence lower bound itself. A gradient that would
    change the momentum of a latent by more than 10 in one step, where a step is far too large, is
    cut off there, which keeps the bound a bound.

    Args:
      leapfrog_steps: The number K of steps.
      step_size: The step, in units of the latents: well below the standard deviation of p(z|x), and
        at most 100.
      inverse_temperature: β₀, from 0.001 to 1; at 1 there is no tempering.
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If a number of steps or draws is not an int, or another argument not a number.
      ValueError: If an argument is out of range; in a model, if the latents are on a part of the
        real numbers, which trajectories would leave.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.HamiltonianELBO(leapfrog_steps=3, step_size=0.1)(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> terms.objective.shape
      TensorShape([3])
    """

    def __init__(
        self,
        leapfrog_steps: int = 5,
        step_size: float = 0.05,
        inverse_temperature: float = 0.8,
        sample_size: int = 1,
    ) -> None:
        self.leapfrog_steps = checks.whole_number(leapfrog_steps, "leapfrog_steps")
        self.step_size = checks.finite_number(
            step_size, "step_size", minimum=0.0, maximum=100.0, exclusive=True
        )
        self.inverse_temperature = checks.finite_number(
            inverse_temperature, "inverse_temperature", minimum=1e-3, maximum=1.0
        )
        self.sample_size = checks.positive_int(sample_size, "sample_size")

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound of the draws, and what they gain on their way."""
        del step
        z, _, terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed)
        if self.leapfrog_steps == 0:
            return terms

        def log_joint(z: tf.Tensor) -> tf.Tensor:
            return log_likelihood(likelihood_fn, z, x) + prior.log_prob(z)

        noise = stateless_random.normal(
            tf.shape(z), seeds.independent_seed(seed), z.dtype, row_axis=-2
        )
        gained = self._gained(log_joint, z, tf.ensure_shape(noise, z.shape))
        return terms._replace(objective=terms.elbo + tf.reduce_mean(gained, axis=0))

    def _gained(self, log_joint: LogDensityFn, z: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Returns log p(x, z_K) - log p(x, z₀) + (‖ε‖² - ‖m‖²) / 2 of every draw, `[S, B]`."""
        scales = self._momentum_scales()
        momentum = scales[0] * noise
        start, force = self._value_and_force(log_joint, z)
        end = start
        for before, after in itertools.pairwise(scales):
            momentum += 0.5 * self.step_size * force
            z += self.step_size * momentum
            end, force = self._value_and_force(log_joint, z)
            momentum += 0.5 * self.step_size * force
            momentum *= after / before
        return end - start + 0.5 * tf.reduce_sum(noise**2 - momentum**2, axis=-1)

    def _momentum_scales(self) -> list[float]:
        """Returns 1 / √β_k for k from 0 to K."""
        first, steps = 1.0 / math.sqrt(self.inverse_temperature), self.leapfrog_steps
        return [first + (1.0 - first) * (k / steps) ** 2 for k in range(steps + 1)]

    def _value_and_force(
        self, log_joint: LogDensityFn, z: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns log p(x, z) and its gradient within bounds.

        Whatever function of z it is, a change of the momentum by it keeps volumes.
        """
        # A copy, since a flow remembers what it has computed of a tensor, beyond this tape's sight.
        z = tf.identity(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = log_joint(z)
        largest = _LARGEST_KICK / self.step_size
        return value, tf.clip_by_value(tape.gradient(value, z), -largest, largest)

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the latents may take any real values.

        Raises:
          ValueError: If they may not, or the posterior is neither reparameterised nor categorical.
        """
        super().check_pair(posterior, prior)
        for part in _parts(posterior):
            if not distributions.is_unbounded(part):
                raise ValueError(
                    "`posterior` must be on all of the real numbers, since Hamiltonian "
                    f"trajectories would leave a part of them; got a {type(part).__name__}."
                )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "leapfrog_steps": self.leapfrog_steps,
            "step_size": self.step_size,
            "inverse_temperature": self.inverse_temperature,
            "sample_size": self.sample_size,
        }


def _parts(posterior: tfd.Distribution) -> Iterator[tfd.Distribution]:
    """Yields the distributions of continuous latents that a posterior consists of."""
    if isinstance(posterior, distributions.OneHotCategorical):
        return
    if isinstance(posterior, distributions.CategoricalJoint):
        yield posterior.continuous_fn(distributions.support_beside_rows(posterior.categorical))
    elif isinstance(posterior, distributions.LatentChain):
        layers = posterior.layers(posterior.sample(1, seed=seeds.as_seed(seeds.EVALUATION)))
        yield posterior.first
        for transition, given in zip(posterior.transitions, layers, strict=False):
            yield transition(given)
    else:
        yield posterior
