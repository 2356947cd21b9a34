"""With a known mistake in the code, a property of the evidence lower bound must fail."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support import exact_checks, kl_checks
from tests.support.exact_checks import ENUMERABLE, LINEAR_GAUSSIAN
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import (
    distributions,
    divergences,
    likelihoods,
    networks,
    posteriors,
    priors,
    stateless_random,
)
from tfp_vae.model.coders import decoder
from tfp_vae.objectives import elbo, sampled_bound
from tfp_vae.testing import properties
from tfp_vae.testing.properties import Subject

pytestmark = pytest.mark.usefixtures("float64")


def _small_vae(likelihood=None):
    keras.utils.set_random_seed(1)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4], "tanh"), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4], "tanh"), likelihood or likelihoods.Bernoulli([3])),
    )


def _binary(rows, seed=0):
    return np.random.default_rng(seed).integers(0, 2, [rows, 3]).astype(float)


def _subject(likelihood=None):
    return Subject(_small_vae(likelihood), _binary(4))


CHECKS = {
    "kl": lambda: kl_checks.check_kl_divergence(
        np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([[0.5, 1.5], [1.0, 2.0]])
    ),
    "kl sampled": lambda: kl_checks.check_exact_kl_agrees_with_sampled([0.5, -1.0], [0.5, 1.5]),
    "normal draws": lambda: kl_checks.check_posterior_draws_are_normal(
        np.array([[0.5, -1.0]]), np.array([[0.5, 1.5]])
    ),
    "elbo": lambda: exact_checks.check_linear_gaussian_elbo(LINEAR_GAUSSIAN, sample_size=2),
    "exact posterior": lambda: (
        exact_checks.check_sampled_elbo_at_the_exact_posterior_is_log_marginal_likelihood(
            LINEAR_GAUSSIAN, sample_size=2
        )
    ),
    "analytic and sampled": lambda: exact_checks.check_analytic_and_sampled_elbo_agree(
        LINEAR_GAUSSIAN
    ),
    "variance": lambda: exact_checks.check_more_samples_mean_less_variance(LINEAR_GAUSSIAN),
    "enumerable": lambda: exact_checks.check_enumerable_elbo(ENUMERABLE),
    "gradient": lambda: exact_checks.check_gradient_is_unbiased(LINEAR_GAUSSIAN),
    "batch": lambda: exact_checks.check_batch_order_and_size_change_nothing(LINEAR_GAUSSIAN),
    "rows": lambda: properties.rows_do_not_depend_on_one_another(_subject()),
    "weight": lambda: properties.objective_is_affine_in_the_kl_weight(_subject()),
    "free bits": lambda: exact_checks.check_free_bits(LINEAR_GAUSSIAN.vae(0.3), _rows(), 0.4),
    "seed": lambda: properties.the_same_seed_gives_the_same_draw(_subject(), 5),
    "leading axes": lambda: properties.samples_and_rows_are_not_exchanged(_subject()),
    "binarization": exact_checks.check_binarization_has_the_mean_of_the_pixels,
    "gradients exist": lambda: properties.every_weight_has_a_finite_gradient(
        _subject(likelihoods.Normal([3], scale="learned"))
    ),
    "samples": lambda: exact_checks.check_draws_have_the_moments_of_the_model(LINEAR_GAUSSIAN),
}


def _rows():
    return LINEAR_GAUSSIAN.draws(4)


exact_kl = divergences.exact_kl_divergence
log_likelihood = sampled_bound.log_likelihood
normal_noise = stateless_random.normal
call_sample_n = distributions.MultivariateNormalDiag._call_sample_n
flatten_leading = decoder.shapes.flatten_leading
elbo_terms = elbo.ELBO.terms


def _kl_of(change):
    def changed(q, p):
        value = exact_kl(q, p)
        return None if value is None else change(value, q)

    return changed


def _likelihood_of(change):
    return lambda likelihood_fn, z, x: change(log_likelihood(likelihood_fn, z, x), x)


def _terms_of(change):
    return lambda self, *arguments: change(self, elbo_terms(self, *arguments))


def _draws_of(change):
    def changed(self, sample_shape, seed, **kwargs):
        draws = call_sample_n(self, sample_shape, seed, **kwargs)
        return self.loc + change(
            (draws - self.loc) / self.scale.diag_part(), self.scale.diag_part()
        )

    return changed


def _transposed_restore(tensor, event_rank):
    flat, restore = flatten_leading(tensor, event_rank)
    square = tensor.shape.rank - event_rank == 2 and tensor.shape[0] == tensor.shape[1]
    if not square:
        return flat, restore
    return flat, lambda other: tf.einsum("sb...->bs...", restore(other))


def _free_bits_on_the_sum(self, terms):
    counted = tf.maximum(terms.kl_divergence, self.free_bits)
    return terms._replace(objective=terms.log_likelihood - self.kl_weight * counted)


MUTATIONS = {
    "the KL's sign flipped": (
        "kl",
        divergences,
        "exact_kl_divergence",
        _kl_of(lambda kl, q: -kl),
    ),
    "the KL a mean over latents": (
        "kl",
        divergences,
        "exact_kl_divergence",
        _kl_of(lambda kl, q: kl / q.event_shape[0]),
    ),
    "the KL a mean over the batch": (
        "kl",
        divergences,
        "exact_kl_divergence",
        _kl_of(lambda kl, q: tf.zeros_like(kl) + tf.reduce_mean(kl)),
    ),
    "the KL's arguments exchanged": (
        "kl",
        divergences,
        "exact_kl_divergence",
        lambda q, p: exact_kl(p, q),
    ),
    "the sampled KL's sign flipped": (
        "exact posterior",
        divergences,
        "sampled_kl_divergence",
        lambda q, p, z: tf.reduce_mean(p.log_prob(z) - q.log_prob(z), axis=0),
    ),
    "the sampled KL without log q": (
        "exact posterior",
        divergences,
        "sampled_kl_divergence",
        lambda q, p, z: -tf.reduce_mean(p.log_prob(z), axis=0),
    ),
    "the likelihood a mean over the event": (
        "elbo",
        sampled_bound,
        "log_likelihood",
        _likelihood_of(lambda value, x: value / x.shape[1]),
    ),
    "the likelihood a sum over the batch": (
        "elbo",
        sampled_bound,
        "log_likelihood",
        _likelihood_of(
            lambda value, x: tf.zeros_like(value) + tf.reduce_sum(value, -1, keepdims=True)
        ),
    ),
    "the likelihood's sign flipped": (
        "elbo",
        sampled_bound,
        "log_likelihood",
        _likelihood_of(lambda value, x: -value),
    ),
    "a sum over the draws": (
        "elbo",
        sampled_bound,
        "tf",
        Replaced(tf, reduce_mean=tf.reduce_sum),
    ),
    "the posterior's scale read as a variance": (
        "elbo",
        posteriors.MultivariateNormalDiag,
        "distribution",
        lambda self, loc, scale: distributions.MultivariateNormalDiag(
            loc, tf.sqrt(tf.math.softplus(scale))
        ),
    ),
    "the sampler's scale a variance": (
        "normal draws",
        distributions.MultivariateNormalDiag,
        "_call_sample_n",
        _draws_of(lambda eps, scale: eps * scale**2),
    ),
    "the sampler without a scale": (
        "normal draws",
        distributions.MultivariateNormalDiag,
        "_call_sample_n",
        _draws_of(lambda eps, scale: eps),
    ),
    "no gradient through the draws": (
        "gradient",
        distributions.MultivariateNormalDiag,
        "_call_sample_n",
        lambda self, n, seed, **kwargs: tf.stop_gradient(call_sample_n(self, n, seed, **kwargs)),
    ),
    "uniform noise": (
        "normal draws",
        stateless_random,
        "normal",
        lambda shape, seed, dtype, row_axis=None: (
            np.sqrt(12.0) * (stateless_random.uniform(shape, seed, dtype) - 0.5)
        ),
    ),
    "the noise's scale a little small": (
        "normal draws",
        stateless_random,
        "normal",
        lambda shape, seed, dtype, row_axis=None: 0.9 * normal_noise(shape, seed, dtype),
    ),
    "one noise for all draws of a row": (
        "variance",
        stateless_random,
        "normal",
        lambda shape, seed, dtype, row_axis=None: (
            tf.zeros(shape, dtype) + normal_noise(shape, seed, dtype)[:1]
        ),
    ),
    "the seed ignored": (
        "seed",
        stateless_random,
        "normal",
        lambda shape, seed, dtype, row_axis=None: normal_noise(shape, tf.zeros_like(seed), dtype),
    ),
    "the likelihood's scale read as a variance": (
        "elbo",
        likelihoods.Normal,
        "_normal",
        lambda self, loc, scale: self.independent(tfd.Normal(loc, tf.sqrt(scale))),
    ),
    "the prior twice as wide": (
        "elbo",
        priors.StandardNormal,
        "distribution",
        lambda self: distributions.MultivariateNormalDiag(
            tf.zeros(self.event_shape, self.variable_dtype),
            2.0 * tf.ones(self.event_shape, self.variable_dtype),
        ),
    ),
    # In the decoder alone: exchanged there and in the likelihood too, they would be in order.
    "samples and rows exchanged": (
        "leading axes",
        decoder,
        "shapes",
        Replaced(decoder.shapes, flatten_leading=_transposed_restore),
    ),
    "the KL's weight on the reported ELBO": (
        "weight",
        elbo.ELBO,
        "terms",
        _terms_of(lambda self, terms: terms._replace(elbo=terms.objective)),
    ),
    "the KL's weight ignored": (
        "weight",
        elbo.ELBO,
        "terms",
        _terms_of(lambda self, terms: terms._replace(objective=terms.elbo)),
    ),
    "free bits on the sum of the latents": (
        "free bits",
        elbo.ELBO,
        "terms",
        _terms_of(_free_bits_on_the_sum),
    ),
    "binarization by a threshold": (
        "binarization",
        networks.StochasticBinarization,
        "call",
        lambda self, x, seed=None: tf.cast(x > 0.5, self.compute_dtype),
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_property(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
