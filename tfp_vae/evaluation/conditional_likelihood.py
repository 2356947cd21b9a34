"""The conditional likelihood of some views of a row given others."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.error_text import described
from tfp_vae.evaluation.marginal_likelihood import MarginalLikelihood, log_marginal_likelihood
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import MultimodalVAE


class ConditionalLikelihood(NamedTuple):
    """Estimates of log p of some views given others, for every row, in nats.

    Attributes:
      joint: The estimate of log p of all views of a row together.
      given: The estimate of log p of the views that are given.

    Example:
      >>> vae = tfp_vae.MultimodalVAE.from_mlps(
      ...     {"a": likelihoods.Bernoulli([3]), "b": likelihoods.Bernoulli([2])},
      ...     latent_size=1, units=[4])
      >>> views = vae.split(vae.sample(20, seed=0))
      >>> found = evaluation.log_conditional_likelihood(vae, views, "a", 5)
      >>> bool(np.all(found.estimate == found.joint.estimate - found.given.estimate))
      True
      >>> found.standard_error.shape
      (20,)
      >>> bool(found.mean == found.estimate.mean()), found.mean_standard_error > 0.0
      (True, True)
    """

    joint: MarginalLikelihood
    given: MarginalLikelihood

    @property
    def estimate(self) -> np.ndarray:
        """The estimate of log p of the other views given these, in nats, `[N]`."""
        estimate: np.ndarray = self.joint.estimate - self.given.estimate
        return estimate

    @property
    def standard_error(self) -> np.ndarray:
        """The standard error of `estimate`, in nats, `[N]`."""
        error: np.ndarray = np.hypot(self.joint.standard_error, self.given.standard_error)
        return error

    @property
    def mean(self) -> float:
        """The mean of the estimates over the rows, in nats."""
        return float(self.estimate.mean())

    @property
    def mean_standard_error(self) -> float:
        """The standard error of `mean`, from the spread over the rows; NaN for one row."""
        return standard_error(self.estimate)

    def __str__(self) -> str:
        return table(
            [
                ["", "nats"],
                ["log p, given", with_error(self.mean, self.mean_standard_error)],
                ["log p, all", with_error(self.joint.mean, self.joint.mean_standard_error)],
            ]
        )


def log_conditional_likelihood(
    vae: MultimodalVAE,
    views: Mapping[str, Any],
    given: str | list[str],
    importance_sample_size: int | None = None,
    seed: seeds.Seed = 0,
    condition: Any = None,
) -> ConditionalLikelihood:
    """Estimates log p(x_b|x_a) of views b given views a, as log p(x_a, x_b) - log p(x_a).

    Both are estimated by importance sampling with the posterior of the views they are of, as by
    `log_marginal_likelihood`, from independent draws. Either estimate is too low in expectation, by
    about half the squared standard error, and so the difference may be too low or too high: it is
    no bound. The bias falls as one over the sample size.

    Args:
      vae: The model.
      views: Arrays `[N, values of the view]` by the names of views, as of `MultimodalVAE.join`;
        those not given are not part of b. Of a row that lacks a view it is p of the others.
      given: The name of the view a, or a list of names.
      importance_sample_size: The number of draws for every row and estimate, by default 5000.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `ConditionalLikelihood` of arrays `[N]`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If views do not fit the model, or `given` is not a part of them.

    Warns:
      UserWarning: As of `log_marginal_likelihood`.

    Example:
      >>> vae = tfp_vae.MultimodalVAE.from_mlps(
      ...     {"a": likelihoods.Bernoulli([3]), "b": likelihoods.Bernoulli([2])},
      ...     latent_size=1, units=[4])
      >>> views = vae.split(vae.sample(20, seed=0))
      >>> evaluation.log_conditional_likelihood(vae, views, "a", 5).estimate.shape
      (20,)
    """
    checks.instance_of(vae, MultimodalVAE, "vae", "tfp_vae.MultimodalVAE.from_mlps(likelihoods)")
    rows = vae.join(views)
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)):
        raise TypeError(
            f"`given` must be the name of a view, or a list of names; got {described(given)}."
        )
    for name in names:
        checks.one_of(name, list(views), "given")
    if not names or set(names) == set(views):
        raise ValueError(
            f"`given` must be some of the views, {', '.join(views)}, but not all; got "
            f"{', '.join(names) or 'none'}."
        )
    if vae.missing is None:
        raise ValueError(
            "`vae` must be a model with `missing_values`, as which views are left out; got one "
            "without."
        )
    known = vae.join({name: views[name] for name in names})
    joint_seed, given_seed = seeds.split(seeds.as_seed(seed), 2)
    sizes = (importance_sample_size,)
    return ConditionalLikelihood(
        log_marginal_likelihood(vae, rows, *sizes, joint_seed, condition),
        log_marginal_likelihood(vae, known, *sizes, given_seed, condition),
    )
