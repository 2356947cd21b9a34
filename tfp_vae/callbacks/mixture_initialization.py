"""The start of a mixture prior: at the latents of a model that has begun to learn."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.callbacks.one_normal import OneNormal
from tfp_vae.priors import CategoricalJoint, MixtureOfGaussians

_MOST_ROWS = 10_000
_DRAWS = 10
_BATCH_SIZE = 500


class MixtureInitialization(keras.callbacks.Callback):
    """Trains with one normal for a prior, and then sets a mixture of them to the latents.

    A mixture whose components begin where no data is gives clusters that follow chance. For the
    first `epochs` epochs all components of a `priors.MixtureOfGaussians` are equal, so that the
    prior is one normal, which begins as the standard normal; then scikit-learn fits a Gaussian
    mixture to draws from q(z|x), one of each row, and training goes on from its components. It
    happens once: a further `fit` with the same callback leaves the prior as it is.

    With a `priors.CategoricalJoint` whose p(z|c) is a `ConditionalNormal` (a GMVAE), the first
    epochs train z alone: the networks see the mean of p(c) for c, and the log is that of this
    model. Then p(z|c), and p(c) if it is learned, are set to the mixture, and q(c|x) to its
    probabilities, by a regression on the encoder's features.

    Args:
      x: Rows to fit the mixture to, `[N, *event]`; of more than 10,000 rows, so many at equal
        distances are used.
      epochs: The number of epochs before the mixture.
      condition: y, `[N, ...]`, for a model of p(x|y).
      seed: An int; equal seeds give equal components.

    Raises:
      TypeError: If `x` holds no numbers, or `epochs` or `seed` is no int.
      ValueError: If `epochs` is not positive, `seed` negative, or there are no rows; in `fit`,
        if `x` does not fit the model, its prior has no normal for each cluster, or it has labels.

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
    an autoencoder without noise; Dilokthanakul et al. (2016), "Deep unsupervised clustering with
    Gaussian mixture variational autoencoders", for the GMVAE, which there begins at random.
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
        vae, prior = self.model, self.model.prior_layer
        if isinstance(prior, CategoricalJoint):
            prior.check_clusters()
            components = prior.categorical.categories
            if vae.pipeline.labels is not None:
                raise ValueError(
                    "`classification_weight` must be None for MixtureInitialization, since labels "
                    f"say what the categories are; got {vae.classification_weight:g}."
                )
        elif isinstance(prior, MixtureOfGaussians):
            components = prior.components
        else:
            raise ValueError(
                "`prior` must be a priors.MixtureOfGaussians or CategoricalJoint for "
                f"MixtureInitialization; got a {type(prior).__name__}."
            )
        vae.check_rows(self.rows)
        vae.check_condition(self.condition, len(self.rows))
        if len(self.rows) < components:
            raise ValueError(
                f"`x` must hold at least as many rows as there are components, {components}; "
                f"got {len(self.rows)}."
            )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Makes the mixture one standard normal, before the first epoch."""
        del logs
        if self.initialized:
            return
        if epoch == 0:
            self.model.prior_layer.set_standard_normal()
        joint = isinstance(self.model.prior_layer, CategoricalJoint)
        if joint and not isinstance(self.model.objective, OneNormal):
            self.model.objective = OneNormal(self.model.objective)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Sets the components to the latents, if it is time."""
        del logs
        if self.initialized or epoch + 1 < self.epochs:
            return
        z = self.model.encode(self.rows, self.condition, seed=self.seed, verbose=0)
        if isinstance(self.model.prior_layer, CategoricalJoint):
            self._begin_clusters(z)
        else:
            self.model.prior_layer.initialize_from(z, self.seed)
        self.initialized = True

    def _begin_clusters(self, z: np.ndarray) -> None:
        """Sets p(z|c) to a mixture of draws `[N, C + L]`, and q(c|x) to its probabilities."""
        vae, prior = self.model, self.model.prior_layer
        width = prior.categorical.categories
        prior.initialize_from(z[:, width:], self.seed)
        draws = [z] + [
            vae.encode(self.rows, self.condition, seed=self.seed + index, verbose=0)
            for index in range(1, _DRAWS)
        ]
        probs = np.mean([_cluster_probs(prior, each[:, width:]) for each in draws], axis=0)
        features = []
        for start in range(0, len(self.rows), _BATCH_SIZE):
            part = slice(start, start + _BATCH_SIZE)
            y = None if self.condition is None else self.condition[part]
            x, observed = vae.pipeline.prepared(self.rows[part])
            exposure = vae.pipeline.exposures_in(y)
            seen = vae.pipeline.joined(x, vae.pipeline.features(y, None), exposure)
            features.append(vae.encoder.features(seen, observed).numpy())
        vae.encoder.posterior.categorical.initialize_from(np.concatenate(features), probs)
        vae.objective = vae.objective.objective

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Warns if training ended before the mixture was set."""
        del logs
        if not self.initialized:
            warnings.warn(
                f"Training ended before the {self.epochs} epochs of MixtureInitialization, so that "
                "the prior is one normal: raise `epochs` of fit, or lower that of the callback.",
                stacklevel=2,
            )
        if isinstance(self.model.objective, OneNormal):
            self.model.objective = self.model.objective.objective


def _cluster_probs(prior: CategoricalJoint, z: np.ndarray) -> np.ndarray:
    """Returns p(c|z) of latents `[N, L]`, `[N, K]`."""
    joint = prior.distribution()
    c = joint.support_beside_rows()
    log_probs = joint.categorical.log_prob(c)[:, None] + joint.continuous_fn(c[:, None]).log_prob(z)
    probs: np.ndarray = tf.nn.softmax(log_probs, axis=0).numpy().T
    return probs
