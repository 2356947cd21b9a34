"""The InfoVAE objective: the ELBO with a discrepancy of the aggregate posterior from the prior."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, divergences, seeds
from tfp_vae.objectives.base import Objective, check_one_prior
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class InfoVAE(Objective):
    """The InfoVAE of Zhao et al. (2017), with the maximum mean discrepancy as its divergence.

    The objective is E[log p(x|z)] - (1 - alpha) KL(q(z|x)‖p(z)) - (alpha + lambda - 1) D,
    from "InfoVAE: Balancing learning and inference in variational autoencoders". Here `kl_weight`
    is 1 - alpha and `mmd_weight` is alpha + lambda - 1. D is the squared maximum mean discrepancy
    of the aggregate posterior from the prior, as `divergences.squared_maximum_mean_discrepancy`
    estimates it from the batch: by the U-statistic, without bias. With a KL weight of 0 it is their
    MMD-VAE, which does not penalise the mutual information of x and z; with the inverse
    multiquadric kernel it is then the WAE-MMD of Tolstikhin et al. (2018), "Wasserstein
    auto-encoders", with a random encoder. For their deterministic encoder the KL, and with it the
    bound that `elbo` reports, would be infinite.

    The objective of a row depends on the other rows of the batch; its `elbo` does not. For a batch
    of one row the discrepancy is 0.

    Args:
      mmd_weight: The weight of the squared discrepancy, in nats. The discrepancy lies between 0 and
        2, so the weight is large, such as 100, if the log-likelihood of a row is.
      kl_weight: The weight of the KL.
      bandwidth: The bandwidth of the kernel, in units of the latents; by default the square root of
        their number.
      sample_size: The number of draws from the posterior for every example.
      kernel: "gaussian" or "inverse_multiquadric".

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is not a number.
      ValueError: If a weight is negative, the bandwidth or `sample_size` not positive, or the
        kernel unknown; when it is called, if the prior has a batch shape or is not reparameterised,
        such as a mixture.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> objective = objectives.InfoVAE(mmd_weight=0.0, kl_weight=1.0)
      >>> terms = objective(np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective == terms.elbo))
      True
    """

    rows_are_independent: ClassVar[bool] = False

    def __init__(
        self,
        mmd_weight: float,
        kl_weight: float = 0.0,
        bandwidth: float | None = None,
        sample_size: int = 1,
        kernel: str = "gaussian",
    ) -> None:
        self.mmd_weight = checks.finite_number(mmd_weight, "mmd_weight", minimum=0.0)
        self.kl_weight = checks.finite_number(kl_weight, "kl_weight", minimum=0.0)
        self.bandwidth = bandwidth
        if bandwidth is not None:
            self.bandwidth = checks.finite_number(
                bandwidth, "bandwidth", minimum=0.0, exclusive=True
            )
        self.sample_size = checks.positive_int(sample_size, "sample_size")
        self.kernel = checks.one_of(kernel, divergences.KERNELS, "kernel")

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound and the weighted objective from the same draws."""
        del step
        _check_prior(prior)
        z, _, terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed)
        discrepancy = divergences.squared_maximum_mean_discrepancy(
            z, prior, seeds.independent_seed(seed), self.bandwidth, self.kernel
        )
        return terms._replace(
            objective=terms.log_likelihood
            - self.kl_weight * terms.kl_divergence
            - self.mmd_weight * discrepancy
        )

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that there is one prior, and that both distributions are reparameterised.

        Raises:
          ValueError: If the prior has a batch shape, or one of the two is not reparameterised.
        """
        super().check_pair(posterior, prior)
        _check_prior(prior)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "mmd_weight": self.mmd_weight,
            "kl_weight": self.kl_weight,
            "bandwidth": self.bandwidth,
            "sample_size": self.sample_size,
            "kernel": self.kernel,
        }


def _check_prior(prior: tfd.Distribution) -> None:
    check_one_prior(prior)
    if prior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
        raise ValueError(
            "`prior` must be reparameterized, since the discrepancy from it reaches its weights "
            f"through its draws; got a {type(prior).__name__} whose draws have no gradient."
        )
