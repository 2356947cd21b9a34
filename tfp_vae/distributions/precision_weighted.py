"""The product of two normal densities: precisions add up, means are weighted by them."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.distributions.multivariate_normal import MultivariateNormalDiag


def precision_weighted(
    prior: tfd.Distribution, evidence: tfd.Distribution
) -> MultivariateNormalDiag:
    """Returns the normalised product of two diagonal normal densities.

    Of a prior N(m, s²) and a likelihood whose shape in z is N(l, t²), it is the exact posterior:
    N(m + w (l - m), 1 / (1/s² + 1/t²)) with w = s² / (s² + t²). It is computed from the ratio of
    the smaller scale to the larger, so that no square of a scale overflows or vanishes.

    Args:
      prior: A `tfd.MultivariateNormalDiag`, batch `[..., B]`, event `[L]`.
      evidence: Another one, whose batch shape broadcasts with it.

    Returns:
      A `distributions.MultivariateNormalDiag`, batch `[..., B]`, event `[L]`.

    Raises:
      TypeError: If one of them is no diagonal normal distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> one = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> other = tfd.MultivariateNormalDiag(np.full([2], 4.0), np.ones([2]))
      >>> product = distributions.precision_weighted(one, other)
      >>> product.mean().numpy(), product.variance().numpy().round(3)
      (array([2., 2.]), array([0.5, 0.5]))

    Source: Sønderby et al. (2016), "Ladder variational autoencoders".
    """
    for name, given in (("prior", prior), ("evidence", evidence)):
        if not isinstance(given, tfd.MultivariateNormalDiag):
            raise TypeError(
                f"`{name}` must be a tfd.MultivariateNormalDiag, whose precisions add up; got a "
                f"{type(given).__name__}."
            )
    ours, theirs = prior.stddev(), evidence.stddev()
    ours_is_less = ours <= theirs
    less = tf.where(ours_is_less, ours, theirs)
    ratio = less / tf.where(ours_is_less, theirs, ours)
    of_both = 1.0 + tf.square(ratio)
    weight = tf.where(ours_is_less, tf.square(ratio), tf.ones_like(ratio)) / of_both
    return MultivariateNormalDiag(
        loc=prior.mean() + weight * (evidence.mean() - prior.mean()),
        scale_diag=less / tf.sqrt(of_both),
    )
