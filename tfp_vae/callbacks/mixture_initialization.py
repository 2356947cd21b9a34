"""The start of a mixture prior: at the latents of a model that has begun to learn."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from tfp_vae import checks
from tfp_vae.priors import MixtureOfGaussians

_MOST_ROWS = 10_000


class MixtureInitialization(keras.callbacks.Callback):
    """Trains with one normal for a prior, and then sets a mixture of them to the latents.

    A mixture whose components begin where no data is gives clusters that follow chance. For the
    first `epochs` epochs all components of a `priors.MixtureOfGaussians` are equal, so that the
    prior is one normal, which begins as the standard normal; then scikit-learn fits a Gaussian
    mixture to draws from q(z|x), one of each row, and training goes on from its components. It
    happens once: a further `fit` with the same callback leaves the prior as it is.

    Args:
      x: Rows to fit the mixture to, `[N, *event]`; of more than 10,000 rows, so many at equal
        distances are used.
      epochs: The number of epochs before the mixture.
      condition: y, `[N, ...]`, for a model of p(x|y).
      seed: An int; equal seeds give equal components.

    Raises:
      TypeError: If `x` holds no numbers, or `epochs` or `seed` is no int.
      ValueError: If `epochs` is not positive, `seed` negative, or there are no rows; in `fit`,
        if `x` does not fit the model, or its prior is no `MixtureOfGaussians`.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
      ...     prior=priors.MixtureOfGaussians(components=4),
      ... )
      >>> vae.compile("adam")
      >>> start = callbacks.MixtureInitialization(x, epochs=1)
      >>> history = vae.fit(x, epochs=2, callbacks=[start], verbose=0)

    Source: Jiang et al. (2017), "Variational deep embedding", where the model before the mixture is
    an autoencoder without noise.
    """

    state_names = ("initialized",)

    def __init__(self, x: Any, epochs: int = 10, condition: Any = None, seed: int = 0) -> None:
        super().__init__()
        rows = checks.array(x)
        if rows.ndim < 1 or not len(rows):
            raise ValueError("`x` must hold at least one row; got none.")
        self.epochs = checks.positive_int(epochs, "epochs")
        self.seed = checks.whole_number(seed, "seed")
        y = None if condition is None else checks.array(condition, "condition")
        if y is not None and y.shape[:1] != rows.shape[:1]:
            raise ValueError(
                f"`condition` must have one row for each of {len(rows)} rows of x; got shape "
                f"{list(y.shape)}."
            )
        step = -(-len(rows) // _MOST_ROWS)
        self.rows, self.condition = rows[::step], None if y is None else y[::step]
        self.initialized = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Checks that the rows fit the model, and that it has a mixture."""
        del logs
        prior = self.model.prior_layer
        if not isinstance(prior, MixtureOfGaussians):
            raise ValueError(
                "`prior` must be a priors.MixtureOfGaussians for MixtureInitialization; got a "
                f"{type(prior).__name__}."
            )
        self.model.check_rows(self.rows)
        self.model.check_condition(self.condition, len(self.rows))
        if len(self.rows) < prior.components:
            raise ValueError(
                f"`x` must hold at least as many rows as there are components, {prior.components}; "
                f"got {len(self.rows)}."
            )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Makes the mixture one standard normal, before the first epoch."""
        del logs
        if epoch == 0 and not self.initialized:
            self.model.prior_layer.set_standard_normal()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Sets the components to the latents, if it is time."""
        del logs
        if self.initialized or epoch + 1 < self.epochs:
            return
        z = self.model.encode(self.rows, self.condition, seed=self.seed, verbose=0)
        self.model.prior_layer.initialize_from(z, self.seed)
        self.initialized = True

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Warns if training ended before the mixture was set."""
        del logs
        if not self.initialized:
            warnings.warn(
                f"Training ended before the {self.epochs} epochs of MixtureInitialization, so that "
                "the prior is one normal: raise `epochs` of fit, or lower that of the callback.",
                stacklevel=2,
            )
