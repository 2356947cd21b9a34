"""Whether a distribution is on all real vectors."""

import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from tfp_vae.distributions.logistic_normal import LogisticNormal
from tfp_vae.distributions.normalizing_flow import NormalizingFlow
from tfp_vae.distributions.one_hot_categorical import OneHotCategorical
from tfp_vae.distributions.relaxed_one_hot_categorical import RelaxedOneHotCategorical
from tfp_vae.distributions.vector_quantized import CodeVectors, VectorQuantized

_CONFINED = (
    LogisticNormal,
    OneHotCategorical,
    RelaxedOneHotCategorical,
    tfd.Dirichlet,
    tfd.PowerSpherical,
    tfd.RelaxedOneHotCategorical,
    tfd.SphericalUniform,
    tfd.VonMisesFisher,
    CodeVectors,
    VectorQuantized,
)


def is_unbounded(distribution: tfd.Distribution) -> bool:
    """Returns whether all real vectors are in the support, as far as it is known.

    A distribution of none of the known kinds is taken to be unbounded unless it says otherwise, by
    its default bijector from all real vectors to its support.

    Args:
      distribution: A distribution over vectors.

    Example:
      >>> from tfp_vae import distributions
      >>> distributions.is_unbounded(tfd.MultivariateNormalDiag([0.0, 0.0]))
      True
      >>> distributions.is_unbounded(tfd.Independent(tfd.LogNormal([0.0, 0.0], 1.0), 1))
      False
    """
    while isinstance(distribution, NormalizingFlow):
        # The steps of a flow map all real vectors to all of them.
        distribution = distribution.distribution
    if isinstance(distribution, _CONFINED):
        return False
    try:
        bijector = distribution.experimental_default_event_space_bijector()
    except NotImplementedError:
        return True
    return bijector is None or isinstance(bijector, tfp.bijectors.Identity)
