"""Likelihoods by the names that a command line or a settings file uses."""

from collections.abc import Sequence

from tfp_vae import checks
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.normal import Normal

NAMES: dict[str, type[Likelihood]] = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "laplace": Laplace,
    "normal": Normal,
}
"""The likelihood class of each name."""


def get(name: str, event_shape: Sequence[int]) -> Likelihood:
    """Makes the likelihood called `name`, with its defaults.

    Args:
      name: A key of `likelihoods.by_name.NAMES`: a class in lower case, with underscores.
      event_shape: The shape of one row of data.

    Returns:
      The likelihood.

    Raises:
      TypeError: If `name` is no string.
      ValueError: If no likelihood has that name; the nearest one is named.

    Example:
      >>> likelihoods.get("normal", [4]).scale
      'learned'
    """
    return NAMES[checks.one_of(name, NAMES, "likelihood")](event_shape)
