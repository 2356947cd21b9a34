"""What a model of latents on a part of the real numbers does, and what it refuses."""

import keras
import matplotlib
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, vae_with
from tfp_vae import evaluation, objectives, plotting, posteriors, priors

matplotlib.use("Agg")

PAIRS = {
    "beta": (lambda: posteriors.Beta(3), lambda: priors.Beta(1.0, 2.0)),
    "gamma": (lambda: posteriors.Gamma(3), lambda: priors.Gamma(1.0, 2.0)),
    "logistic-normal": (
        lambda: posteriors.LogisticNormal(3),
        lambda: priors.LogisticNormal(3, 0.5),
    ),
    "von Mises-Fisher": (lambda: posteriors.VonMisesFisher(3), priors.SphericalUniform),
}
INSIDE = {
    "beta": lambda z: ((z > 0.0) & (z < 1.0)).all(),
    "gamma": lambda z: (z > 0.0).all(),
    "logistic-normal": lambda z: (z > 0.0).all() and np.allclose(z.sum(axis=-1), 1.0),
    "von Mises-Fisher": lambda z: np.linalg.norm(z, axis=-1).max() < 1.0 + 1e-5,
}
INDEPENDENT = ["beta", "gamma"]


@pytest.fixture(params=PAIRS)
def name(request):
    return request.param


def model(name, **options):
    keras.utils.set_random_seed(0)
    posterior, prior = PAIRS[name]
    return vae_with(posterior(), prior(), **options)


def test_latents_lie_in_the_set_and_the_kl_is_exact(name):
    vae = model(name)
    lines = []
    vae.summary(print_fn=lambda text, **kwargs: lines.append(text))
    assert lines[-1].strip() == "KL: exact"
    inside = INSIDE[name]
    mean, drawn = vae.encode(BINARY), vae.encode(BINARY, seed=1)
    assert inside(mean)
    assert inside(drawn)
    assert inside(vae.prior().sample(200, seed=2).numpy())
    assert (vae.posterior(BINARY).stddev().numpy() > 0.0).all()
    assert vae.sample(5, seed=3).shape == [5, 4]
    assert np.isfinite(vae.reconstruct(BINARY).log_prob(BINARY)).all()


def test_the_importance_weighted_bound_is_tighter(name):
    batch = model(name).distributions(BINARY)
    elbo, iwae = (
        objective(
            batch.x,
            posterior=batch.posterior,
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=0,
        ).objective
        for objective in (objectives.ELBO(sample_size=500), objectives.IWAE(500))
    )
    assert (iwae.numpy() > elbo.numpy()).all()


@pytest.mark.nightly
@pytest.mark.usefixtures("without_xla")
def test_training_raises_the_bound(name):
    vae = model(name)
    before = vae.elbo(BINARY, sample_size=100, seed=0).elbo.numpy().mean()
    vae.compile(keras.optimizers.Adam(0.03))
    vae.fit(BINARY, epochs=20, verbose=0)
    assert vae.elbo(BINARY, sample_size=100, seed=0).elbo.numpy().mean() > before + 0.05


def test_a_saved_model_has_the_same_bound(name, tmp_path):
    vae = model(name)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    one, other = (each.elbo(BINARY, seed=4).elbo for each in (vae, loaded))
    np.testing.assert_array_equal(one, other)


@pytest.mark.nightly
def test_refined_posteriors_have_a_larger_bound(name):
    vae = model(name)
    refined = vae.refine(BINARY[:4], steps=20, sample_size=8, seed=0)
    before, after = (
        objectives.ELBO(sample_size=1000)(
            BINARY[:4],
            posterior=posterior,
            prior=vae.prior(),
            likelihood_fn=vae.decoder,
            seed=5,
        ).objective
        for posterior in (vae.posterior(BINARY[:4]), refined)
    )
    assert tf.reduce_mean(after) > tf.reduce_mean(before)


@pytest.mark.nightly
def test_a_vamp_prior_is_fitted_to_the_latents(name):
    refitted = model(name).refit_prior(priors.VampPrior(3), BINARY, epochs=1, verbose=0)
    assert "Monte Carlo" in refitted.kl_declaration
    assert np.isfinite(refitted.elbo(BINARY, seed=0).elbo).all()


def test_pictures_of_the_latents(name):
    vae = model(name)
    assert plotting.latent(vae, BINARY).collections
    assert plotting.interpolation(vae, BINARY[:2]).images
    with pytest.raises(ValueError, match="`vae` must have real latents, which can be moved one"):
        plotting.traversals(vae, BINARY)


def test_what_needs_all_of_the_real_numbers_is_refused(name):
    vae = model(name)
    with pytest.raises(ValueError, match="`vae` must have a prior on all of the real numbers"):
        vae.posterior_samples(BINARY)
    with pytest.raises(ValueError, match="real numbers"):
        evaluation.log_marginal_likelihood(vae, BINARY, method="ais")
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        vae.refit_prior(priors.RealNVP(), BINARY)
    with pytest.raises(ValueError, match="`prior` must have weights to fit"):
        vae.refit_prior(PAIRS[name][1](), BINARY)


def test_active_units_are_counted_where_latents_are_independent(name):
    if name not in INDEPENDENT:
        with pytest.raises(ValueError, match="latents are independent given x; got a"):
            evaluation.latent_usage(model(name), BINARY)
        return
    usage = evaluation.latent_usage(model(name), BINARY, seed=0)
    assert 0 <= usage.active_units <= 3
    assert np.isfinite(usage.mutual_information)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_free_bits_and_the_total_correlation_take_independent_latents(name):
    for objective in (objectives.ELBO(free_bits=0.1), objectives.BetaTCVAE(data_size=23)):
        vae = model(name, objective=objective)
        terms = vae.objective_terms(tf.constant(BINARY), tf.constant([0, 1]), 3, training=True)
        assert np.isfinite(terms.objective).all()


@pytest.mark.nightly
def test_hyperbolic_latents_are_real_vectors_for_traversals_and_chains():
    vae = vae_with(posteriors.HyperbolicNormal(2), priors.StandardNormal())
    assert plotting.traversals(vae, BINARY).images
    drawn = vae.posterior_samples(BINARY[:2], sample_size=500, warm_up=300)
    assert np.isfinite(drawn.samples).all()
