"""Independent columns in the family of a likelihood."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.offsets import Known


def marginal_distribution(
    likelihood: Likelihood,
    x: np.ndarray,
    observed: np.ndarray | None = None,
    exposure: np.ndarray | None = None,
) -> tfd.Distribution:
    """Fits independent columns in the family of a likelihood, which itself stays as it is.

    Of a likelihood with an offset they are those of a row of the mean total or exposure;
    `marginal_distribution_fn` has those of any row.

    Args:
      likelihood: A likelihood.
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, false where a value is missing; None if none is.
      exposure: The exposures of the rows, `[N]`, of a likelihood with `offset="exposure"`.

    Returns:
      A distribution, batch `[1]`, event `[*event]`.

    Raises:
      TypeError: If `likelihood` is no likelihood, or an array holds no real numbers.
      ValueError: If `x` has another event shape, or values outside the support or too large for
        the likelihood's dtype, or if the exposures are missing, not wanted, or not positive.

    Example:
      >>> x = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
      >>> columns = likelihoods.marginal_distribution(likelihoods.Bernoulli([2]), x)
      >>> columns.mean().numpy()
      array([[0.375, 0.875]], dtype=float32)
    """
    return marginal_distribution_fn(likelihood, x, observed, exposure)(None)


def marginal_distribution_fn(
    likelihood: Likelihood,
    x: np.ndarray,
    observed: np.ndarray | None = None,
    exposure: np.ndarray | None = None,
) -> Callable[[Known | None], tfd.Distribution]:
    """Fits independent columns, and returns their distribution as a function of rows' offsets.

    With `offset="total"` a column has a share of the row's total, the same for every row, and with
    `offset="exposure"` a rate: a regression of every column on its offset alone. Shares and rates
    are those of Poisson counts, sums of counts over sums of totals or exposures; dispersions are of
    largest likelihood around them.

    Args:
      likelihood: As of `marginal_distribution`.
      x: Rows, `[N, *event]`.
      observed: As of `marginal_distribution`.
      exposure: As of `marginal_distribution`.

    Returns:
      A function of what is known of B rows, the result of `likelihood.known_of`, that returns
      their distribution, batch `[B]`, event `[*event]`; of None, batch `[1]`.

    Raises:
      TypeError: If `likelihood` is no likelihood, or an array holds no real numbers.
      ValueError: As of `marginal_distribution`.

    Example:
      >>> layer = likelihoods.Poisson([2], offset="total")
      >>> columns_fn = likelihoods.marginal_distribution_fn(layer, np.array([[1, 3], [2, 2]]))
      >>> columns_fn(layer.known_of(tf.constant([[0.0, 80.0]]), None)).mean().numpy().round(3)
      array([[30., 50.]], dtype=float32)
    """
    checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli([784])")
    rows = checks.observations(x, likelihood.event_shape, likelihood.support, likelihood.advice)
    checks.representable(rows, likelihood.variable_dtype, "x")
    likelihood.check_rows(rows, None if observed is None else lambda _: observed, "x")
    layer = type(likelihood).from_config(likelihood.get_config())
    layer.take_units()
    layer.build((None, 1))
    path = networks.LinearPath(layer.parameter_shapes(), dtype=layer.dtype_policy)
    path.build((None, 1))
    given = _checked_exposure(likelihood, exposure, len(rows))
    constants = layer.adapt(rows.astype(layer.variable_dtype), observed, **given)
    layer.zero_heads(constants)
    path.assign(constants)

    def columns_fn(known: Known | None) -> tfd.Distribution:
        origin = tf.zeros([1, 1], layer.compute_dtype)
        more = {} if known is None else {"known": known}
        return layer(origin, added=path(origin), **more)

    return columns_fn


def _checked_exposure(
    likelihood: Likelihood, exposure: np.ndarray | None, rows: int
) -> dict[str, np.ndarray]:
    """Returns exposures as a further argument of `adapt`, where the likelihood takes them."""
    if likelihood.takes_exposure != (exposure is not None):
        wanted = "one number for each row" if likelihood.takes_exposure else "None"
        offset = "exposure" if likelihood.takes_exposure else getattr(likelihood, "offset", None)
        raise ValueError(
            f"`exposure` must be {wanted} for a {type(likelihood).__name__} with offset={offset!r}"
            f"; got {None if exposure is None else type(exposure).__name__}."
        )
    if exposure is None:
        return {}
    values = checks.array(exposure, "exposure")
    if values.shape != (rows,):
        raise ValueError(
            f"`exposure` must have shape [{rows}], one number for each row of `x`; got shape "
            f"{list(values.shape)}."
        )
    checks.finite(values, "exposure")
    if not (values > 0.0).all():
        raise ValueError(f"`exposure` must be above 0; got {values.min():g}.")
    return {"exposure": values}
