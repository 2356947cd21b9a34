"""What every model with latents gives: bounds, reconstructions, draws and imputations."""

import abc
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds
from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.model.imputation import Imputation, importance_impute, impute
from tfp_vae.model.inputs import condition as conditions
from tfp_vae.model.inputs.pipeline import PreparedDataModel
from tfp_vae.model.sampling import ancestral_sample
from tfp_vae.objectives import ELBO, ELBOTerms, Objective, ObjectiveTerms


class LatentVariableModel(PreparedDataModel):
    """A model of p(z) p(x|z), or with a condition p(z) p(x|z, y), and of its posterior q.

    A subclass says what prior and posterior are, and which latents the decoder sees. The arguments
    are those of `PreparedDataModel`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._compiled_functions: dict[str, Any] = {}

    def compiled_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function of a model, compiled for this one once and for all.

        TensorFlow warns of one function that is traced again and again, as it would be for every
        model of a grid.

        Args:
          function: Called with the model and with what the compiled one is called with, tensors
            of any shape.

        Returns:
          A `tf.function`, the same at every call with the same function; it is called without the
          model, and returns what the function does.

        Example:
          >>> def reconstructed(vae, x):
          ...     return vae.decoder(vae.encoder(x).mean()).mean()
          >>> vae.compiled_function(reconstructed)(x).shape
          TensorShape([20, 3])
        """
        name = f"{function.__module__}.{function.__qualname__}"
        known = self._compiled_functions.get(name)
        # Two functions that were made in one place have one name.
        if known is None or known.python_function.func is not function:
            self._compiled_functions[name] = tf.function(
                functools.partial(function, self),
                jit_compile=True,
                reduce_retracing=True,
                autograph=False,
            )
        return self._compiled_functions[name]

    @property
    @abc.abstractmethod
    def latent_size(self) -> int:
        """The number of latent variables."""

    @abc.abstractmethod
    def prior(self) -> tfd.Distribution:
        """Returns p(z): batch `[]`, event `[latent_size]`."""

    @abc.abstractmethod
    def inferred(self, inputs: tf.Tensor, training: bool) -> tfd.Distribution:
        """Returns q of what the encoder sees, data `[B, ...]` with the features of a condition."""

    @abc.abstractmethod
    def reconstructing_latents(self, posterior: tfd.Distribution) -> tf.Tensor:
        """Returns the latents `[B, latent_size]` that stand for a posterior in a reconstruction."""

    def decoder_latents(self, z: tf.Tensor) -> tf.Tensor:
        """Returns those of the latents `[..., latent_size]` that the decoder sees: all of them."""
        return z

    def elbo(
        self, x: Any, sample_size: int = 1, seed: seeds.Seed = None, condition: Any = None
    ) -> ELBOTerms:
        """Computes the evidence lower bound of every example, whatever the objective is.

        Args:
          x: Data, `[B, *event]`.
          sample_size: The number of draws from the posterior for every example.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          condition: y, `[B, ...]`, for a model of p(x|y).

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
        objective = ELBO(sample_size=sample_size)
        terms = self.terms_of(objective, x, seeds.as_seed(seed), None, False, condition)
        return ELBOTerms(terms.elbo, terms.log_likelihood, terms.kl_divergence)

    def posterior(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION, condition: Any = None
    ) -> tfd.Distribution:
        """Computes q(z|x) of the data after the preprocess layer.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.
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

    def reconstruct(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION, condition: Any = None
    ) -> tfd.Distribution:
        """Computes p(x|z) at the posterior mean.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.
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
        """Draws from p(x), or p(x|y): latents from the prior, then data from the likelihood.

        Args:
          sample_size: The number of draws.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          mean: Whether to return the mean of p(x|z) of every draw of z rather than a draw of x;
            of class codes, which have no mean, the most probable one.
          condition: y, `[sample_size, ...]`, for a model of p(x|y).

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
        draw = self.compiled_function(ancestral_sample)
        return draw(count, seeds.as_seed(seed), bool(mean), y)

    def impute(
        self,
        x: Any,
        sample_size: int = 10,
        importance_sample_size: int = 1000,
        seed: seeds.Seed = None,
        condition: Any = None,
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
          condition: y, `[N, ...]`, for a model of p(x|y).

        Returns:
          `Imputation`: arrays `mean` and `stddev`, `[N, *event]`, `draws`,
          `[sample_size, N, *event]`, and `effective_sample_size`, `[N]`. Observed values are those
          of `x` in `mean` and `draws`, and have a `stddev` of 0. Class codes have no mean: take
          their `draws`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model, a size is not positive, or the
            model was made without `missing_values`.

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

    def call(self, x: Any, condition: Any = None, training: bool | None = None) -> tf.Tensor:
        """Returns the prediction of p(x|z) at the posterior mean, `[B, *event]`: its mean.

        Of class codes, which have no mean, it is the most probable one.
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
        """Returns all that the model says of a batch, of which every estimate of log p(x) is made.

        Args:
          x: Data, `[B, *event]`.
          seed: What a preprocess layer that draws takes as its seed.
          condition: y, `[B, ...]`, for a model of p(x|y).
          training: Whether the networks run as in training, with dropout.

        Returns:
          `BatchDistributions`: `x` as it is scored, `posterior`, `prior`, `likelihood_fn` and
          `decoder_fn`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model.

        Example:
          >>> known = vae.distributions(x)
          >>> z = known.posterior.sample(100, seed=0)
          >>> known.log_weights(z).shape  # log p(x, z) - log q(z|x), in nats
          TensorShape([100, 20])
        """
        prepared, observed = self.prepared_and_observed(x, seed)
        features = self.condition_features(condition, prepared.shape[0], training)
        layer = self.decoder.likelihood

        def decoder_fn(z: tf.Tensor) -> tfd.Distribution:
            return self.decoded(z, features, training)

        def likelihood_fn(z: tf.Tensor) -> tfd.Distribution:
            likelihood = decoder_fn(z)
            if training:
                likelihood = layer.fitted_to(likelihood, prepared, observed)
            return likelihood if observed is None else layer.of_observed(likelihood, observed)

        inputs = prepared
        if features is not None:
            inputs = conditions.joined(prepared, features, len(self.event_shape))
        posterior = self.inferred(inputs, training)
        return BatchDistributions(prepared, posterior, self.prior(), likelihood_fn, decoder_fn)

    def decoded(
        self, z: tf.Tensor, features: tf.Tensor | None = None, training: bool = False
    ) -> tfd.Distribution:
        """Returns p(x|z) for latents `[..., latent_size]` and a condition's features `[B, C]`."""
        seen = self.decoder_latents(z)
        if features is not None:
            seen = conditions.joined(seen, features, event_rank=1)
        return self.decoder.of_tensors(seen, training=training)

    def objective_terms(
        self, x: tf.Tensor, seed: tf.Tensor, step: Any, training: bool, condition: Any = None
    ) -> ObjectiveTerms:
        """Computes the terms of the objective for rows `[B, *event]`, in nats, `[B]` each."""
        return self.terms_of(self.objective, x, seed, step, training, condition)

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
        preprocess_seed, objective_seed = seeds.split(seed, 2)
        batch = self.distributions(x, preprocess_seed, condition, training)
        return objective(
            batch.x,
            posterior=batch.posterior,
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=objective_seed,
            step=step,
        )
