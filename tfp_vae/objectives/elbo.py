"""The evidence lower bound."""

from typing import Any, Self

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, divergences, seeds
from tfp_vae.objectives import schedules
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.categorical_draws import (
    check_categories_drawn,
    leave_one_out_signals,
    straight_through,
    with_score,
)
from tfp_vae.objectives.enumeration import categorical_pair, categorical_part, terms_given
from tfp_vae.objectives.gradient_estimators import (
    check_reparameterized,
    path_kl_divergence,
    value_with_gradient_of,
)
from tfp_vae.objectives.learned_baseline import LearnedBaseline, baseline_of, probs_of
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.schedules import AnySchedule
from tfp_vae.objectives.terms import ObjectiveTerms

_OF_CATEGORIES = ("score_function", "straight_through")


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class ELBO(Objective):
    """The evidence lower bound, log-likelihood less KL (Kingma & Welling 2013, equation 3).

    The KL is exact if one is registered for the two distributions, and else estimated from the same
    draws as the likelihood; a model's summary and the objective's repr say which.

    Args:
      kl_weight: The weight of the KL in the objective: a number (the beta of Higgins et al. 2017,
        "beta-VAE"), or a schedule, called with the training step. 1 is the bound itself.
      free_bits: The lower limit, in nats, of the KL of every latent of every example in the
        objective: below it there is nothing to gain. After Kingma et al. (2016), "Improved
        variational inference with inverse autoregressive flow", who apply it to the mean over a
        minibatch; here it applies to each example, so that no row depends on another.
      sample_size: The number of draws from the posterior for every example.
      gradient_estimator: "standard" (differentiate the computed bound), or
        "sticking_the_landing" (Roeder et al. 2017, equation 8): the KL's gradient is that of its
        estimate from the draws of the likelihood, without the score of log q(z|x). At the exact
        posterior the encoder's gradient is then zero for every draw, not only in expectation. The
        value is that of the standard estimator, with the exact KL where there is one. Two are for
        categorical latents, which they draw, `sample_size` times, where the others sum over them:
        "score_function" (Williams 1992), without bias, by default less the mean of the other draws
        (Kool et al. 2019); and "straight_through" (Bengio et al. 2013), with the gradient of
        the probabilities, of less variance and biased.
      baseline: What is subtracted from the objective of a draw in the score function:
        "leave_one_out", the mean of the other draws, or "learned", a function of q(c|x) that a
        network learns beside the model (Mnih & Gregor 2014, "Neural variational inference and
        learning in belief networks"). A model has a network of its own, in `vae.objective`; where
        no model has trained with it, it is 0.
      layer_free_bits: The lower limit, in nats, of the KL of every layer of latents of every
        example in the objective, as for groups of latents in Kingma et al. (2016). In a ladder the
        KL of a layer is exact given the layers above; in a chain inferred from the data up it is an
        estimate from the draws, and the limit of a noisy number is biased upwards.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is neither a number nor, for `kl_weight`, a schedule.
      ValueError: If a weight is negative, `sample_size` not positive, the estimator or the baseline
        unknown, or a baseline learned without a score function; when it is called, if the estimator
        is "sticking_the_landing" and the posterior's draws are not reparameterised.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.ELBO()(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> terms.kl_divergence.numpy()
      array([0., 0., 0.])
    """

    def __init__(
        self,
        kl_weight: float | AnySchedule = 1.0,
        free_bits: float = 0.0,
        sample_size: int = 1,
        gradient_estimator: str = "standard",
        baseline: str = "leave_one_out",
        layer_free_bits: float = 0.0,
    ) -> None:
        self.kl_weight = schedules.number_or_schedule(kl_weight, "kl_weight")
        self.free_bits = checks.finite_number(free_bits, "free_bits", minimum=0.0)
        self.sample_size = checks.positive_int(sample_size, "sample_size")
        self.gradient_estimator = checks.one_of(
            gradient_estimator,
            ["standard", "sticking_the_landing", *_OF_CATEGORIES],
            "gradient_estimator",
        )
        self.baseline = checks.one_of(baseline, ["leave_one_out", "learned"], "baseline")
        if self.baseline == "learned" and self.gradient_estimator != "score_function":
            raise ValueError(
                '`baseline` must be "leave_one_out" unless the gradient estimator is '
                f'"score_function"; got "learned" with {self.gradient_estimator!r}.'
            )
        self.layer_free_bits = checks.finite_number(layer_free_bits, "layer_free_bits", minimum=0.0)
        if self.layer_free_bits and (self.free_bits or gradient_estimator != "standard"):
            raise ValueError(
                "`layer_free_bits` must be 0 with `free_bits` or a `gradient_estimator` other than "
                f"'standard'; got {self.layer_free_bits:g} with {self.free_bits:g} and "
                f"{gradient_estimator!r}."
            )

    def for_model(self, latent_size: int, dtype: str) -> Self:
        """Returns a copy with a network of its own, if there is one to learn, or itself."""
        if self.baseline != "learned":
            return self
        return self._with_state(LearnedBaseline(latent_size, dtype))

    def learn(
        self,
        posterior: tfd.Distribution,
        terms: ObjectiveTerms,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> None:
        """Takes a step of the baseline towards the objective of the rows."""
        del seed, step
        baseline = self.state
        if isinstance(baseline, LearnedBaseline):
            targets = tf.cast(tf.stop_gradient(terms.objective), baseline.variable_dtype)
            baseline.learn(probs_of(posterior, baseline), targets)

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound and the weighted objective from the same draws."""
        if self.draws_categories:
            check_categories_drawn(posterior, self.gradient_estimator)
        z, _, terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed)
        counted = self._counted_kl_divergence(posterior, prior, z, terms.kl_divergence)
        weight = schedules.value_at(self.kl_weight, step, counted.dtype)
        return terms._replace(objective=terms.log_likelihood - weight * counted)

    @property
    def draws_categories(self) -> bool:
        """Whether categorical latents are drawn, and not summed over."""
        return self.gradient_estimator in _OF_CATEGORIES

    def drawn_terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound and the objective from draws of the categorical latents."""
        categorical, prior_part = categorical_pair(posterior, prior)
        of_categories, of_the_rest = seeds.split(seed, 2)
        c = drawn = categorical.sample(self.sample_size, seed=of_categories)
        if self.gradient_estimator == "straight_through":
            c = straight_through(drawn, categorical)
        single = ELBO(self.kl_weight, self.free_bits)
        of_each = terms_given(single, x, posterior, prior, likelihood_fn, c, c, of_the_rest, step)
        mean = ObjectiveTerms(*(tf.reduce_mean(term, axis=0) for term in of_each))
        objective = mean.objective
        cost = self.categorical_cost(categorical, prior_part, step)
        if self.gradient_estimator == "score_function":
            values = tf.ensure_shape(of_each.objective, [self.sample_size, None])
            if self.baseline == "learned":
                baseline = baseline_of(posterior, self.state, values)
                signals = (values - cost - baseline) / self.sample_size
            else:
                signals = leave_one_out_signals(values)
            objective = with_score(objective, signals, categorical.log_prob(drawn))
        kl_divergence = mean.kl_divergence + tfd.kl_divergence(categorical, prior_part)
        return ObjectiveTerms(
            elbo=mean.log_likelihood - kl_divergence,
            log_likelihood=mean.log_likelihood,
            kl_divergence=kl_divergence,
            objective=objective - cost,
        )

    def categorical_cost(
        self,
        posterior: distributions.OneHotCategorical,
        prior: distributions.OneHotCategorical,
        step: int | tf.Tensor | None,
    ) -> tf.Tensor:
        """Returns the weighted KL of the categorical latents, `[B]`, each of at least free bits."""
        of_each = tfd.kl_divergence(posterior.variables, prior.variables)
        counted = tf.reduce_sum(tf.maximum(of_each, self.free_bits), axis=-1)
        return schedules.value_at(self.kl_weight, step, counted.dtype) * counted

    @property
    def schedules(self) -> dict[str, AnySchedule]:
        """The weight of the KL, if it follows a schedule."""
        return {"kl_weight": self.kl_weight} if isinstance(self.kl_weight, AnySchedule) else {}

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the KL is a sum over latents if there are free bits.

        Raises:
          ValueError: If the posterior is not reparameterised, or `free_bits` is set and one of the
            two distributions does not factorise.
        """
        super().check_pair(posterior, prior)
        if self.draws_categories:
            check_categories_drawn(posterior, self.gradient_estimator)
        if self.layer_free_bits and categorical_part(posterior) is not None:
            raise ValueError(
                "`layer_free_bits` must be 0 with categorical latents, over which the objective "
                f"sums; got {self.layer_free_bits:g} with a {type(posterior).__name__}."
            )
        if self.free_bits and isinstance(posterior, distributions.CategoricalJoint):
            assert isinstance(prior, distributions.CategoricalJoint)
            c = distributions.support_beside_rows(posterior.categorical)
            posterior, prior = posterior.continuous_fn(c), prior.continuous_fn(c)
        if self.free_bits and not isinstance(posterior, distributions.OneHotCategorical):
            self._kl_divergence_per_latent(posterior, prior)

    def _counted_kl_divergence(
        self,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        z: tf.Tensor,
        kl_divergence: tf.Tensor,
    ) -> tf.Tensor:
        """Returns the KL of the objective, `[B]`: with free bits, and the chosen gradient."""
        if self.layer_free_bits:
            of_layers = divergences.kl_divergence_per_layer(posterior, prior, z)
            return tf.reduce_sum(tf.maximum(of_layers, self.layer_free_bits), axis=0)
        if not self.free_bits:
            return self._with_chosen_gradient(kl_divergence, posterior, prior, z)
        per_latent = self._with_chosen_gradient(
            self._kl_divergence_per_latent(posterior, prior),
            divergences.latent_factors(posterior),
            divergences.latent_factors(prior),
            z,
        )
        return tf.reduce_sum(tf.maximum(per_latent, self.free_bits), axis=-1)

    def _with_chosen_gradient(
        self,
        kl_divergence: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        z: tf.Tensor,
    ) -> tf.Tensor:
        if self.gradient_estimator != "sticking_the_landing":
            return kl_divergence
        check_reparameterized(posterior)
        return value_with_gradient_of(kl_divergence, path_kl_divergence(posterior, prior, z))

    def _kl_divergence_per_latent(
        self, posterior: tfd.Distribution, prior: tfd.Distribution
    ) -> tf.Tensor:
        per_latent = divergences.kl_divergence_per_dimension(posterior, prior)
        if per_latent is None:
            raise ValueError(
                "`free_bits` must be 0 unless the posterior and the prior factorise over the "
                f"latents; got {self.free_bits:g} with a {type(posterior).__name__} and a "
                f"{type(prior).__name__}."
            )
        return per_latent

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "kl_weight": schedules.serialized(self.kl_weight),
            "free_bits": self.free_bits,
            "sample_size": self.sample_size,
            "gradient_estimator": self.gradient_estimator,
            "baseline": self.baseline,
            "layer_free_bits": self.layer_free_bits,
        }

    def shown_arguments(self) -> dict[str, Any]:
        """Returns the arguments, with a schedule as an object."""
        return {**self.get_config(), "kl_weight": self.kl_weight}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ELBO":
        """Makes an objective of what `get_config` returned."""
        return cls(**{**config, "kl_weight": schedules.deserialized(config["kl_weight"])})
