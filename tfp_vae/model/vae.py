"""The variational autoencoder: an encoder, a decoder, a prior and an objective."""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, saving, seeds, shapes
from tfp_vae.error_text import described
from tfp_vae.likelihoods import Known, Likelihood, Suggestion
from tfp_vae.model import (
    adaptation,
    build,
    clustering,
    coding,
    defaults,
    export,
    inference,
    sampling,
)
from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.forecasting import Forecast, check_forecasts, forecast, sampled_forecast
from tfp_vae.model.frames import TableSchema, schema_class
from tfp_vae.model.imputation import Imputation, importance_impute, impute
from tfp_vae.model.inputs import InputPipeline, MissingValues, condition_beside
from tfp_vae.objectives import ELBO, ELBOTerms, Objective, ObjectiveTerms
from tfp_vae.posteriors import Posterior, VectorQuantized
from tfp_vae.priors import Prior, StandardNormal
from tfp_vae.training import CompileOptions, Trainer, initial_pairs, row_metric_values

_LIKELIHOOD = 2
"""Which of the seeds of a batch is that of the likelihood; 1 is that of the corruption."""


@keras.saving.register_keras_serializable(package="tfp_vae")
class VAE(keras.Model):
    """A variational autoencoder made of distribution objects.

    A Keras model with `compile`, `fit`, `evaluate`, `predict` and `save`. Its loss is the negative
    mean of the objective, in nats. The constructor builds the model and checks that its parts fit
    together.

    Args:
      encoder: The encoder, from data to the posterior q(z|x).
      decoder: The decoder, from latents to the likelihood p(x|z).
      prior: p(z); by default the standard normal.
      objective: What training maximises; by default the evidence lower bound (ELBO).
      preprocess: A Keras layer applied to the data first, such as
        `networks.StochasticBinarization()`. Encoder and likelihood both see its output.
      missing_values: The code of a missing value in the data, NaN or a number; None if nothing is
        missing. The ELBO then bounds log p of the observed values, and the encoder sees the mean
        for missing ones, and which are observed (Mattei & Frellsen 2019, "MIWAE: deep generative
        modelling and imputation of incomplete data sets").
      condition: A Keras layer that turns y, `[B, ...]`, into features `[B, C]`, such as
        `keras.layers.Embedding`, for a model of p(x|y): `fit(x, y)`, `sample(n, condition=y)`. The
        features are concatenated with the data before the encoder, on its last axis (for images,
        as channels), and with z before the decoder; p(z) depends on y only where the prior is a
        `priors.ConditionalNormal`, and the dispersion of counts with
        `likelihoods.NegativeBinomial(..., dispersion="condition")` (Sohn et al. 2015, "Learning
        structured output representation using deep conditional generative models"). y is a scalar
        for every row, unless the layer begins with a `keras.Input` or is built.
      adaptive: Whether the first `fit` adapts the model to its data, as `adapt` describes. False
        leaves out what that needs: the network sees the data as it comes, and p(x|z) begins
        wherever its random weights put it.
      corruption: A Keras layer that spoils what the encoder sees in training, and only there, such
        as `networks.GaussianCorruption(0.1)`, for a model that denoises: `vae.predict(noisy)`. The
        likelihood scores the clean data. The ELBO then is log p(x|z) - KL with z drawn from q(z|x̃)
        for a spoilt x̃, which for every x̃ is a bound on log p(x) (Im et al. 2017, "Denoising
        criterion for variational auto-encoding framework").
      classification_weight: With a number, `fit(x, y)` takes y as labels: the categories c of
        `posteriors.Categorical` or `CategoricalJoint` are classes, known for labelled rows, of
        which the ELBO bounds log p(x, c), and summed over for rows with -1 or NaN. The number is
        the weight of log q(c|x) of a labelled row in the objective, beside the ELBO, which does not
        train q(c|x) there; Kingma et al. (2014), "Semi-supervised learning with deep generative
        models", take 0.1 N / N_labelled. With a `condition`, too, y is `[N, 1 + C]`: the label of a
        row, and then its condition. The exposure of a likelihood of counts with
        `offset="exposure"` stands last in a row of y.
      **kwargs: The usual arguments of a Keras model.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit: a trunk that fails on its input, features that cannot
        make the event, a prior over other latents than the posterior's, different dtypes.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     encoder=tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     decoder=tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ... )
      >>> vae.elbo(np.ones([3, 4]), seed=0).elbo.shape
      TensorShape([3])
      >>> vae.prior().event_shape, vae.latent_size, vae.event_shape
      (TensorShape([2]), 2, (4,))
      >>> vae.objective = objectives.IWAE(importance_sample_size=5)  # used by the next `fit`

    Source: Kingma & Welling (2013), "Auto-encoding variational Bayes".
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        prior: Prior | None = None,
        objective: Objective | None = None,
        preprocess: keras.layers.Layer | None = None,
        missing_values: float | None = None,
        condition: keras.layers.Layer | None = None,
        adaptive: bool = True,
        corruption: keras.layers.Layer | None = None,
        classification_weight: float | None = None,
        **kwargs: Any,
    ) -> None:
        checks.instance_of(encoder, Encoder, "encoder", "tfp_vae.Encoder(trunk, posterior)")
        super().__init__(**{"autocast": False, **kwargs})
        self.trainer = Trainer(self)
        self.objective_states: list[keras.layers.Layer] = []
        self.objective = ELBO() if objective is None else objective
        # Keras tracks and saves attributes in this order.
        self.noise = self.trainer.state.noise
        self.loss_tracker = self.trainer.state.log.loss
        self.term_trackers = self.trainer.state.log.terms
        self.skipped_steps = self.trainer.state.log.skipped_steps
        self.encoder = encoder
        self.decoder = checks.instance_of(
            decoder, Decoder, "decoder", "tfp_vae.Decoder(trunk, likelihood)"
        )
        self.classification_weight = classification_weight
        self.pipeline = InputPipeline(
            decoder.likelihood,
            preprocess,
            missing_values,
            condition,
            corruption,
            build.labels_of(self, condition),
        )
        self.preprocess, self.condition, self.corruption = preprocess, condition, corruption
        self.prior_layer = StandardNormal() if prior is None else prior
        checks.instance_of(self.prior_layer, Prior, "prior", "priors.StandardNormal()")
        self.adaptive = checks.instance_of(adaptive, bool, "adaptive", "True")
        self.suggestion: Suggestion | None = None
        self._compiled_functions: dict[str, Any] = {}
        self.kl_declaration = build.assemble(self)
        self.built = True
        self._own_objective(self._objective)

    @classmethod
    def for_data(
        cls,
        x: Any,
        latent_size: int = 16,
        likelihood: Likelihood | str | Mapping[Any, str] | None = None,
        preprocess: keras.layers.Layer | None = None,
        verbose: int = 1,
        *,
        prior: Prior | None = None,
        objective: Objective | None = None,
        missing_values: float | None = None,
        hidden_layer_sizes: Sequence[int] | None = None,
        conv: bool | None = None,
        schema: Any = None,
        condition: keras.layers.Layer | None = None,
    ) -> "VAE":
        """Makes a model for data: the likelihood by held-out evidence, the networks by its shape.

        `vae.suggestion.reason` says what was chosen and why, and `print(vae.suggestion)` shows all
        candidates with their nats.

        Of a data frame, the model is one of the array that `vae.schema.encode(frame)` returns, with
        blanks as missing values; `print(vae.schema)` shows what was found in each column, and
        `vae.schema.decode` makes frames of draws.

        Args:
          x: Data, `[N, *event]`, at least two rows; rows that are read as they are wanted, as of
            `fit`, from which some are drawn where they have more than 50 million values; or a data
            frame, for which pandas is needed.
          latent_size: The number of latent variables.
          likelihood: A likelihood, or its name, instead of the suggested one; for a data frame also
            a dict from names of columns to names of likelihoods, such as {"age": "gamma"}.
          preprocess: A Keras layer applied to the data first; the choice is made on its output.
          verbose: Whether to print the table of the candidates, where there are several: 0 or 1.
          prior: As of `VAE`.
          objective: As of `VAE`.
          missing_values: As of `VAE`; NaN for a data frame.
          hidden_layer_sizes: The widths of the encoder's dense layers, instead of those chosen by
            the data; the decoder's are the reverse.
          conv: Whether the networks are convolutions; by default those of images of at least 16 by
            16 pixels are.
          schema: Of a data frame, its `tables.Schema`, instead of the one inferred.
          condition: As of `VAE`: for a model of p(x|y). The choice is made on x alone.

        Returns:
          A model, not yet compiled.

        Raises:
          ImportError: If `x` is a data frame and pandas is not installed.
          TypeError: If `x` holds no real numbers, or another argument is of the wrong kind.
          ValueError: If `x` has fewer than two rows, values that are non-finite or outside the
            likelihood's support, or the likelihood's name is unknown.

        Example:
          >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
          >>> type(vae.decoder.likelihood).__name__
          'Bernoulli'
          >>> given = {"age": "normal"}
          >>> table = tfp_vae.VAE.for_data(people, latent_size=2, likelihood=given, verbose=0)
          >>> table.sample(5, seed=0).shape, table.schema["age"].likelihood
          (TensorShape([5, 3]), 'Normal')
        """
        if not isinstance(verbose, (bool, int, np.integer)) or verbose not in (0, 1):
            raise ValueError(f"`verbose` must be 0 or 1; got {described(verbose)}.")
        parts = defaults.parts_for(
            x,
            latent_size,
            likelihood,
            preprocess,
            missing_values,
            hidden_layer_sizes,
            conv,
            schema,
        )
        missing = parts.missing_values
        vae = cls(parts.encoder, parts.decoder, prior, objective, preprocess, missing, condition)
        vae.suggestion, vae.schema = parts.suggestion, parts.schema
        vae.check_rows(parts.rows)
        if verbose and parts.suggestion.compared:
            sys.stdout.write(f"{parts.suggestion if parts.schema is None else parts.schema}\n")
        return vae

    @property
    def schema(self) -> Any:
        """The `tables.Schema` of the data frame that the model was made from, or None.

        It is saved with the model, which itself computes with arrays. Setting raises a TypeError if
        it is no schema.

        Example:
          >>> vae.schema is None
          True
        """
        if isinstance(self.pipeline.schema, dict):
            self.pipeline.schema = schema_class().from_config(self.pipeline.schema)
        return self.pipeline.schema

    @schema.setter
    def schema(self, schema: TableSchema | None) -> None:
        if schema is not None and not hasattr(schema, "get_config"):
            raise TypeError(
                "`schema` must be a tables.Schema, such as tables.Schema.infer(frame); got "
                f"{described(schema)}."
            )
        self.pipeline.schema = schema

    @property
    def objective(self) -> Objective:
        """What training maximises; the loss is its negative mean, in nats.

        Another one can be set, as in `vae.objective = objectives.IWAE(5)`, and training continues
        with it; weights, optimizer and step number stay. Setting raises a TypeError if it is no
        objective, and a ValueError if it does not apply to the model's posterior and prior; the
        current one then stays. An objective that training changes, such as `ControlVAE`, is copied:
        every model has a state of its own.
        """
        return self._objective

    @objective.setter
    def objective(self, objective: Objective) -> None:
        checks.instance_of(objective, Objective, "objective", "objectives.ELBO()")
        if self.built:
            build.check_objective(self, objective)
            self._own_objective(objective)
        else:
            self._objective = objective
            self.trainer.follow(objective)
        # Keras builds it again for this objective.
        self.test_function = None

    def _own_objective(self, objective: Objective) -> None:
        """Takes an objective, with a state of this model if training changes it."""
        dtype = self.decoder.likelihood.variable_dtype
        with self.distribute_strategy.scope():
            self._objective = objective.for_model(self.latent_size, dtype)
        self.objective_states.clear()
        if self._objective.state is not None:
            self.objective_states.append(self._objective.state)
        self.trainer.follow(self._objective)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The event shape of the likelihood, the shape of one row of data."""
        return self.pipeline.event_shape

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one raw row: the event shape, or None before a preprocess layer."""
        return self.pipeline.row_shape

    @property
    def data_dtype(self) -> str:
        """The dtype of the likelihood, to which data is cast."""
        return self.pipeline.dtype

    @property
    def conditional(self) -> bool:
        """Whether data comes as (x, y): in a model of p(x|y), or with labels."""
        return self.pipeline.conditional

    @property
    def missing(self) -> MissingValues | None:
        """The code of missing values and the number that fills them, or None."""
        return self.pipeline.missing

    @property
    def latent_size(self) -> int:
        """The number of latent variables."""
        return int(self.encoder.posterior.latent_size)

    @property
    def distribution_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that return distributions over latents, by their names in errors."""
        return {"posterior": self.encoder.posterior, "prior": self.prior_layer}

    @property
    def latent_pairs(self) -> list[tuple[Posterior, Prior | Posterior]]:
        """The layers that return q and p of the same latents, in pairs."""
        return [(self.encoder.posterior, self.prior_layer)]

    def prior(self, condition: Any = None) -> tfd.Distribution:
        """Returns p(z), or p(z|y) where the prior depends on a condition.

        Args:
          condition: y, `[B, ...]`; it must be given where the prior depends on it. With labels,
            the categories of labelled rows are known.

        Returns:
          A `tfd.Distribution`, batch `[]`, or `[B]` of p(z|y), event `[latent_size]`.

        Raises:
          TypeError: If `condition` holds no real numbers.
          ValueError: If it does not fit the model, or is missing.

        Example:
          >>> vae.prior().event_shape
          TensorShape([2])
        """
        if condition is None and not self.prior_layer.conditional:
            return self.prior_of(None)
        prior = self.prior_of(self.pipeline.features(condition, None))
        labels = self.pipeline.labels
        if labels is None:
            return prior
        return labels.observed(prior, self.pipeline.parts.labels_in(condition))

    def prior_of(self, features: tf.Tensor | None) -> tfd.Distribution:
        """Returns p(z), or p(z|y) for the features `[B, C]` of a condition."""
        layer: Any = self.prior_layer
        return layer.distribution(features) if layer.conditional else layer.distribution()

    def elbo(
        self, x: Any, sample_size: int = 1, seed: seeds.Seed = None, condition: Any = None
    ) -> ELBOTerms:
        """Computes the evidence lower bound of every row, whatever the objective is.

        Args:
          x: Data, `[B, *event]`.
          sample_size: The number of draws from the posterior for every row.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          condition: y, `[B, ...]`, for a model of p(x|y), or labels, `[B]`: of a labelled row it is
            a bound on log p(x, y).

        Returns:
          `ELBOTerms`: `elbo`, `log_likelihood` and `kl_divergence`, `[B]` each, in nats.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit, or `sample_size` is not positive.

        Example:
          >>> terms = vae.elbo(x, sample_size=10, seed=0)
          >>> bool(np.all(terms.elbo == terms.log_likelihood - terms.kl_divergence))
          True
        """
        sample_size = checks.positive_int(sample_size, "sample_size")
        estimator = self.encoder.posterior.gradient_estimator
        objective = ELBO(sample_size=sample_size, gradient_estimator=estimator)
        terms = self.terms_of(objective, x, seeds.as_seed(seed), None, False, condition)
        return ELBOTerms(terms.elbo, terms.log_likelihood, terms.kl_divergence)

    def posterior(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION, condition: Any = None
    ) -> tfd.Distribution:
        """Computes q(z|x), after the preprocess layer.

        Args:
          x: Data, `[B, *event]`.
          seed: The seed of a preprocess layer that draws: an int or a `[2]` integer tensor.
          condition: y, `[B, ...]`, for a model of p(x|y).

        Returns:
          A `tfd.Distribution`, batch `[B]`, event `[latent_size]`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model.

        Example:
          >>> vae.posterior(x).mean().shape
          TensorShape([20, 2])
        """
        return self.distributions(x, seed, condition).posterior

    def encode(
        self,
        x: Any,
        condition: Any = None,
        *,
        seed: seeds.Seed = None,
        return_stddev: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Encodes rows as latents: the mean of q(z|x), or with a seed a draw from it.

        For arrays of any size and for datasets, a compiled batch at a time; `posterior` returns the
        distribution of one batch. `decode` is the way back, and `sample` draws new rows.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes.
          condition: y, `[N, ...]`, for a model of p(x|y) and an array of x.
          seed: None for the mean; for a draw an int or a `[2]` integer tensor. The draw of a row
            depends on its batch, too.
          return_stddev: Whether to return the standard deviation as well.
          **kwargs: `batch_size` (of an array, by default 32), `steps` and `verbose`, as of
            `keras.Model.predict`; by default a progress bar is shown beyond 100 batches.

        Returns:
          An array `[N, latent_size]`; with `return_stddev=True` a pair of them, mean and standard
          deviation.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, if the posterior's standard
            deviation has no formula, or if `seed` and `return_stddev` are both given.

        Example:
          >>> vae.encode(x).shape
          (20, 2)
          >>> mean, stddev = vae.encode(x, return_stddev=True)
          >>> bool((stddev > 0).all()), vae.encode(x, seed=0).shape
          (True, (20, 2))
        """
        return coding.encoded(self, x, condition, seed, return_stddev, kwargs)

    def decode(
        self, z: Any, condition: Any = None, *, seed: seeds.Seed = None, **kwargs: Any
    ) -> np.ndarray:
        """Decodes latents as rows: the mean of p(x|z), or with a seed a draw from it.

        For class codes, which have no mean, it is the most probable one. Of counts given their
        total, all rows have the same: the likelihood's `total`, or the mean one of the data.

        Args:
          z: An array `[N, latent_size]`, or a dataset or generator of batches of them.
          condition: y, `[N, ...]`, for a model of p(x|y) and an array of z.
          seed: None for the mean; for a draw an int or a `[2]` integer tensor. The draw of a row
            depends on its batch, too.
          **kwargs: As of `encode`.

        Returns:
          An array `[N, *event]`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `z` or `condition` does not fit the model.

        Example:
          >>> vae.decode(np.zeros([4, 2])).shape
          (4, 3)
          >>> bool(np.allclose(vae.decode(vae.encode(x)), vae.predict(x, verbose=0), atol=1e-6))
          True
        """
        return coding.decoded(self, z, condition, seed, kwargs)

    def cluster(
        self, x: Any, condition: Any = None, *, seed: seeds.Seed = None, **kwargs: Any
    ) -> np.ndarray:
        """Computes the probability of every cluster for rows: soft assignments.

        With `posteriors.Categorical` or `posteriors.CategoricalJoint` it is q(c|x) of every
        combination of categories. With a mixture for a prior, such as `priors.MixtureOfGaussians`,
        it is the mean over 100 draws from q(z|x) of p(c|z), the exact posterior of the component
        given z: the probability of c under q(z|x) p(c|z), the joint posterior of which the trained
        bound is the ELBO. `cluster(x).argmax(axis=1)` is the most probable cluster.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes.
          condition: y, `[N, ...]`, for a model of p(x|y) and an array of x.
          seed: The seed of the draws, where there are any; by default one fixed seed.
          **kwargs: As of `encode`.

        Returns:
          An array `[N, K]`, whose rows add up to 1.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, or the model has no clusters.

        Example:
          >>> vae = tfp_vae.VAE(
          ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
          ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
          ...     prior=priors.MixtureOfGaussians(components=4),
          ... )
          >>> vae.cluster(x).shape
          (20, 4)

        Source: Jiang et al. (2017), "Variational deep embedding", for the mixture.
        """
        return clustering.clustered(self, x, condition, seed, kwargs)

    def refit_prior(
        self,
        prior: Prior,
        x: Any,
        condition: Any = None,
        *,
        epochs: int = 200,
        learning_rate: float = 1e-3,
        seed: seeds.Seed = 0,
        verbose: int = 0,
    ) -> "VAE":
        """Returns a copy of the model with another prior, fitted to the latents of data.

        The networks stay as they are. The prior maximises the mean of log p(z) over draws from
        q(z|x), and with it the evidence lower bound, in which nothing else depends on the prior:
        draws from it then look like latents of data (Ghosh et al. 2020, "From variational to
        deterministic autoencoders", who fit a mixture afterwards). A tenth of the rows is held out;
        training ends where log p(z) of their latents stops to rise, with the best weights.

        Args:
          prior: A new prior with weights, such as `priors.MixtureOfGaussians(50)`, which begins at
            the mixture that scikit-learn fits to the latents, or `priors.RealNVP()`.
          x: An array `[N, *event]`, or a dataset that can be read more than once.
          condition: y, `[N, ...]`, for a model of p(x|y).
          epochs: The largest number of passes over the draws, of which there are 20,000, but at
            least one and at most 20 of each row.
          learning_rate: That of Adam at first.
          seed: An int or a `[2]` integer tensor.
          verbose: As of `keras.Model.fit`.

        Returns:
          A new model, compiled if this one is; this one stays as it is.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If the prior does not suit the posterior or the objective or has no weights,
            or the data does not fit the model.

        Example:
          >>> refitted = vae.refit_prior(priors.Normal(), x, epochs=3)
          >>> type(refitted.prior_layer).__name__, type(vae.prior_layer).__name__
          ('Normal', 'StandardNormal')
        """
        return inference.refitted(self, prior, x, condition, epochs, learning_rate, seed, verbose)

    def refine(
        self,
        x: Any,
        condition: Any = None,
        *,
        steps: int = 200,
        sample_size: int = 8,
        learning_rate: float = 0.05,
        seed: seeds.Seed = 0,
        batch_size: int = 500,
    ) -> tfd.Distribution:
        """Returns q(z|x) of given rows, improved beyond what the encoder gives.

        The parameters of every row's posterior are optimised for that row alone by stochastic
        variational inference: Adam on the evidence lower bound, from the encoder's parameters on.
        A row whose bound does not rise, by 32 draws, keeps these. The model stays as it is.

        Args:
          x: An array `[N, *event]`.
          condition: y, `[N, ...]`, for a model of p(x|y).
          steps: The number of steps.
          sample_size: The number of draws of every step.
          learning_rate: That of the first step; it falls to zero along a cosine.
          seed: An int or a `[2]` integer tensor.
          batch_size: The number of rows refined at once.

        Returns:
          A distribution of the kind of `posterior(x)`, batch `[N]`. An objective takes it as
          `posterior`; `evaluation.inference_gaps` says what it gains.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, or the model has several layers
            of latents, or a posterior that no parameters of a row describe.

        Example:
          >>> refined = vae.refine(x, steps=5)
          >>> refined.batch_shape, refined.event_shape
          (TensorShape([20]), TensorShape([2]))

        Source: Hjelm et al. (2016), "Iterative refinement of the approximate posterior for directed
        belief networks"; Kim et al. (2018), "Semi-amortized variational autoencoders".
        """
        return inference.refined(
            self, x, condition, steps, sample_size, learning_rate, seed, batch_size
        )

    def posterior_samples(
        self,
        x: Any,
        condition: Any = None,
        *,
        method: str = "nuts",
        sample_size: int = 500,
        chains: int = 4,
        warm_up: int = 500,
        seed: seeds.Seed = 0,
    ) -> inference.PosteriorSamples:
        """Draws from the exact posterior p(z|x) of a few rows, by Markov chains.

        The No-U-Turn sampler (Hoffman & Gelman 2014) or Hamiltonian Monte Carlo (Neal 2011, "MCMC
        using Hamiltonian dynamics"), as TensorFlow Probability has them. The chains begin at draws
        from q(z|x) and move in units of its standard deviations, with a step size of its own for
        every row. A warning is given if R-hat of any latent is above 1.05.

        "hmc" takes 4 leapfrog steps at a time and about a third of the time of "nuts", but
        trajectories of one length may end where they began, and then a chain hardly moves.

        Args:
          x: An array `[B, *event]`; all chains run side by side, so a few rows.
          condition: y, `[B, ...]`, for a model of p(x|y).
          method: "nuts" or "hmc".
          sample_size: The number S of states of every chain that are kept.
          chains: The number C of chains of every row.
          warm_up: The number of states before, in which the step size is adapted.
          seed: An int or a `[2]` integer tensor.

        Returns:
          `PosteriorSamples`: draws `[S, C, B, L]`, R-hat and effective sample size `[B, L]`, and
          the rate of acceptance `[B]`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, or the prior is one on a part of
            the real numbers.

        Example:
          >>> drawn = vae.posterior_samples(x[:2], sample_size=200, warm_up=100)
          >>> drawn.samples.shape
          (200, 4, 2, 2)
        """
        return inference.posterior_samples(
            self, x, condition, method, sample_size, chains, warm_up, seed
        )

    def predict_labels(self, x: Any, condition: Any = None, **kwargs: Any) -> np.ndarray:
        """Computes the probability of every class for rows, of a model with labels: q(c|x).

        `predict_labels(x).argmax(axis=1)` is the most probable class. It is a function of x alone:
        labels in batches of pairs (x, y) are not looked at.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes.
          condition: y, `[N, 1 + C]`, for a model with a condition, too, and an array of x.
          **kwargs: As of `encode`.

        Returns:
          An array `[N, K]`, whose rows add up to 1.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, or the model takes no labels.

        Example:
          >>> vae = tfp_vae.VAE(
          ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.Categorical(2)),
          ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
          ...     prior=priors.Categorical(2),
          ...     classification_weight=1.0,
          ... )
          >>> vae.predict_labels(x).shape
          (20, 2)

        Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models",
        section 3.1.2.
        """
        if self.pipeline.labels is None:
            raise ValueError(
                "`vae` must be a model with labels, made with `classification_weight`; got one "
                "without: vae.cluster(x) returns the probabilities of clusters."
            )
        return clustering.clustered(self, x, condition, None, kwargs)

    def reconstruct(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION, condition: Any = None
    ) -> tfd.Distribution:
        """Computes p(x|z) at the posterior mean.

        Args:
          x: Data, `[B, *event]`.
          seed: The seed of a preprocess layer that draws: an int or a `[2]` integer tensor.
          condition: y, `[B, ...]`, for a model of p(x|y).

        Returns:
          A `tfd.Distribution`, batch `[B]`, event `[*event]`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model.

        Example:
          >>> vae.reconstruct(x).mean().shape
          TensorShape([20, 3])
        """
        batch = self.distributions(x, seed, condition)
        return batch.decoder_fn(self.reconstructing_latents(batch.posterior))

    def sample(
        self,
        sample_size: int,
        seed: seeds.Seed = None,
        mean: bool = False,
        condition: Any = None,
    ) -> tf.Tensor:
        """Draws new rows: latents from the prior, then data from the likelihood.

        The draws are from p(x), or p(x|y). `predict` reconstructs rows, and `encode` codes them.
        Of a likelihood with `offset="total"` every row has a total drawn from those of the data, or
        its `total`.

        Args:
          sample_size: The number of draws.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          mean: Whether to return the mean of p(x|z) for every draw of z instead of a draw of x;
            for class codes, which have no mean, the most probable one.
          condition: y, `[sample_size, ...]`, for a model of p(x|y), or the classes to draw from.

        Returns:
          A tensor `[sample_size, *event]`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `sample_size` is not positive, or `condition` does not fit the model.

        Example:
          >>> vae.sample(5, seed=0).shape
          TensorShape([5, 3])
          >>> bool(np.all(vae.sample(5, seed=0) == vae.sample(5, seed=0)))
          True
        """
        count = checks.positive_int(sample_size, "sample_size")
        self.check_condition(condition, count)
        y = None
        if condition is not None:
            y = tf.convert_to_tensor(checks.array(condition, "condition"))
        draw = self.compiled_function(sampling.ancestral_sample)
        return draw(count, seeds.as_seed(seed), bool(mean), y)

    def impute(
        self,
        x: Any,
        sample_size: int = 10,
        importance_sample_size: int = 1000,
        seed: seeds.Seed = None,
        condition: Any = None,
    ) -> Imputation:
        """Imputes missing values: their mean, standard deviation and draws given the observed ones.

        The posterior is the proposal of self-normalised importance sampling: as the importance
        sample grows, the result converges to that under the exact p(x_missing|x_observed) of the
        model, whatever the encoder. Draws come from importance resampling.

        Args:
          x: Data, `[N, *event]`, with the code `missing_values` for what is missing.
          sample_size: The number of draws of every row, for multiple imputation.
          importance_sample_size: The number of latents drawn for every row.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          condition: y, `[N, ...]`, for a model of p(x|y).

        Returns:
          `Imputation`: arrays `mean` and `stddev`, `[N, *event]`, `draws`,
          `[sample_size, N, *event]`, and `effective_sample_size`, `[N]`. Observed values are
          unchanged in `mean` and `draws`, and have a `stddev` of 0. Class codes have no mean: use
          `draws`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, a size is not positive, or the
            model has no `missing_values`.

        Example:
          >>> vae = tfp_vae.VAE(
          ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
          ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
          ...     missing_values=np.nan,
          ... )
          >>> vae.impute(np.array([[0.5, np.nan, -1.0]]), seed=0).mean[0, [0, 2]]
          array([ 0.5, -1. ])

        Source: Mattei & Frellsen (2019), "MIWAE: deep generative modelling and imputation of
        incomplete data sets", section 2.3; Rubin (1987), "Multiple imputation".
        """
        sizes = (
            checks.positive_int(sample_size, "sample_size"),
            checks.positive_int(importance_sample_size, "importance_sample_size"),
        )
        compiled = self.compiled_function(importance_impute)
        return impute(self, compiled, x, *sizes, seeds.as_seed(seed), condition)

    def forecast(
        self,
        x: Any,
        steps: int,
        sample_size: int = 100,
        seed: seeds.Seed = None,
        condition: Any = None,
    ) -> Forecast:
        """Forecasts what follows series: its mean, standard deviation and draws.

        It is for a model whose prior is a process over time, such as a `StateSpaceVAE`. The states
        of a series are drawn from q(z|x), those that follow from the prior given them, and the data
        from p(x|z).

        Args:
          x: Series, `[N, T, *values]`; what is missing at their end is forecast by `impute`.
          steps: The number of steps H to forecast, of any length.
          sample_size: The number of draws for every series.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          condition: y, `[N, ...]`, for a model of p(x|y).

        Returns:
          `Forecast`: arrays `mean` and `stddev`, `[N, H, *values]`, estimated by the draws of the
          states, and `draws`, `[sample_size, N, H, *values]`. Class codes have no mean: use
          `draws`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, a size is not positive, the
            prior is no process over time, or the decoder is not the same for all steps.

        Example:
          >>> vae = tfp_vae.StateSpaceVAE.from_gru(likelihoods.Normal([5, 1]), 2, units=4)
          >>> forecast = vae.forecast(np.zeros([3, 5, 1]), steps=2, sample_size=10, seed=0)
          >>> forecast.mean.shape, forecast.draws.shape
          ((3, 2, 1), (10, 3, 2, 1))
        """
        sizes = (
            checks.positive_int(steps, "steps"),
            checks.positive_int(sample_size, "sample_size"),
        )
        check_forecasts(self)
        compiled = self.compiled_function(sampled_forecast)
        return forecast(self, compiled, x, *sizes, seeds.as_seed(seed), condition)

    def call(self, x: Any, condition: Any = None, training: bool | None = None) -> tf.Tensor:
        """Returns the mean of p(x|z) at the posterior mean, `[B, *event]`.

        For class codes, which have no mean, it is the most probable one.
        """
        batch = self.distributions(x, seeds.EVALUATION, condition, bool(training))
        likelihood = batch.decoder_fn(self.reconstructing_latents(batch.posterior))
        return self.decoder.likelihood.prediction(likelihood)

    def distributions(
        self,
        x: Any,
        seed: seeds.Seed = seeds.EVALUATION,
        condition: Any = None,
        training: bool = False,
    ) -> BatchDistributions:
        """Returns the distributions of a batch, from which every estimate of log p(x) is computed.

        Args:
          x: Data, `[B, *event]`.
          seed: The seed of a preprocess layer that draws: an int or a `[2]` integer tensor.
          condition: y, `[B, ...]`, for a model of p(x|y).
          training: Whether the networks run as in training, with dropout.

        Returns:
          `BatchDistributions`: the prepared `x`, `[B, *event]`, `posterior`, batch `[B]`, `prior`,
          batch `[]`, and the functions `likelihood_fn` and `decoder_fn` of latents.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model.

        Example:
          >>> known = vae.distributions(x)
          >>> z = known.posterior.sample(100, seed=0)
          >>> known.log_weights(z).shape  # log p(x, z) - log q(z|x), in nats
          TensorShape([100, 20])
        """
        prepared, observed = self.pipeline.prepared(x, seed)
        features = self.pipeline.features(condition, prepared.shape[0], training)
        layer = self.decoder.likelihood
        exposure = self.pipeline.exposures_in(condition)
        known = layer.known_of(prepared, observed, exposure)

        def decoder_fn(z: tf.Tensor) -> tfd.Distribution:
            return self.decoded(z, features, training, known)

        def likelihood_fn(z: tf.Tensor) -> tfd.Distribution:
            likelihood = decoder_fn(z)
            if training:
                likelihood = layer.fitted_to(likelihood, prepared, observed)
                training_seed = seeds.fold_in(seeds.as_seed(seed), _LIKELIHOOD)
                likelihood = layer.in_training(likelihood, training_seed)
            return likelihood if observed is None else layer.of_observed(likelihood, observed)

        seen = self.pipeline.corrupted(prepared, seed) if training else prepared
        posterior = self.encoder.of_tensors(
            self.pipeline.joined(seen, features, exposure), observed=observed, training=training
        )
        prior = self.prior_of(features)
        labels, label_log_prob = self.pipeline.labels, None
        if labels is not None and condition is not None:
            label = self.pipeline.parts.labels_in(condition)
            label_log_prob = labels.log_prob(posterior, label)
            posterior = labels.observed(posterior, label)
        return BatchDistributions(
            prepared, posterior, prior, likelihood_fn, decoder_fn, label_log_prob
        )

    def decoded(
        self,
        z: tf.Tensor,
        features: tf.Tensor | None = None,
        training: bool = False,
        known: Known | None = None,
    ) -> tfd.Distribution:
        """Returns p(x|z) for latents `[..., latent_size]` and features `[B, C]` of a condition.

        `known` is what the likelihood is given of the rows beside these; None if nothing.
        """
        seen = self.decoder_latents(z)
        if features is not None:
            seen = condition_beside(seen, features, event_rank=1)
        given = {} if known is None else {"known": known}
        return self.decoder.of_tensors(seen, training=training, **given)

    def decoder_latents(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the latents that the decoder sees, of `[..., latent_size]`: all of them."""
        return z

    def reconstructing_latents(self, posterior: tfd.Distribution) -> tf.Tensor:
        """Returns the latents of a reconstruction, `[B, latent_size]`: the posterior mean.

        Of categorical latents they are the most probable ones.
        """
        return self.encoder.posterior.point(posterior)

    def objective_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool, condition: Any = None
    ) -> ObjectiveTerms:
        """Computes the terms of the objective for rows `[B, *event]`, in nats, `[B]` each."""
        return self.terms_of(self.objective, x, seed, step, training, condition)

    def scored_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool, condition: Any = None
    ) -> tuple[ObjectiveTerms, dict[str, tf.Tensor]]:
        """Computes the terms of the objective, and the metrics of `compile`, `[B]` each.

        In training the objective and the posterior learn from the batch, if there is something to.
        """
        batch, terms = self._scored(self.objective, x, seed, step, training, condition)
        if training:
            learning_seed = seeds.independent_seed(seed)
            self.objective.learn(batch.posterior, terms, learning_seed, step)
            self.encoder.posterior.learn(batch.posterior, seeds.fold_in(learning_seed, 0))
        functions = self.trainer.state.log.functions
        return terms, row_metric_values(functions, batch, terms) if functions else {}

    def terms_of(
        self,
        objective: Objective,
        x: Any,
        seed: tf.Tensor,
        step: Any,
        training: bool,
        condition: Any,
    ) -> ObjectiveTerms:
        """Computes the terms of an objective for rows `[B, *event]`, in nats, `[B]` each.

        Args:
          objective: The objective.
          x: Data, `[B, *event]`.
          seed: A stateless seed, `[2]`.
          step: The training step, or None.
          training: Whether the networks run as in training.
          condition: y, `[B, ...]`, or None.
        """
        return self._scored(objective, x, seed, step, training, condition)[1]

    def _scored(
        self,
        objective: Objective,
        x: Any,
        seed: tf.Tensor,
        step: Any,
        training: bool,
        condition: Any,
    ) -> tuple[BatchDistributions, ObjectiveTerms]:
        """Returns the distributions of a batch, and the terms of an objective."""
        preprocess_seed, objective_seed = seeds.split(seed, 2)
        batch = self.distributions(x, preprocess_seed, condition, training)
        terms = objective(
            batch.x,
            posterior=batch.posterior,
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=objective_seed,
            step=step,
        )
        if batch.label_log_prob is not None:
            classified = self.classification_weight * batch.label_log_prob
            terms = terms._replace(objective=terms.objective + classified)
        cost = self.encoder.posterior.cost(batch.posterior)
        if cost is not None:
            terms = terms._replace(objective=terms.objective - cost)
        return batch, terms

    def compiled_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function of a model, compiled once for this model.

        A single `tf.function` for all models would be traced again for each, of which TensorFlow
        warns.

        Args:
          function: A function of the model and of further arguments, tensors of any shape.

        Returns:
          A `tf.function` of the further arguments; the same one for the same function.

        Example:
          >>> def reconstructed(vae, x):
          ...     return vae.decoder(vae.encoder(x).mean()).mean()
          >>> vae.compiled_function(reconstructed)(x).shape
          TensorShape([20, 3])
        """
        name = f"{function.__module__}.{function.__qualname__}"
        known = self._compiled_functions.get(name)
        # Two closures of one function have the same name.
        if known is None or known.python_function.func is not function:
            known = tf.function(
                functools.partial(function, self),
                jit_compile=True,
                reduce_retracing=True,
                autograph=False,
            )
            self._compiled_functions[name] = known
        compiled: Callable[..., Any] = known
        return compiled

    def adapt(self, x: Any, condition: Any = None) -> None:
        """Lets the model begin at its data.

        The first `fit` does this by itself. Weights that were trained are lost.

        - The encoder's network sees every value standardised; counts through log1p, class codes as
          one-hot vectors, pixels divided by one number. The layer that does so is saved with the
          model.
        - p(x|z) begins at the marginals of the data, and its location and scale are multiples of a
          unit for every value, which is part of the distribution: densities stay in the data's own
          units.
        - Where the likelihood has a location (Normal, StudentT, Laplace, DiscretizedLogistic) and
          the posterior is normal, a linear path runs beside both networks, whose last layers begin
          at zero: the model begins as factor analysis. With a Normal likelihood and a posterior
          `MultivariateNormalDiag` or `MultivariateNormalTriL`, the ELBO of every row then is log
          p(x) of factor analysis; with one scale for all values, that of probabilistic PCA.
        - Where it has none but logits or logarithms of means (Bernoulli, ContinuousBernoulli,
          Categorical, Poisson, NegativeBinomial, Gamma, or a Product of such), the path begins near
          exponential-family factor analysis of the rows, where its ELBO under a standard normal
          prior is above that of the marginals, and else at the marginals.
        - The pseudo-inputs of a VampPrior are set to rows.

        At most 10,000 rows, drawn from all of them in one pass, are used; of a dataset of unknown
        length, which may be endless, the first 100,000 rows are read, and in `fit` of a generator
        only its first rows, which are trained on, too.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes, but no iterator.
          condition: y, `[N, ...]`, for an array of counts whose likelihood has
            `offset="exposure"`, which begins at rates; no other likelihood looks at it.

        Raises:
          TypeError: If the data holds no real numbers, or is an iterator, whose batches would be
            lost to training.
          ValueError: If it does not fit the model, or exposures are missing.

        Example:
          >>> vae.adapt(x)

        Source: Tipping & Bishop (1999), "Probabilistic principal component analysis", for the exact
        posterior of the linear model; Collins, Dasgupta & Schapire (2001), "A generalization of
        principal component analysis to the exponential family", for that of other likelihoods.
        """
        if isinstance(x, Iterator):
            raise TypeError(
                "`x` must be an array or a dataset, which can be read again; got an iterator, "
                "whose batches would be lost to training."
            )
        data = self.trainer.initial_data(x)
        y = None if condition is None else checks.array(condition, "condition")
        self._adapt(data, y, wanted=True)

    def adapt_once(self, x: Any, y: np.ndarray | None = None) -> None:
        """Adapts a model of which no part was adapted or trained; `fit` calls it at first.

        A trained encoder or decoder that is a part of a new model stays as it is.
        """
        paths = [self.decoder.linear_path, self.encoder.linear_path]
        untouched = all(path is None or path.is_untouched for path in paths)
        self._adapt(x, y, wanted=self.decoder.linear_path is not None and untouched)

    @property
    def marginal_elbo(self) -> float | None:
        """The mean log-probability of the data adapted to under independent columns, in nats.

        It is what a model reaches that learns nothing of what the columns share; None before the
        model is adapted.

        Example:
          >>> vae.adapt(x)
          >>> vae.marginal_elbo < 0.0
          True
        """
        return adaptation.marginal_elbo(self)

    def _adapt(self, x: Any, y: np.ndarray | None, wanted: bool) -> None:
        wanted = wanted and self.adaptive
        for_prior = self.prior_layer.rows_wanted
        if not wanted and not for_prior:
            return
        found = initial_pairs(x, y, shapes.size_of(self.event_shape))
        if found is None:
            return
        rows, of_rows = found
        prepared, observed = self.pipeline.prepared(rows)
        if wanted:
            if self.pipeline.parts.exposed:
                self.check_condition(of_rows, len(rows))
            exposure = self.pipeline.exposures_in(of_rows)
            seen, of_rows = (
                None if each is None else each.numpy() for each in (observed, exposure)
            )
            adaptation.adapt(self, prepared.numpy(), seen, of_rows)
        if for_prior:
            self.prior_layer.adapt(prepared)

    def prepared(self, x: Any, seed: seeds.Seed = seeds.EVALUATION) -> tf.Tensor:
        """Returns data as encoder and likelihood see it: checked, cast, preprocessed and filled.

        Missing values are filled by 0, or by another number in the likelihood's support.

        Args:
          x: Data, `[B, *event]`, or in a shape that the preprocess layer turns into that.
          seed: The seed of a preprocess layer that draws.

        Returns:
          A tensor `[B, *event]`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        return self.pipeline.prepared(x, seed)[0]

    def check_rows(self, x: Any, name: str = "x") -> None:
        """Raises a TypeError or ValueError unless the model can score `x`, `[B, *event]`."""
        self.pipeline.check_rows(x, name)

    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Raises a TypeError or ValueError unless `condition` has a valid y for each row."""
        self.pipeline.check_condition(condition, rows, name)

    def compile(
        self,
        optimizer: Any = "adam",
        *,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        on_nonfinite: str = "raise",
        metrics: Any = None,
        skip_gradients_above: float | None = None,
        **refused: Any,
    ) -> None:
        """Configures training; the loss is that of the objective.

        A step with a NaN or infinite loss or gradient leaves the weights and the optimizer's state
        unchanged.

        Args:
          optimizer: A Keras optimizer, or its name. One that keeps moving averages of the weights,
            such as `keras.optimizers.Adam(use_ema=True, ema_momentum=0.999)`, has them in the model
            in every validation and at the end of every epoch, where callbacks save it; `fit` leaves
            the model with them.
          run_eagerly: Whether every step runs in Python, for debugging.
          steps_per_execution: The number of batches in one call of the compiled function.
          jit_compile: Whether to compile with XLA; "auto" does so where it is faster, which is not
            on replicas, nor on a CPU where a layer convolves images or volumes, or draws random
            numbers, as Dropout and GaussianNoise do.
          on_nonfinite: What `fit` does at a step with a non-finite loss or gradient: "raise" a
            FloatingPointError that names the row, the term and the latent or the index in the
            event; or "skip" the step, count it in the log as `skipped_steps`, and continue. The
            terms of the log are those of the steps taken.
          metrics: More to log: a dict from names to functions of `(batch, terms)`, or a list of
            functions with names. `batch` is the `BatchDistributions` of a batch, `terms` are the
            `ObjectiveTerms`; a function returns a number for each row, `[B]`, of which the log has
            the mean over rows, in training and validation. They are not saved with the model.
          skip_gradients_above: The largest global norm of the gradients of a step that is taken,
            before any clipping; a step beyond it is counted in the log as `skipped_steps`. Very
            deep models need it (Child 2021, "Very deep VAEs generalize autoregressive models and
            can outperform them on images"). None for no limit.
          **refused: No other argument: a VAE takes neither a loss nor metrics of targets.

        Raises:
          TypeError: If any other argument is given, or `optimizer` is no optimizer.
          ValueError: If Keras knows no optimizer of that name, or another argument has an invalid
            value.

        Example:
          >>> entropy = lambda batch, terms: batch.posterior.entropy()
          >>> vae.compile("adam", metrics={"entropy": entropy})
          >>> sorted(vae.evaluate(x, verbose=0, return_dict=True))
          ['elbo', 'entropy', 'kl_divergence', 'log_likelihood', 'loss']
          >>> vae.compile(keras.optimizers.Adam(1e-3))
          >>> vae.compile(loss="mse")
          Traceback (most recent call last):
              ...
          TypeError: `loss` is no argument of compile: the loss is the negative mean...
        """
        for name in refused:
            raise TypeError(
                f"`{name}` is no argument of compile: the loss is the negative mean of the "
                f"model's objective, {self.objective!r}, and the log shows its terms."
            )
        chosen = CompileOptions.checked(
            optimizer,
            run_eagerly,
            steps_per_execution,
            jit_compile,
            on_nonfinite,
            metrics,
            [*self.objective.schedules, *self.objective.learned_weights],
            skip_gradients_above,
        )
        with chosen.keras_warnings():
            super().compile(
                optimizer=chosen.optimizer,
                run_eagerly=chosen.run_eagerly,
                steps_per_execution=chosen.steps_per_execution,
                jit_compile=self.trainer.xla_for(chosen),
            )
        self.trainer.compile(chosen)

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Trains the model on x alone, or a model of p(x|y) on x and y.

        Args:
          x: An array `[N, *event]`; rows that are read as they are wanted, of a SciPy sparse
            matrix, an `h5py.Dataset`, a `zarr.Array`, a backed AnnData's X or a PyTorch `Dataset`;
            or batches `[B, *event]` of a `tf.data.Dataset`, `keras.utils.PyDataset`, PyTorch
            `DataLoader` or generator, which for a model of p(x|y) are pairs (x, y).
          y: The condition of every row, `[N, ...]`, for a model of p(x|y); for one with
            `classification_weight` the labels of rows, `[N]`, -1 or NaN where there is none.
            Otherwise None: there are no targets.
          **kwargs: The arguments of `keras.Model.fit`: `batch_size`, `epochs`, `verbose`,
            `callbacks`, `validation_split`, `validation_data` (x alone, or (x, y)), `shuffle`,
            `sample_weight` (`[N]`), `initial_epoch`, `steps_per_epoch`, `validation_steps`,
            `validation_batch_size`, `validation_freq`.

        Returns:
          A `keras.callbacks.History` of `loss`, `elbo`, `log_likelihood` and `kl_divergence`, in
          nats, and of scheduled weights.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it has another shape than the model's event, values that are non-finite or
            outside the likelihood's support, no rows, or targets, or if the condition is missing or
            does not fit. An array is checked before the first step, each batch of a dataset before
            its use.
          FloatingPointError: If the loss or a gradient is non-finite; the step is not taken.
          RuntimeError: If one of several workers is unreachable.

        Warns:
          RuntimeWarning: If the ELBO of the validation data was NaN; or, after at least 25 epochs,
            if the ELBO still climbs steeply or is below that of independent columns.

        Example:
          >>> vae.compile("adam")
          >>> history = vae.fit(x, epochs=2, batch_size=10, verbose=0)
          >>> len(history.history["elbo"])
          2
        """
        if self.pipeline.labels is not None and y is not None:
            # Labels that are invalid are refused where the data is checked.
            with contextlib.suppress(IndexError, TypeError, ValueError):
                self.pipeline.labels.warn_of_few(self.pipeline.parts.labels_in(y))
        return self.trainer.fit(x, y, kwargs)

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Computes the means over rows of the loss and the terms of the ELBO, in nats.

        The noise is the same at every call, so that two calls agree.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes.
          y: The condition of every row, `[N, ...]`, for a model of p(x|y), or labels, `[N]`.
            Otherwise None.
          **kwargs: The arguments of `keras.Model.evaluate`, such as `batch_size`, `verbose`,
            `sample_weight` and `return_dict`.

        Returns:
          A list of loss, elbo, log-likelihood and KL divergence, or a dict with
          `return_dict=True`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.

        Example:
          >>> vae.compile("adam")
          >>> loss, elbo, log_likelihood, kl_divergence = vae.evaluate(x, verbose=0)
          >>> bool(np.isclose(elbo, log_likelihood - kl_divergence))
          True
        """
        return self.trainer.evaluate(x, y, kwargs)

    def predict(self, x: Any, condition: Any = None, **kwargs: Any) -> Any:
        """Reconstructs rows: the mean of p(x|z) at the posterior mean; for codes see `encode`.

        For class codes, which have no mean, it is the most probable one.

        Args:
          x: An array `[N, *event]`, or what else `fit` takes.
          condition: y, `[N, ...]`, for a model of p(x|y) and an array of x.
          **kwargs: The arguments of `keras.Model.predict`, such as `batch_size` and `verbose`.

        Returns:
          An array `[N, *event]`.

        Raises:
          TypeError: If the data holds no real numbers.
          ValueError: If it does not fit the model, as in `fit`.

        Example:
          >>> vae.predict(x, verbose=0).shape
          (20, 3)
        """
        return self.trainer.predict(x, condition, kwargs)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The metrics of training, in order."""
        return self.trainer.state.metrics

    @property
    def has_custom_train_step(self) -> bool:
        """Whether a subclass overrides `train_step`."""
        return type(self).train_step is not VAE.train_step

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Takes a step on a batch, if loss and gradients are finite, and returns the log."""
        return self.trainer.train_step(data)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Scores a batch, with noise keyed by its position in the data, and returns the log."""
        return self.trainer.test_step(data)

    def predict_step(self, data: Any) -> tf.Tensor:
        """Returns the predictions for a batch, `[B, *event]`."""
        x, condition, _ = self.trainer.state.unpacked(data)
        return self(x, condition, training=False)

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Builds the function that `train_on_batch` calls."""
        del force
        self.train_function = self.trainer.train_on_next
        return self.train_function

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Saves the model to a `.keras` file, atomically.

        Args:
          filepath: The file.
          overwrite: Whether an existing file is replaced; if not, Keras asks on the terminal.
          zipped: As of Keras: whether to write an archive instead of a folder.
          **kwargs: As of `keras.Model.save`.

        Raises:
          TypeError: If `filepath` is no path.
          ValueError: If it does not end in .keras.
          OSError: If it cannot be written; an existing file is left unchanged.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.save(f"{folder}/vae.keras")
          ...     loaded = keras.models.load_model(f"{folder}/vae.keras")
          >>> bool(np.all(loaded.elbo(x, seed=0).elbo == vae.elbo(x, seed=0).elbo))
          True
        """
        self.trainer.state.build_optimizer()
        with saving.whole_model(filepath, overwrite) as path:
            super().save(path, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the weights to a `.weights.h5` file, atomically.

        Args:
          filepath: The file.
          overwrite: Whether an existing file is replaced; if not, Keras asks on the terminal.
          **kwargs: As of `keras.Model.save_weights`; several shards are not written atomically.

        Raises:
          TypeError: If `filepath` is no path.
          ValueError: If it does not end in .weights.h5.
          OSError: If it cannot be written.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.save_weights(f"{folder}/vae.weights.h5")
          ...     vae.load_weights(f"{folder}/vae.weights.h5")
        """
        self.trainer.state.build_optimizer()
        sharded = kwargs.get("max_shard_size") is not None
        with saving.whole_weights(filepath, overwrite, sharded) as file:
            super().save_weights(file, overwrite=overwrite, **kwargs)

    def export(self, filepath: Any, **kwargs: Any) -> None:
        """Exports a SavedModel that can be served without tfp_vae.

        Its signatures are `encode` (x to `mean` and `stddev` of the posterior), `decode` (z to
        `mean`), `sample` (`sample_size` and `seed` to `x`) and `elbo` (x and seed to the terms, in
        nats).

        Args:
          filepath: The folder to write.
          **kwargs: `verbose`, as of Keras.

        Raises:
          OSError: If it cannot be written; an existing folder is left unchanged.
          TypeError: If `filepath` is no path, or another argument is given.
          ValueError: If `format` is another than "tf_saved_model", or `filepath` is the name of a
            file of ONNX or TensorFlow Lite.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.export(folder, verbose=False)
          ...     served = tf.saved_model.load(folder)
          >>> served.encode(tf.constant(x, "float32"))["mean"].shape
          TensorShape([20, 2])
        """
        export.export(self, filepath, **kwargs)

    def summary(self, *args: Any, print_fn: Any = None, **kwargs: Any) -> None:
        """Prints the layers and weights, how steps are run, and whether the KL divergence is exact.

        Of a model with codes it also says how many were in use lately in training.

        Args:
          *args: As of `keras.Model.summary`.
          print_fn: A function that is called with the text instead of printing it.
          **kwargs: As of `keras.Model.summary`.

        Raises:
          TypeError: If `print_fn` is no function.

        Example:
          >>> lines = []
          >>> vae.summary(print_fn=lines.append)
          >>> lines[-1]
          ' KL: exact'
        """
        if print_fn is not None and not callable(print_fn):
            raise TypeError(f"`print_fn` must be a function; got a {type(print_fn).__name__}.")
        super().summary(*args, print_fn=print_fn, **kwargs)
        lines = [f" {adaptation.state(self)}", f" {self.kl_declaration}"]
        if isinstance(self.encoder.posterior, VectorQuantized):
            lines.insert(0, f" Codes: {self.encoder.posterior.use}")
        if self.compiled:
            lines.insert(0, f" Training: {self.trainer.path}")
        for line in lines:
            if print_fn is None:
                sys.stdout.write(line + "\n")
            else:
                print_fn(line)

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the arguments of `compile`, for saving."""
        return self.trainer.compile_config() if self.compiled else None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles with the result of `get_compile_config`."""
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**{**config, "optimizer": optimizer})
        if self.built:
            optimizer.build(self.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal model, untrained."""
        parts = {
            **self._parts_config(),
            "objective": self.objective,
            "preprocess": self.preprocess,
            "condition": self.condition,
        }
        if self.corruption is not None:
            parts["corruption"] = self.corruption
        labels = {}
        if self.classification_weight is not None:
            labels["classification_weight"] = self.classification_weight
        serialized = {
            name: None if part is None else keras.saving.serialize_keras_object(part)
            for name, part in parts.items()
        }
        code = None if self.missing is None else self.missing.config
        known = self.pipeline.schema
        if known is not None and not isinstance(known, dict):
            known = known.get_config()
        return {
            **({} if known is None else {"schema": known}),
            "name": self.name,
            **serialized,
            **labels,
            "missing_values": code,
            "adaptive": self.adaptive,
        }

    def _parts_config(self) -> dict[str, Any]:
        """Returns the layers of the posterior, the likelihood and the prior."""
        return {"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior_layer}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        """Makes a model from the result of `get_config`."""
        described_columns = config.get("schema")
        config = {name: value for name, value in config.items() if name != "schema"}
        revived = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, (dict, list))
            else value
            for name, value in config.items()
        }
        if isinstance(revived.get("missing_values"), str):
            revived["missing_values"] = float(revived["missing_values"])
        # A file without the key is of a model that is not adaptive.
        model = cls(**{"adaptive": False, **revived})
        model.pipeline.schema = described_columns
        return model
