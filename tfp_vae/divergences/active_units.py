"""Active units: the latents that depend on the data. Posterior collapse is when there are none."""

import numpy as np

from tfp_vae import checks, shapes

ACTIVE_UNIT_VARIANCE = 0.01
"""A latent is active if the variance over the data of its posterior mean is above this.

Burda et al. (2015), "Importance weighted autoencoders", section 5.
"""

POSTERIOR_COLLAPSE_ADVICE = (
    "Posterior collapse: q(z|x) is the same for every row, and the decoder ignores z. Warm up the "
    "KL weight, objectives.ELBO(kl_weight=objectives.LinearWarmUp(...)); or allow free bits, "
    "objectives.ELBO(free_bits=0.1); or use a smaller decoder, or a smaller fixed scale of a "
    "Normal likelihood."
)
"""What to try when no latent is active."""


def active_units(means: np.ndarray) -> np.ndarray:
    """Returns which latents are active, a boolean array `[L]`.

    A latent is active if the variance of its posterior mean over the data is above 0.01.

    Args:
      means: The posterior means of some rows of data, `[N, L]`, at least two rows.

    Returns:
      A boolean array, `[L]`.

    Raises:
      TypeError: If `means` holds no real numbers.
      ValueError: If it has another shape, or fewer than two rows.

    Example:
      >>> divergences.active_units(np.array([[0.0, 1.0], [0.0, -1.0]]))
      array([False,  True])

    Source: Burda et al. (2015), "Importance weighted autoencoders", section 5.
    """
    values = checks.array(means, "means")
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(
            "`means` must have shape [rows, latents], with at least two rows; got shape "
            f"{shapes.written(*values.shape)}."
        )
    with np.errstate(invalid="ignore", over="ignore"):
        active: np.ndarray = values.var(axis=0, ddof=1) > ACTIVE_UNIT_VARIANCE
    return active
