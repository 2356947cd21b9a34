"""A scikit-learn estimator of data frames: latents, draws, filled-in blanks and scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from tfp_vae import checks, seeds, tables
from tfp_vae.model import VAE, load
from tfp_vae.sklearn.in_blocks import in_blocks
from tfp_vae.sklearn.random_state import seed_of
from tfp_vae.sklearn.training import Training, until_convergence

_WEIGHT_DECAY = 0.1
_MOST_LATENTS = 16


class TableVAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A variational autoencoder of data frames, with words, dates, truth values and blanks.

    `fit` infers what each column holds, and chooses its likelihood; `print(model.schema_)` shows
    both. Blanks are missing values: the bound is that of the cells that are there. The first `fit`
    compiles for some seconds.

    Args:
      latent_size: The number of latent variables; None for half of the columns, 2 to 16.
      kinds: The kinds of columns that are not to be inferred, by name, such as
        {"year": "ordered"}; see `tables.Kind`.
      likelihoods: The likelihoods of columns that are not to be chosen, by name, such as
        {"age": "gamma"}.
      hidden_layer_sizes: The widths of the encoder's dense layers, the decoder's are the reverse;
        None to choose them from the data.
      epochs: The number of passes over the data; None to train until the ELBO of held-out rows has
        stopped rising (`callbacks.Convergence`).
      batch_size: The number of rows in a training step.
      learning_rate: The learning rate of AdamW; it falls where `epochs` is None.
      validation_fraction: The fraction of the rows that is held out where `epochs` is None.
      tol: The smallest rise that counts then, as a share of the rise so far.
      importance_sample_size: The number of latents drawn for the score of every row.
      random_state: An int, a `numpy.random.RandomState`, or None, for weights and noise.
      verbose: Whether to show Keras's progress bar: 0, 1 or 2.

    Attributes:
      vae_: The model, a `tfp_vae.VAE`.
      schema_: The schema of the table, a `tables.Schema`.
      history_: The mean `loss`, `elbo`, `log_likelihood` and `kl_divergence` of every epoch, in
        nats; of the training rows they are means of whole rows and of rows with random blanks.
      n_iter_: The number of epochs.
      n_features_in_: The number of columns.
      feature_names_in_: Their names.

    Raises:
      TypeError: In `fit`, if an argument is of the wrong kind.
      ValueError: In `fit`, if an argument has a wrong value, or the frame has nothing to model.

    Example:
      >>> from tfp_vae.sklearn import TableVAE
      >>> model = TableVAE(latent_size=2, epochs=1, random_state=0).fit(people)
      >>> model.sample(3, random_state=0).columns.tolist()
      ['age', 'country', 'height']
      >>> int(model.impute(people.assign(height=np.nan)[:2]).filled["height"].isna().sum())
      0
      >>> model.transform(people).shape, model.score_samples(people[:5]).shape
      ((40, 2), (5,))
      >>> model.explain(people[:1]).columns.tolist(), model.schema_.names
      (['age', 'country', 'height'], ['age', 'country', 'height'])
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     model.save(f"{folder}/people.keras")
      ...     again = TableVAE.load(f"{folder}/people.keras")

    Source: Mattei & Frellsen (2019), "MIWAE: deep generative modelling and imputation of incomplete
    data sets"; Nazábal et al. (2020), "Handling incomplete heterogeneous data using VAEs".
    """

    def __init__(
        self,
        latent_size: int | None = None,
        *,
        kinds: Mapping[Any, str] | None = None,
        likelihoods: Mapping[Any, str] | None = None,
        hidden_layer_sizes: Sequence[int] | None = None,
        epochs: int | None = None,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        validation_fraction: float = 0.1,
        tol: float = 1e-4,
        importance_sample_size: int = 500,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.latent_size = latent_size
        self.kinds = kinds
        self.likelihoods = likelihoods
        self.hidden_layer_sizes = hidden_layer_sizes
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
          X: A data frame of pandas, or one with `to_pandas`.
          y: Ignored: the model is one of p(x).

        Returns:
          The estimator itself.

        Raises:
          TypeError: If an argument is of the wrong kind, or a column has values of several types.
          ValueError: If one has a wrong value, or the frame has nothing to model.
        """
        batch_size = checks.positive_int(self.batch_size, "batch_size")
        checks.positive_int(self.importance_sample_size, "importance_sample_size")
        rate = checks.finite_number(self.learning_rate, "learning_rate", minimum=0, exclusive=True)
        schema = tables.Schema.infer(X, self.kinds, name="X")
        rows = schema.encode(X, "X")
        seed = seed_of(self.random_state)
        if self.epochs is None:
            training = until_convergence(rows, batch_size, self.validation_fraction, self.tol, seed)
        else:
            training = Training(rows, checks.positive_int(self.epochs, "epochs"))
        latents = self.latent_size
        if latents is None:
            latents = min(max(len(schema.names) // 2, 2), _MOST_LATENTS)
        with seeds.keras_seeded(seed):
            vae = VAE.for_data(
                X,
                latents,
                {} if self.likelihoods is None else self.likelihoods,
                verbose=0,
                hidden_layer_sizes=self.hidden_layer_sizes,
                schema=schema,
            )
            vae.compile(keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY))
            vae.adapt(training.rows)
            history = vae.fit(
                tables.with_random_blanks(training.rows, seed),
                epochs=training.epochs,
                batch_size=batch_size,
                validation_data=training.held_out,
                callbacks=training.callbacks,
                verbose=self.verbose,
            )
        self.vae_, self.history_ = vae, history.history
        self.n_iter_ = len(history.epoch)
        return self._described()

    @property
    def schema_(self) -> tables.Schema:
        """The schema of the table."""
        check_is_fitted(self)
        schema: tables.Schema = self.vae_.schema
        return schema

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Returns the posterior mean of every row.

        Args:
          X: A data frame with the columns of the one of `fit`.

        Returns:
          An array `[n_samples, latent_size]`, or what `set_output` asked for.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the frame does not fit the model.
        """
        rows = self._rows(X)
        return in_blocks(rows, lambda block: self.vae_.posterior(block).mean())

    def sample(
        self,
        n_samples: int = 1,
        given: Mapping[Any, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> pd.DataFrame:
        """Draws rows, of all columns or given some; see `tables.sample`.

        Args:
          n_samples: The number of rows.
          given: The values of some columns, by name, such as {"country": "FR"}.
          random_state: An int, a `numpy.random.RandomState`, or None for a fresh seed.

        Returns:
          A `pandas.DataFrame`.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If `given` names a column or a value that is not there.
        """
        check_is_fitted(self)
        return tables.sample(self.vae_, n_samples, given, seed_of(random_state))

    def impute(
        self,
        X: Any,  # noqa: N803
        n_draws: int = 10,
        level: float = 0.9,
        random_state: int | np.random.RandomState | None = None,
    ) -> tables.ImputedFrame:
        """Fills blanks with means, draws and intervals; see `tables.impute`.

        Args:
          X: A data frame with the columns of the one of `fit`.
          n_draws: The number of frames of draws.
          level: The probability of the intervals, in (0, 1).
          random_state: An int, a `numpy.random.RandomState`, or None for a fresh seed.

        Returns:
          A `tables.ImputedFrame`.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the frame does not fit the model.
        """
        check_is_fitted(self)
        return tables.impute(self.vae_, X, n_draws, level, seed=seed_of(random_state))

    def score_samples(self, X: Any) -> np.ndarray:  # noqa: N803
        """Estimates log p of the cells of every row that are not blank; see `tables.score`.

        Args:
          X: A data frame with the columns of the one of `fit`.

        Returns:
          An array `[n_samples]`, in nats.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the frame does not fit the model.
        """
        check_is_fitted(self)
        scores = tables.score(self.vae_, X, self.importance_sample_size)
        return np.asarray(scores, np.float64)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803, ARG002
        """Returns the mean of `score_samples`, in nats; higher is better.

        Args:
          X: A data frame with the columns of the one of `fit`.
          y: Ignored.

        Returns:
          A number.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the frame does not fit the model.
        """
        return float(np.mean(self.score_samples(X)))

    def explain(self, X: Any) -> pd.DataFrame:  # noqa: N803
        """Says which columns make rows strange: log p of each cell given the others of its row.

        Args:
          X: A data frame with the columns of the one of `fit`.

        Returns:
          A `pandas.DataFrame`, in nats; see `tables.explain`.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If the frame does not fit the model.
        """
        check_is_fitted(self)
        return tables.explain(self.vae_, X, self.importance_sample_size)

    def save(self, path: str | Path) -> None:
        """Saves the model with its schema to a `.keras` file.

        Args:
          path: The file.

        Raises:
          NotFittedError: Before `fit`.
          ValueError: If it does not end in .keras.
          OSError: If it cannot be written.
        """
        check_is_fitted(self)
        self.vae_.save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Loads a model of a table, also one that `tfp-vae train` or `VAE.save` wrote.

        Args:
          path: A `.keras` file.

        Returns:
          A fitted estimator; its arguments are the defaults, its history is empty.

        Raises:
          FileNotFoundError: If there is no such file.
          ValueError: If it is broken, or holds a model that was not made from a data frame.
        """
        vae = load(path)
        if vae.schema is None:
            raise ValueError(
                f"`path` must be a file of a model of a data frame; got {str(path)!r}, whose model "
                "has no schema."
            )
        estimator = cls(vae.latent_size)
        estimator.vae_, estimator.history_, estimator.n_iter_ = vae, {}, 0
        return estimator._described()

    def _described(self) -> Self:
        names = [each.name for each in self.schema_]
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_, self._n_features_out = len(names), self.vae_.latent_size
        return self

    def _rows(self, X: Any) -> np.ndarray:  # noqa: N803
        check_is_fitted(self)
        return tables.rows_of(self.vae_, X, "X").astype(self.vae_.data_dtype)
