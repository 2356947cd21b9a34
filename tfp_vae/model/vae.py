"""The variational autoencoder: an encoder, a decoder, a prior and an objective."""

import functools
import inspect
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds
from tfp_vae.likelihoods import Likelihood, Suggestion
from tfp_vae.model import row_checks, serving
from tfp_vae.model.ancestral import ancestral_sample
from tfp_vae.model.assembly import assemble
from tfp_vae.model.batch import BatchDistributions
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.imputation import Imputation, importance_impute, impute
from tfp_vae.model.missing import MissingValues
from tfp_vae.model.steps import ObjectiveModel
from tfp_vae.objectives import ELBO, ELBOTerms, Objective, ObjectiveTerms
from tfp_vae.priors import Prior, StandardNormal


@keras.saving.register_keras_serializable(package="tfp_vae")
class VAE(ObjectiveModel):
    """A variational autoencoder made of distribution objects.

    A Keras model: `compile`, `fit`, `evaluate`, `predict`, `save`. Its loss is the negative mean of
    the objective, in nats. The model is built and its parts are checked against one another when
    it is made.

    Args:
      encoder: From data to the posterior q(z|x).
      decoder: From latents to the likelihood p(x|z).
      prior: p(z); by default the standard normal.
      objective: What training raises; by default the evidence lower bound.
      preprocess: A Keras layer applied to the data first, such as
        `networks.StochasticBinarization()`. Encoder and likelihood both see what it returns.
      missing_values: What stands for a missing value in the data, NaN or a number; None if
        nothing is missing. The bound is then one of log p of the observed values, and the encoder
        sees zeros in the place of the others (Mattei & Frellsen 2019, "MIWAE: deep generative
        modelling and imputation of incomplete data sets").
      **kwargs: The usual arguments of a Keras model.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit: a trunk that fails on its input, features that cannot
        make the event, a prior whose event is not the posterior's, different dtypes.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     encoder=tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     decoder=tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ... )
      >>> vae.elbo(np.ones([3, 4]), seed=0).elbo.shape
      TensorShape([3])

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
        **kwargs: Any,
    ) -> None:
        objective = ELBO() if objective is None else objective
        checks.instance_of(objective, Objective, "objective", "objectives.ELBO()")
        super().__init__(objective, **{"autocast": False, **kwargs})
        self.encoder = checks.instance_of(
            encoder, Encoder, "encoder", "tfp_vae.Encoder(trunk, posterior)"
        )
        self.decoder = checks.instance_of(
            decoder, Decoder, "decoder", "tfp_vae.Decoder(trunk, likelihood)"
        )
        self.prior_layer = StandardNormal() if prior is None else prior
        checks.instance_of(self.prior_layer, Prior, "prior", "priors.StandardNormal()")
        self.preprocess = preprocess
        if preprocess is not None:
            checks.instance_of(
                preprocess, keras.layers.Layer, "preprocess", "networks.StochasticBinarization()"
            )
        self.missing = None
        if missing_values is not None:
            self.missing = MissingValues(missing_values, decoder.likelihood.support)
        self.suggestion: Suggestion | None = None
        assemble(self)
        self._preprocess_draws = preprocess is not None and "seed" in (
            inspect.signature(preprocess.call).parameters
        )
        compiled = {"jit_compile": True, "reduce_retracing": True}
        self._draw = tf.function(functools.partial(ancestral_sample, self), **compiled)
        self._impute = tf.function(functools.partial(importance_impute, self), **compiled)
        self.built = True

    @classmethod
    def for_data(
        cls,
        x: Any,
        latent_size: int = 16,
        likelihood: Likelihood | str | None = None,
        preprocess: keras.layers.Layer | None = None,
    ) -> "VAE":
        """Makes a model for some data: the likelihood from its values, the networks from its shape.

        What was chosen and why stands in `vae.suggestion.reason`.

        Args:
          x: Data, `[N, *event]`, at least two rows.
          latent_size: The number of latent variables.
          likelihood: A likelihood, or its name, to take instead of the suggested one.
          preprocess: A Keras layer applied to the data first; the choice is made on what it
            returns.

        Returns:
          A model, not yet compiled.

        Raises:
          TypeError: If `x` holds no real numbers, or another argument is of the wrong kind.
          ValueError: If `x` has fewer than two rows, values that are not finite or outside the
            likelihood's support, or the likelihood's name is unknown.

        Example:
          >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
          >>> type(vae.decoder.likelihood).__name__
          'Bernoulli'
        """
        from tfp_vae.model.for_data import parts_for

        encoder, decoder, suggestion = parts_for(x, latent_size, likelihood, preprocess)
        vae = cls(encoder, decoder, preprocess=preprocess)
        vae.suggestion = suggestion
        vae.check_rows(x)
        return vae

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one row of data, as the likelihood has it."""
        return self.decoder.likelihood.event_shape

    @property
    def data_dtype(self) -> str:
        """The dtype that data is cast to, that of the likelihood."""
        return self.decoder.likelihood.variable_dtype

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row as it comes in: the event's, or None before a preprocess layer."""
        return self.event_shape if self.preprocess is None else None

    @property
    def latent_size(self) -> int:
        """The number of latent variables."""
        return self.encoder.posterior.latent_size

    def prior(self) -> tfd.Distribution:
        """Returns p(z): batch `[]`, event `[latent_size]`."""
        return self.prior_layer.distribution()

    def elbo(self, x: Any, sample_size: int = 1, seed: seeds.Seed = None) -> ELBOTerms:
        """Computes the evidence lower bound of every example, whatever the objective is.

        Args:
          x: Data, `[B, *event]`.
          sample_size: The number of draws from the posterior for every example.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.

        Returns:
          `ELBOTerms`: `elbo`, `log_likelihood` and `kl_divergence`, `[B]` each, in nats.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model, or `sample_size` is not positive.

        Example:
          >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
          >>> terms = vae.elbo(np.array([[0, 1, 1]]), sample_size=10, seed=0)
          >>> bool(terms.elbo == terms.log_likelihood - terms.kl_divergence)
          True
        """
        checks.positive_int(sample_size, "sample_size")
        terms = self._terms(ELBO(sample_size=sample_size), x, seeds.as_seed(seed), None, False)
        return ELBOTerms(terms.elbo, terms.log_likelihood, terms.kl_divergence)

    def posterior(self, x: Any, seed: seeds.Seed = seeds.EVALUATION) -> tfd.Distribution:
        """Returns q(z|x) after the preprocess layer: batch `[B]`, event `[latent_size]`.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        return self.encoder(self.prepared(x, seed))

    def reconstruct(self, x: Any, seed: seeds.Seed = seeds.EVALUATION) -> tfd.Distribution:
        """Returns p(x|z) at the posterior mean: batch `[B]`, event `[*event]`.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        return self.decoder(self.posterior(x, seed).mean())

    def sample(self, sample_size: int, seed: seeds.Seed = None, mean: bool = False) -> tf.Tensor:
        """Draws from p(x): latents from the prior, then data from the likelihood.

        Args:
          sample_size: The number of draws.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          mean: Whether to return the mean of p(x|z) of every draw of z rather than a draw of x;
            of class codes, which have no mean, the most probable one.

        Returns:
          A tensor `[sample_size, *event]`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `sample_size` is not positive.
        """
        count = checks.positive_int(sample_size, "sample_size")
        return self._draw(count, seeds.as_seed(seed), bool(mean))

    def impute(
        self,
        x: Any,
        sample_size: int = 10,
        importance_sample_size: int = 1000,
        seed: seeds.Seed = None,
    ) -> Imputation:
        """Fills in missing values: their mean, their spread and draws, given the observed ones.

        The posterior is the proposal of self-normalised importance sampling, so that the result
        tends to that under the exact p(x_missing|x_observed) of the model as the importance sample
        grows, whatever the encoder. The draws are taken by importance resampling.

        Args:
          x: Data, `[N, *event]`, with what `missing_values` said for what is missing.
          sample_size: The number of draws of every row, for multiple imputation.
          importance_sample_size: The number of latents drawn for every row.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.

        Returns:
          An `Imputation` of arrays: `mean` and `stddev`, `[N, *event]`, `draws`,
          `[sample_size, N, *event]`, and `effective_sample_size`, `[N]`. In all of them but
          `stddev`, which is 0 there, observed values are those of `x`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` does not fit the model, a size is not positive, or the model was made
            without `missing_values`.

        Example:
          >>> vae = tfp_vae.VAE(
          ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
          ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
          ...     missing_values=np.nan,
          ... )
          >>> vae.impute(np.array([[0.5, np.nan, -1.0]]), seed=0).mean[0, [0, 2]]
          array([ 0.5, -1. ])

        Source: Mattei & Frellsen (2019), "MIWAE", equations 10 to 13.
        """
        sizes = (
            checks.positive_int(sample_size, "sample_size"),
            checks.positive_int(importance_sample_size, "importance_sample_size"),
        )
        return impute(self, self._impute, x, *sizes, seeds.as_seed(seed))

    def call(self, x: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the prediction of p(x|z) at the posterior mean, `[B, *event]`: its mean.

        Of class codes, which have no mean, it is the most probable one.
        """
        prepared = self.prepared(x, seeds.EVALUATION)
        z = self.encoder(prepared, training=training).mean()
        return self.decoder.likelihood.prediction(self.decoder(z, training=training))

    def prepared(self, x: Any, seed: seeds.Seed = seeds.EVALUATION) -> tf.Tensor:
        """Returns data as encoder and likelihood see it: checked, cast, preprocessed and filled.

        What stands in the place of missing values is 0, or a number in the likelihood's support.

        Args:
          x: Data, `[B, *event]`, or whatever shape the preprocess layer turns into that.
          seed: What a preprocess layer that draws takes as its seed.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        return self._prepared(x, seed)[0]

    def distributions(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION, training: bool = False
    ) -> BatchDistributions:
        """Returns all that the model says of a batch, of which every estimate of log p(x) is made.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.
          training: Whether the networks run as in training, with dropout.

        Returns:
          `BatchDistributions`: the data as it is scored, `posterior`, `prior`, `likelihood_fn`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        prepared, observed = self._prepared(x, seed)

        def likelihood_fn(z: tf.Tensor) -> tfd.Distribution:
            layer = self.decoder.likelihood
            likelihood = self.decoder(z, training=training)
            if training:
                likelihood = layer.fitted_to(likelihood, prepared, observed)
            return likelihood if observed is None else layer.of_observed(likelihood, observed)

        posterior = self.encoder(prepared, training=training)
        return BatchDistributions(prepared, posterior, self.prior(), likelihood_fn)

    def check_rows(self, x: Any, name: str = "x") -> None:
        """Checks that `x` is data which this model can score, as far as its values tell.

        Args:
          x: Data, `[B, *event]`.
          name: What the caller calls `x`.

        Raises:
          TypeError: If `x` holds no real numbers.
          ValueError: If its shape or a value does not fit.
        """
        seed = seeds.as_seed(seeds.EVALUATION)
        row_checks.check_rows(self, x, name, lambda rows: self._preprocessed(rows, seed))

    def objective_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool
    ) -> ObjectiveTerms:
        """Computes the terms of the objective for rows `[B, *event]`, in nats, `[B]` each."""
        return self._terms(self.objective, x, seed, step, training)

    def export(self, filepath: Any, **kwargs: Any) -> None:
        """Writes a SavedModel that serves without tfp_vae.

        Its signatures are `encode` (x to `mean` and `stddev` of the posterior), `decode` (z to
        `mean`), `sample` (`sample_size` and `seed` to `x`) and `elbo` (x and seed to the terms).

        Args:
          filepath: The folder to write.
          **kwargs: `verbose`, as of Keras.

        Raises:
          ValueError: If another format than "tf_saved_model" is asked for.
        """
        serving.export(self, filepath, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal model, untrained."""
        parts = {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "prior": self.prior_layer,
            "objective": self.objective,
            "preprocess": self.preprocess,
        }
        serialized = {
            name: None if part is None else keras.saving.serialize_keras_object(part)
            for name, part in parts.items()
        }
        missing = self.missing
        code = None if missing is None else missing.config
        return {"name": self.name, **serialized, "missing_values": code}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        """Makes a model of what `get_config` returned."""
        revived = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, dict)
            else value
            for name, value in config.items()
        }
        if isinstance(revived.get("missing_values"), str):
            revived["missing_values"] = float(revived["missing_values"])
        return cls(**revived)

    def _terms(
        self, objective: Objective, x: Any, seed: tf.Tensor, step: Any, training: bool
    ) -> ObjectiveTerms:
        preprocess_seed, objective_seed = seeds.split(seed, 2)
        batch = self.distributions(x, preprocess_seed, training)
        return objective(
            batch.x,
            posterior=batch.posterior,
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=objective_seed,
            step=step,
        )

    def _prepared(self, x: Any, seed: seeds.Seed) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns what `prepared` does, and which of it is observed, or None for all."""
        if isinstance(x, tf.Variable):
            x = tf.convert_to_tensor(x)
        if not isinstance(x, tf.Tensor) or isinstance(x, tf.__internal__.EagerTensor):
            self.check_rows(x)
        prepared = self._preprocessed(tf.convert_to_tensor(x), seeds.as_seed(seed))
        checks.batch_shape(prepared.shape, self.event_shape)
        if self.missing is None:
            return prepared, None
        observed = self.missing.observed(prepared)
        return self.missing.filled(prepared, observed), observed

    def _preprocessed(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        x = tf.cast(x, self.data_dtype)
        if self.preprocess is None:
            return x
        arguments = {"seed": seed} if self._preprocess_draws else {}
        return tf.cast(self.preprocess(x, **arguments), self.data_dtype)
