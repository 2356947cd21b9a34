"""A scikit-learn transformer: data to the latents of a variational autoencoder, and back."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from tfp_vae import (
    checks,
    likelihoods,
    networks,
    objectives,
    posteriors,
    seeds,
)
from tfp_vae.model import VAE, Decoder, Encoder, ancestral_sample
from tfp_vae.sklearn import validation
from tfp_vae.sklearn.in_blocks import in_blocks
from tfp_vae.sklearn.random_state import seed_of
from tfp_vae.sklearn.row_scores import log_marginal_likelihoods
from tfp_vae.sklearn.training import Training, until_convergence

EAGER_STEPS = 20
"""The largest number of training steps that runs eagerly: compilation takes seconds."""

_WEIGHT_DECAY = 0.1


class VAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turns tables `[n_samples, n_features]` into latents `[n_samples, latent_size]`, and back.

    It computes in the dtype of the data; float32 trains faster. Training of at most 20 steps and
    scoring of at most 20 rows run eagerly; more is compiled, which takes some seconds for every
    model. Columns of any scale are taken as they come, and scores are in their units.

    Args:
      latent_size: The number of latent variables.
      likelihood: A name of `likelihoods.get`, or "auto" for the choice of `likelihoods.suggest`
        from the training data. The score of held-out data is defined only in its support.
      hidden_layer_sizes: The widths of the encoder's dense layers; the decoder's are the reverse.
      activation: The Keras activation of these layers.
      kl_weight: The weight of the KL divergence in training; 1 is the evidence lower bound.
      epochs: The number of passes over the data; None to train until the ELBO of held-out rows has
        stopped rising, with the weights of the best epoch (`callbacks.Convergence`).
      batch_size: The number of rows in a training step.
      learning_rate: The learning rate of AdamW; it falls where `epochs` is None.
      validation_fraction: The fraction of the rows that is held out where `epochs` is None.
      tol: The smallest rise that counts then, as a share of the rise so far.
      importance_sample_size: The number of draws for the score of every row.
      random_state: An int, a `numpy.random.RandomState`, or None, for weights and noise.
      verbose: Whether to show Keras's progress bar: 0, 1 or 2.

    Attributes:
      vae_: The model, a `tfp_vae.VAE`.
      history_: The mean `loss`, `elbo`, `log_likelihood` and `kl_divergence` of every epoch, in
        nats; where `epochs` is None also of the held-out rows, and an epoch is several passes over
        small data.
      n_iter_: The number of passes over the training rows.
      likelihood_reason_: The reason for this likelihood.
      n_features_in_: The number of columns.
      feature_names_in_: Their names, if the data had names.

    Raises:
      TypeError: In `fit`, if an argument is of the wrong kind.
      ValueError: In `fit`, if an argument has a wrong value, or the data is not finite or outside
        the support of the likelihood.

    Example:
      >>> from tfp_vae.sklearn import VAETransformer
      >>> x = np.random.default_rng(0).normal(size=[20, 3])
      >>> vae = VAETransformer(latent_size=2, epochs=2, random_state=0)
      >>> vae.fit_transform(x).shape
      (20, 2)
      >>> vae.inverse_transform(vae.transform(x)).shape, vae.sample(5).shape
      ((20, 3), (5, 3))
      >>> vae.score_samples(x).shape, bool(vae.score(x) == vae.score_samples(x).mean())
      ((20,), True)

    Source: Kingma & Welling (2013), "Auto-encoding variational Bayes"; Burda et al. (2015),
    "Importance weighted autoencoders", equation 8, for the score.
    """

    def __init__(
        self,
        latent_size: int = 2,
        *,
        likelihood: str = "normal",
        hidden_layer_sizes: Sequence[int] = (64, 64),
        activation: str = "relu",
        kl_weight: float = 1.0,
        epochs: int | None = None,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        validation_fraction: float = 0.1,
        tol: float = 1e-4,
        importance_sample_size: int = 100,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.latent_size = latent_size
        self.likelihood = likelihood
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.kl_weight = kl_weight
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.tol = tol
        self.importance_sample_size = importance_sample_size
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803, ARG002 - scikit-learn's names
        """Trains a new model.

        Args:
          X: Data, `[n_samples, n_features]`, an array or a data frame.
          y: Ignored: the model is one of p(x).

        Returns:
          The estimator itself.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If one has a wrong value, or the data is outside the likelihood's support.
        """
        rows = validation.rows_of(self, X, reset=True)
        batch_size = checks.positive_int(self.batch_size, "batch_size")
        checks.positive_int(self.importance_sample_size, "importance_sample_size")
        rate = checks.finite_number(self.learning_rate, "learning_rate", minimum=0, exclusive=True)
        seed = seed_of(self.random_state)
        if self.epochs is None:
            training = until_convergence(rows, batch_size, self.validation_fraction, self.tol, seed)
        else:
            training = Training(rows, checks.positive_int(self.epochs, "epochs"))
        steps = training.epochs * -(-len(training.rows) // batch_size)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY)
        with seeds.keras_seeded(seed), _dtype_of(rows):
            self.vae_ = self._model(rows)
            self.vae_.compile(optimizer, run_eagerly=steps <= EAGER_STEPS)
            history = self.vae_.fit(
                training.rows,
                epochs=training.epochs,
                batch_size=batch_size,
                validation_data=training.held_out,
                callbacks=training.callbacks,
                verbose=self.verbose,
            )
        self.history_ = history.history
        self.n_iter_ = len(history.epoch) * training.passes
        self._seed = seed
        self._n_features_out = self.vae_.latent_size
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Returns the posterior mean of every row.

        Args:
          X: Data, `[n_samples, n_features]`.

        Returns:
          An array `[n_samples, latent_size]`, or what `set_output` asked for.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the data does not fit the model.
        """
        rows = self._rows(X)
        return in_blocks(rows, lambda block: self.vae_.posterior(block).mean())

    def inverse_transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """Returns the mean of p(x|z) for latents; for class codes the most probable one.

        Args:
          X: Latents, `[n_samples, latent_size]`.

        Returns:
          An array `[n_samples, n_features]`.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If there are not `latent_size` columns, or a value is not finite.
        """
        check_is_fitted(self)
        z = validation.array_of(X).astype(self.vae_.data_dtype, copy=False)
        if z.shape[1] != self._n_features_out:
            raise ValueError(
                f"`X` must have {self._n_features_out} columns, one for each latent variable; got "
                f"{z.shape[1]}."
            )
        predicted = self.vae_.decoder.likelihood.prediction
        return in_blocks(z, lambda block: predicted(self.vae_.decoder(block)))

    def score_samples(self, X: Any) -> np.ndarray:  # noqa: N803
        """Estimates log p(x) of every row by importance sampling, a lower bound in expectation.

        The noise is the same for every row and every call.

        Args:
          X: Data, `[n_samples, n_features]`.

        Returns:
          An array `[n_samples]`, in nats.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the data does not fit the model.
        """
        rows = self._rows(X)
        draws = checks.positive_int(self.importance_sample_size, "importance_sample_size")
        return log_marginal_likelihoods(self.vae_, rows, draws, self._seed)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803, ARG002
        """Returns the mean of `score_samples`, in nats; higher is better.

        Args:
          X: Data, `[n_samples, n_features]`.
          y: Ignored.

        Returns:
          A number.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the data does not fit the model.
        """
        return float(np.mean(self.score_samples(X)))

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> np.ndarray:
        """Draws from p(x): latents from the prior, then data from the likelihood.

        Args:
          n_samples: The number of draws.
          random_state: An int, a `numpy.random.RandomState`, or None for a fresh seed.

        Returns:
          An array `[n_samples, n_features]`.

        Raises:
          NotFittedError: Before `fit`.
          TypeError: If `n_samples` is no int.
          ValueError: If `n_samples` is not positive.
        """
        check_is_fitted(self)
        count = checks.positive_int(n_samples, "n_samples")
        seed = seeds.as_seed(seed_of(random_state))
        draws: np.ndarray = ancestral_sample(self.vae_, count, seed, mean=False).numpy()
        return draws

    def __sklearn_tags__(self) -> Tags:
        """Declares that float32 and float64 are preserved."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [
            np.dtype(dtype).name for dtype in validation.DTYPES
        ]
        return tags

    def _model(self, rows: np.ndarray) -> VAE:
        if self.likelihood == "auto":
            suggestion = likelihoods.suggest(rows)
            likelihood, self.likelihood_reason_ = suggestion.likelihood, suggestion.reason
        else:
            checks.one_of(self.likelihood, ["auto", *likelihoods.registry.NAMES], "likelihood")
            likelihood = likelihoods.for_values(self.likelihood, rows)
            self.likelihood_reason_ = "The likelihood was given."
        if isinstance(self.hidden_layer_sizes, str) or not isinstance(
            self.hidden_layer_sizes, Sequence
        ):
            raise TypeError(
                "`hidden_layer_sizes` must be a list of positive ints, such as (64, 64); got "
                f"{self.hidden_layer_sizes!r}."
            )
        widths = list(self.hidden_layer_sizes)
        vae = VAE(
            Encoder(
                networks.mlp(widths, self.activation),
                posteriors.MultivariateNormalDiag(self.latent_size),
            ),
            Decoder(networks.mlp(widths[::-1], self.activation), likelihood),
            objective=objectives.ELBO(kl_weight=self.kl_weight),
        )
        vae.check_rows(rows, "X")
        return vae

    def _rows(self, X: Any) -> np.ndarray:  # noqa: N803
        check_is_fitted(self)
        rows = validation.rows_of(self, X, reset=False)
        return rows.astype(self.vae_.data_dtype, copy=False)


@contextlib.contextmanager
def _dtype_of(rows: np.ndarray) -> Iterator[None]:
    """Sets Keras's dtype policy to the dtype of the data."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(rows.dtype.name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
