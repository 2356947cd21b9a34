"""A Gaussian mixture that scikit-learn fits to latents, at which priors begin."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tfp_vae import checks

_RESTARTS = 3


class GaussianMixture(NamedTuple):
    """A mixture of normals.

    Attributes:
      weights: The probability of every component, `[K]`.
      means: `[K, L]`.
      stddevs: `[K, L]`.
    """

    weights: np.ndarray
    means: np.ndarray
    stddevs: np.ndarray


def fitted_mixture(
    z: npt.ArrayLike, components: int, latent_size: int, seed: int, name: str
) -> GaussianMixture:
    """Fits a mixture of normals with independent latents, by scikit-learn.

    Args:
      z: Latents, `[N, latent_size]`.
      components: The number of normals K.
      latent_size: The number of latents L.
      seed: An int; equal seeds and latents give equal components.
      name: The caller, for the error without scikit-learn.

    Raises:
      ImportError: If scikit-learn is not installed.
      TypeError: If `z` holds no real numbers, or `seed` is no int.
      ValueError: If `seed` is negative, or `z` has another shape, fewer rows than there are
        components, or values that are not finite.
    """
    try:
        from sklearn import mixture
    except ImportError as error:
        raise ImportError(
            f"{name}.initialize_from needs scikit-learn: pip install 'tfp-vae[sklearn]'."
        ) from error
    values = checks.array(z, "z")
    checks.batch_shape(values.shape, (latent_size,), "z")
    checks.finite(values, "z")
    if len(values) < components:
        raise ValueError(
            f"`z` must hold at least as many rows as there are components, {components}; got "
            f"{len(values)}."
        )
    seed = checks.whole_number(seed, "seed")
    found = mixture.GaussianMixture(
        components, covariance_type="diag", n_init=_RESTARTS, random_state=seed % 2**32
    ).fit(values.astype(np.float64))
    return GaussianMixture(found.weights_, found.means_, np.sqrt(found.covariances_))
