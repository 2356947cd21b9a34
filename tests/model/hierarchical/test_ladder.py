"""Ladders: the exact densities of a linear-Gaussian ladder, and use as of Keras models."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import tfp_vae
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY, LOGS
from tfp_vae import distributions, divergences, likelihoods, networks, objectives, posteriors
from tfp_vae.model.hierarchical import ladder as ladder_module
from tfp_vae.testing import (
    assert_close,
    assert_config_is_a_fixed_point,
    assert_mean,
    assert_mean_at_most,
    check_elbo,
    repeated,
)

# z2 ~ N(0, 1), z1|z2 ~ N(a z2 + b, s²), x|z1 ~ N(W z1 + c, t²). As a function of z1 the likelihood
# is N(z1; y, r²) with y = W'(x - c) / W'W and r² = t² / W'W: the evidence of the ladder.
A, B, S, T = 0.8, 0.3, 0.6, 0.5
W, C = np.array([0.7, -1.2, 0.4]), np.array([0.1, 0.2, -0.5])
R2 = T**2 / (W @ W)


def normal(size=1):
    return posteriors.MultivariateNormalDiag(size, scale_floor=0.0)


def set_affine(layer, loc_kernel, loc_bias, stddev):
    kernel = np.reshape(loc_kernel, [-1, 1])
    layer.heads["loc"].set_weights([kernel, np.reshape(loc_bias, [1])])
    layer.heads["scale"].set_weights([np.zeros_like(kernel), np.log(np.expm1([stddev]))])


def linear_ladder(shift=0.0, factor=1.0, **options):
    """Makes the model, with its exact posterior or one off by a shift and a factor."""
    vae = tfp_vae.HierarchicalVAE(
        encoders=[
            tfp_vae.Encoder(networks.mlp([]), normal()),
            tfp_vae.Encoder(networks.mlp([]), normal()),
        ],
        decoders=[
            tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=T)),
            tfp_vae.Transition(networks.mlp([]), normal()),
        ],
        **{"adaptive": False, **options},
    )
    vae.decoder.likelihood.heads["loc"].set_weights([W[None], C])
    set_affine(vae.prior_layer.downward[0].posterior, A, B, S)
    to_y = W / (W @ W)
    set_affine(vae.encoder.posterior, to_y, -to_y @ C + shift, factor * R2**0.5)
    upper = 1.0 / (1.0 + A**2 / (S**2 + R2))
    gain = upper * A / (S**2 + R2)
    set_affine(
        vae.encoder.upward[0].posterior,
        gain * to_y,
        gain * (-to_y @ C - B) + shift,
        factor * upper**0.5,
    )
    return vae


def marginal():
    return stats.multivariate_normal(B * W + C, (A**2 + S**2) * np.outer(W, W) + T**2 * np.eye(3))


def rows(count=6):
    return marginal().rvs(count, random_state=0)


@pytest.mark.usefixtures("float64")
def test_every_draw_at_the_exact_posterior_gives_log_marginal_likelihood():
    vae, x = linear_ladder(), rows()
    batch = vae.distributions(x)
    log_weights = batch.log_weights(batch.posterior.sample(5, seed=[1, 2]))
    assert_close(log_weights, np.tile(marginal().logpdf(x), [5, 1]))
    gradient_free = linear_ladder(
        objective=objectives.ELBO(gradient_estimator="sticking_the_landing")
    )
    with tf.GradientTape() as tape:
        terms = gradient_free.objective_terms(tf.constant(x), tf.constant([0, 1]), 0, True)
    gradients = tape.gradient(terms.objective, gradient_free.encoder.trainable_variables)
    assert len(gradients) == 8
    for gradient in gradients:
        assert_close(gradient, 0.0, atol=1e-8)


@pytest.mark.usefixtures("float64")
def test_the_bound_is_below_and_the_layers_add_up():
    vae = linear_ladder(0.2, 1.3)
    row = rows(1).reshape(-1)
    batch = vae.distributions(repeated(row))
    parts = {"posterior": batch.posterior, "prior": batch.prior, "seed": 3}
    terms = objectives.ELBO()(batch.x, likelihood_fn=batch.likelihood_fn, **parts)
    assert_mean_at_most(terms.elbo, marginal().logpdf(row))
    z = batch.posterior.sample(1, seed=[3, 4])
    of_layers = divergences.kl_divergence_per_layer(batch.posterior, batch.prior, z)
    assert of_layers.shape == [2, len(batch.x)]
    # The closed forms of both layers.
    q2 = batch.posterior.first
    mean2, std2 = q2.mean().numpy()[0, 0], q2.stddev().numpy()[0, 0]
    above = 0.5 * (mean2**2 + std2**2 - 1.0) - np.log(std2)
    assert_close(of_layers[1], np.full(len(batch.x), above))
    by_draws = divergences.sampled_kl_divergence(batch.posterior, batch.prior, z)
    assert_mean(by_draws - tf.reduce_sum(of_layers, axis=0), 0.0)
    assert np.var(by_draws) > 1.2 * np.var(tf.reduce_sum(of_layers, axis=0))


@pytest.mark.usefixtures("float64")
def test_the_posterior_of_a_layer_is_the_product_with_its_prior():
    vae, x = linear_ladder(0.2, 1.3), rows()
    posterior = vae.posterior(x)
    z2 = np.linspace(-2.0, 2.0, 6)[:, None]
    found = posterior.transitions[0](tf.constant(z2))
    prior_mean, evidence = A * z2 + B, vae.encoder.posterior(tf.constant(x))
    precision = 1.0 / S**2 + 1.0 / evidence.variance().numpy()
    assert_close(found.variance(), 1.0 / precision)
    weighted = prior_mean / S**2 + evidence.mean().numpy() / evidence.variance().numpy()
    assert_close(found.mean(), weighted / precision)


def small_ladder(**options):
    return tfp_vae.HierarchicalVAE.ladder_from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[3, 2, 1], units=[[6], [5, 4], [3]], **options
    )


def test_three_layers_train_save_and_serve(tmp_path):
    vae = small_ladder(objective=objectives.ELBO(layer_free_bits=0.1), missing_values=np.nan)
    assert vae.latent_sizes == [3, 2, 1]
    assert "exact for each layer" in vae.kl_declaration
    vae.compile(run_eagerly=True)
    before = vae.get_weights()
    holes = np.where(np.arange(4) == 1, np.nan, BINARY)
    log = vae.fit(holes, epochs=2, verbose=0).history
    assert sorted(log) == LOGS
    assert all((one != other).any() for one, other in zip(before, vae.get_weights(), strict=True))
    assert vae.predict(BINARY, verbose=0).shape == (23, 4)
    assert vae.sample(5, seed=0).shape == [5, 4]
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert_close(loaded.elbo(BINARY, seed=0).elbo, vae.elbo(BINARY, seed=0).elbo)
    assert_config_is_a_fixed_point(vae)


def test_no_weight_is_counted_twice():
    vae = small_ladder()
    chain = tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[3, 2, 1], units=[[6], [5, 4], [3]]
    )
    # Trunks above the first take features, not latents: 6 and 4 for 3 and 2.
    assert vae.count_params() - chain.count_params() == (6 - 3) * 5 + (4 - 2) * 3


@pytest.mark.nightly
def test_both_ways_to_fit_end_in_the_same_weights():
    weights = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(5)
        vae = small_ladder()
        vae.compile(keras.optimizers.Adam(0.01), run_eagerly=eagerly)
        vae.fit(BINARY, epochs=2, batch_size=12, verbose=0)
        weights.append(vae.get_weights())
    for one, another in zip(*weights, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-4, atol=1e-5)


@pytest.mark.nightly
def test_a_ladder_has_the_properties_of_an_elbo():
    check_elbo(small_ladder(), BINARY)


def encoder(layer):
    return tfp_vae.Encoder(networks.mlp([3]), layer)


def test_parts_that_do_not_fit_are_named():
    decoders = [
        tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
        tfp_vae.Transition(networks.mlp([3]), normal(3)),
    ]
    with pytest.raises(
        ValueError, match=r"`encoders\[1\]` must have a .*got a MultivariateNormalT"
    ):
        tfp_vae.HierarchicalVAE(
            [encoder(normal(3)), encoder(posteriors.MultivariateNormalTriL(2))], decoders
        )
    with pytest.raises(TypeError, match=r"`encoders\[2\]` must be an? Encoder"):
        tfp_vae.HierarchicalVAE(
            [
                encoder(normal(3)),
                encoder(normal(2)),
                tfp_vae.Transition(networks.mlp([3]), normal(2)),
            ],
            decoders,
        )


CHECKS = {
    "exact": test_every_draw_at_the_exact_posterior_gives_log_marginal_likelihood,
    "product": test_the_posterior_of_a_layer_is_the_product_with_its_prior,
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("check", CHECKS)
def test_a_posterior_without_its_prior_fails_the_checks(check):
    evidence_alone = lambda prior, evidence: distributions.MultivariateNormalDiag(  # noqa: E731
        evidence.mean() + 0.0 * prior.mean(), evidence.stddev() + 0.0 * prior.stddev()
    )
    change = (ladder_module.distributions, "precision_weighted", evidence_alone)
    assert_killed([change], {check: CHECKS[check]})
