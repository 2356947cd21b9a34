"""The properties of the evidence lower bound that any model must have, whatever its parts."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import divergences, objectives, seeds
from tfp_vae.supports import Support
from tfp_vae.testing.elbo_report import NotApplicable

DRAWS = 1000
LIMIT = 5.5
"""The largest |z| allowed: a true statement fails once in 26 million comparisons (3.8e-8)."""

_TOLERANCE = 1e-3
_ROWS_WITH_STATISTICS = 3


@dataclass(frozen=True)
class Subject:
    """A model, rows that it can score, and y for a model of p(x|y)."""

    vae: Any
    x: np.ndarray
    condition: np.ndarray | None

    def elbo(self, x: Any, places: Any, **options: Any) -> Any:
        """Returns the terms of `x` with the conditions of the rows at `places`."""
        return self.vae.elbo(x, condition=self.conditions(places), **options)

    def conditions(self, places: Any) -> np.ndarray | None:
        """Returns the conditions of the rows at `places`."""
        return None if self.condition is None else self.condition[places]

    @property
    def everywhere(self) -> np.ndarray:
        """The numbers of all rows."""
        return np.arange(len(self.x))

    def distributions(self, places: Any, training: bool = False) -> Any:
        """Returns the distributions of the rows at `places`."""
        return self.vae.distributions(
            self.x[places], condition=self.conditions(places), training=training
        )


def terms_have_shape_batch(subject: Subject) -> None:
    """Every term is `[B]`, also in a graph that does not know B."""
    rows = len(subject.x)
    for sample_size in (1, 3):
        terms = subject.elbo(subject.x, subject.everywhere, sample_size=sample_size, seed=0)
        for name, term in terms._asdict().items():
            _expect(term.shape == [rows], f"{name} has shape {term.shape} for {rows} rows")
    x = tf.cast(subject.x, subject.vae.data_dtype)
    y = None if subject.condition is None else tf.convert_to_tensor(subject.condition)
    unknown = [
        tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in (x, y) if part is not None
    ]

    @tf.function(input_signature=unknown, autograph=False)
    def graph(x: tf.Tensor, y: tf.Tensor | None = None) -> Any:
        return subject.vae.elbo(x, condition=y, seed=0)

    for name, term in graph(*(part for part in (x, y) if part is not None))._asdict().items():
        _expect(term.shape == [rows], f"{name} has shape {term.shape} where B was not known")


def terms_are_finite(subject: Subject) -> None:
    """No term is NaN or infinite."""
    terms = subject.elbo(subject.x, subject.everywhere, sample_size=2, seed=1)
    for name, term in terms._asdict().items():
        _expect(np.isfinite(term).all(), f"{name} is {np.asarray(term)}")


def elbo_is_log_likelihood_less_kl_divergence(subject: Subject) -> None:
    """The true bound, whatever the model is trained on."""
    x = tf.cast(subject.x, subject.vae.data_dtype)
    for training in (False, True):
        terms = subject.vae.objective_terms(
            x, tf.constant([0, 1]), 3, training=training, condition=subject.condition
        )
        _close(terms.elbo, terms.log_likelihood - terms.kl_divergence, "elbo")


def kl_divergence_is_not_negative(subject: Subject) -> None:
    """An exact KL is at least 0."""
    kl = _exact_kl(subject)
    _expect(bool(np.all(kl >= -1e-4 * (1.0 + np.abs(kl)))), f"the smallest is {kl.min():g} nats")


def exact_and_sampled_kl_divergence_agree(subject: Subject) -> None:
    """The mean of log q(z) - log p(z) over draws of q is the exact KL."""
    exact = _exact_kl(subject)[:_ROWS_WITH_STATISTICS]
    batch = subject.distributions(subject.everywhere[:_ROWS_WITH_STATISTICS])
    z = batch.posterior.sample(DRAWS, seed=seeds.as_seed(2))
    _mean(batch.posterior.log_prob(z) - batch.prior.log_prob(z), exact)


def elbo_is_the_mean_over_draws_of_the_posterior(subject: Subject) -> None:
    """The log-likelihood of the bound is E[log p(x|z)], and its KL that of q from p."""
    _needs_no_noise_of_data(subject)
    for place in subject.everywhere[:_ROWS_WITH_STATISTICS]:
        places = np.full(DRAWS, place)
        terms = subject.elbo(subject.x[places], places, seed=3)
        batch = subject.distributions(places[:1])
        z = batch.posterior.sample(DRAWS, seed=seeds.as_seed(4))
        log_likelihood = batch.likelihood_fn(z).log_prob(batch.x)[:, 0]
        _mean(terms.log_likelihood - log_likelihood, 0.0)
        _mean(terms.elbo - batch.log_weights(z)[:, 0], 0.0)


def elbo_is_at_most_log_marginal_likelihood(subject: Subject) -> None:
    """The mean of the bound does not exceed the importance-sampling estimate of log p(x)."""
    _needs_no_noise_of_data(subject)
    places = subject.everywhere[:_ROWS_WITH_STATISTICS]
    terms = subject.elbo(subject.x[places], places, sample_size=DRAWS, seed=5)
    batch = subject.distributions(places)
    log_weights = np.float64(batch.log_weights(batch.posterior.sample(DRAWS, seed=[5, 6])))
    weights = np.exp(log_weights - log_weights.max(axis=0))
    estimate = log_weights.max(axis=0) + np.log(weights.mean(axis=0))
    error = weights.std(axis=0) / weights.mean(axis=0) + log_weights.std(axis=0)
    excess = terms.elbo.numpy() - estimate - LIMIT * error / math.sqrt(DRAWS)
    _expect(bool(np.all(excess < _TOLERANCE)), f"it does by {excess.max():g} nats")


def rows_do_not_depend_on_one_another(subject: Subject) -> None:
    """Another first row leaves the terms of the others as they are."""
    if len(subject.x) < 2:
        raise NotApplicable("x has one row")
    places = subject.everywhere
    other = np.concatenate([places[-1:], places[1:]])
    before = subject.elbo(subject.x, places, sample_size=2, seed=7)
    after = subject.elbo(subject.x[other], other, sample_size=2, seed=7)
    for name, one, another in zip(before._fields, before, after, strict=True):
        _close(one[1:], another[1:], name)


def objective_is_affine_in_the_kl_weight(subject: Subject) -> None:
    """Weight 1 is the bound, weight 0 the log-likelihood, and others lie on that line."""
    batch = subject.distributions(subject.everywhere)
    for weight in (0.0, 1.0, 3.5):
        terms = objectives.ELBO(kl_weight=weight)(
            batch.x,
            posterior=batch.posterior,
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=8,
        )
        expected = terms.log_likelihood - weight * terms.kl_divergence
        _close(terms.objective, expected, f"the objective with the KL weight {weight:g}")


def the_same_seed_gives_the_same_draw(subject: Subject) -> None:
    """The same seed, the same terms; another seed, others."""
    first, again, another = (
        subject.elbo(subject.x, subject.everywhere, seed=seed).elbo.numpy() for seed in (9, 9, 10)
    )
    _expect(np.array_equal(first, again), "two calls with seed 9 gave different bounds")
    _expect(not np.array_equal(first, another), "seeds 9 and 10 gave the same bound")


def graph_and_xla_agree_with_eager(subject: Subject) -> None:
    """The same seed gives the same terms however TensorFlow runs."""
    x = tf.cast(subject.x, subject.vae.data_dtype)
    eager = subject.vae.elbo(x, seed=11, condition=subject.condition)
    for how in ("in a graph", "under XLA"):
        compiled = tf.function(
            lambda x: subject.vae.elbo(x, seed=11, condition=subject.condition),
            jit_compile=how == "under XLA",
            autograph=False,
        )
        for name, one, another in zip(eager._fields, eager, compiled(x), strict=True):
            _close(one, another, f"{name} {how}, where draws must come from `seed` alone: it")


def every_weight_has_a_finite_gradient(subject: Subject) -> None:
    """No trainable weight has no gradient, or one that is NaN or infinite."""
    x = tf.cast(subject.x, subject.vae.data_dtype)
    variables = subject.vae.trainable_variables
    with tf.GradientTape() as tape:
        terms = subject.vae.objective_terms(
            x, tf.constant([1, 2]), 3, training=True, condition=subject.condition
        )
        loss = -tf.reduce_mean(terms.objective)
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        _expect(gradient is not None, f"{variable.path} has none")
        finite = np.isfinite(tf.convert_to_tensor(gradient)).all()
        _expect(bool(finite), f"that of {variable.path} is not finite")


def a_copy_by_config_and_weights_has_the_same_elbo(subject: Subject) -> None:
    """`get_config` and `get_weights` hold all that the bound depends on."""
    copy = type(subject.vae).from_config(subject.vae.get_config())
    copy.set_weights(subject.vae.get_weights())
    _expect(copy.get_config() == subject.vae.get_config(), "the config of the copy is another")
    found = copy.elbo(subject.x, seed=12, condition=subject.condition)
    expected = subject.elbo(subject.x, subject.everywhere, seed=12)
    for name, one, another in zip(expected._fields, expected, found, strict=True):
        _close(one, another, name)


def wrong_shapes_are_refused(subject: Subject) -> None:
    """Data with another event shape raises a ValueError."""
    if subject.vae.row_shape is None:
        raise NotApplicable("a preprocess layer takes the data first")
    _refused(subject, subject.x[..., None], "data with an axis too many")


def data_outside_the_support_is_refused(subject: Subject) -> None:
    """A value to which the likelihood gives no density raises a ValueError."""
    support = subject.vae.decoder.likelihood.support
    if subject.vae.row_shape is None or not isinstance(support, Support):
        raise NotApplicable("the data is preprocessed, or its columns have supports of their own")
    candidates = np.array([support.lower - 1.0, support.upper + 1.0, 0.5])
    candidates = candidates[np.isfinite(candidates)]
    outside = candidates[support.outside(candidates)]
    if not len(outside):
        raise NotApplicable("every finite number is in the support")
    wrong = np.array(subject.x, np.float64)
    wrong[(0,) * wrong.ndim] = outside[0]
    _refused(subject, wrong, f"the value {outside[0]:g}")


PROPERTIES = (
    terms_have_shape_batch,
    terms_are_finite,
    elbo_is_log_likelihood_less_kl_divergence,
    kl_divergence_is_not_negative,
    exact_and_sampled_kl_divergence_agree,
    elbo_is_the_mean_over_draws_of_the_posterior,
    elbo_is_at_most_log_marginal_likelihood,
    rows_do_not_depend_on_one_another,
    objective_is_affine_in_the_kl_weight,
    the_same_seed_gives_the_same_draw,
    graph_and_xla_agree_with_eager,
    every_weight_has_a_finite_gradient,
    a_copy_by_config_and_weights_has_the_same_elbo,
    wrong_shapes_are_refused,
    data_outside_the_support_is_refused,
)


def _expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise AssertionError(otherwise)


def _close(actual: Any, expected: Any, name: str) -> None:
    apart = np.abs(np.asarray(actual) - np.asarray(expected))
    allowed = _TOLERANCE * (1.0 + np.abs(np.asarray(expected)))
    _expect(bool(np.all(apart <= allowed)), f"{name} is off by up to {np.max(apart):g} nats")


def _mean(samples: Any, expected: Any) -> None:
    """Checks the mean of independent samples `[N, ...]`, by its standard error."""
    samples = np.asarray(samples, np.float64)
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    off = np.abs(samples.mean(axis=0) - expected)
    z = np.max(off / (error + 1e-5 * (1.0 + np.abs(samples).max(axis=0))))
    _expect(bool(z < LIMIT), f"the means are {np.max(off):g} nats apart, {z:.1f} standard errors")


def _exact_kl(subject: Subject) -> np.ndarray:
    batch = subject.distributions(subject.everywhere)
    exact = divergences.exact_kl_divergence(batch.posterior, batch.prior)
    if exact is None:
        raise NotApplicable("no exact KL of this posterior from this prior is known")
    return np.asarray(exact)


def _needs_no_noise_of_data(subject: Subject) -> None:
    if subject.vae.preprocess is not None:
        raise NotApplicable("a preprocess layer may draw")


def _refused(subject: Subject, x: np.ndarray, what: str) -> None:
    try:
        subject.elbo(x, subject.everywhere, seed=0)
    except ValueError:
        return
    raise AssertionError(f"{what} raised no ValueError")
