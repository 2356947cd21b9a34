"""The uniform prior on the unit sphere."""

import keras

from tfp_vae import distributions, supports
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class SphericalUniform(Prior):
    """Latents uniform on the unit sphere, for `PowerSpherical` and `VonMisesFisher` posteriors.

    Davidson et al. (2018), "Hyperspherical variational auto-encoders".

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Example:
      >>> prior = priors.SphericalUniform()
      >>> prior.build([3])
      >>> bool(np.allclose(np.linalg.norm(prior.distribution().sample(seed=0)), 1.0))
      True
    """

    latent_space = supports.UNIT_VECTORS

    def distribution(self) -> distributions.SphericalUniform:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        return distributions.SphericalUniform(self.event_shape[0], dtype=self.variable_dtype)
