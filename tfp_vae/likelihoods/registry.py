"""The registry of likelihoods by name, for the command line and configuration files."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from tfp_vae import checks
from tfp_vae.likelihoods.autoregressive_categorical import AutoregressiveCategorical
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.categorical import Categorical
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.dirichlet_multinomial import DirichletMultinomial
from tfp_vae.likelihoods.discretized_logistic import DiscretizedLogistic
from tfp_vae.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture
from tfp_vae.likelihoods.gamma import Gamma
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.multinomial import Multinomial
from tfp_vae.likelihoods.negative_binomial import NegativeBinomial
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.poisson import Poisson
from tfp_vae.likelihoods.product import Product
from tfp_vae.likelihoods.student_t import StudentT
from tfp_vae.likelihoods.zero_inflated_negative_binomial import ZeroInflatedNegativeBinomial

NAMES: dict[str, type[Likelihood]] = {
    "autoregressive_categorical": AutoregressiveCategorical,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
    "continuous_bernoulli": ContinuousBernoulli,
    "dirichlet_multinomial": DirichletMultinomial,
    "discretized_logistic": DiscretizedLogistic,
    "discretized_logistic_mixture": DiscretizedLogisticMixture,
    "gamma": Gamma,
    "laplace": Laplace,
    "multinomial": Multinomial,
    "negative_binomial": NegativeBinomial,
    "normal": Normal,
    "poisson": Poisson,
    "product": Product,
    "student_t": StudentT,
    "zero_inflated_negative_binomial": ZeroInflatedNegativeBinomial,
}
"""The likelihood class of each name."""


def for_values(name: str, x: npt.ArrayLike) -> Likelihood:
    """Makes the likelihood called `name`, with arguments inferred from data.

    Args:
      name: A key of `likelihoods.registry.NAMES`.
      x: Data, `[N, *event]`.

    Returns:
      The likelihood; whether `x` lies in its support is not checked.

    Raises:
      TypeError: If `name` is not a string, or `x` holds no real numbers.
      ValueError: If no likelihood has that name, or `x` has no rows or no columns.

    Example:
      >>> likelihoods.for_values("categorical", np.array([[0, 2], [1, 1]])).classes
      3
    """
    kind = NAMES[checks.one_of(name, NAMES, "name")]
    values = checks.array(x)
    if values.ndim < 2 or values.size == 0:
        raise ValueError(f"`x` must have shape [rows, ...]; got shape {list(values.shape)}.")
    return kind.for_values(values)


def get(name: str, event_shape: Sequence[int] | None = None, **arguments: Any) -> Likelihood:
    """Makes the likelihood called `name`.

    Args:
      name: A key of `likelihoods.registry.NAMES`: a class in lower case, with underscores.
      event_shape: The shape of one row of data, such as `[784]`; not for "product", whose parts
        have theirs.
      **arguments: Other arguments of the class, such as `classes` of `Categorical`.

    Returns:
      The likelihood.

    Raises:
      TypeError: If `name` is not a string, or an argument without a default is missing.
      ValueError: If no likelihood has that name; the nearest one is named.

    Example:
      >>> likelihoods.get("normal", [4]).scale
      'learned'
    """
    kind = NAMES[checks.one_of(name, NAMES, "name")]
    if event_shape is None and kind is not Product:
        raise TypeError(f"`event_shape` must be a list of ints for {name!r}; got None.")
    return kind(**arguments) if event_shape is None else kind(event_shape, **arguments)
