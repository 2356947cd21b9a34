"""The inverse autoregressive flow posterior in models: training, hierarchies, priors, arguments."""

import keras
import numpy as np
import pytest
from scipy import special, stats

import tfp_vae
from tests.support.flow_properties import FEATURES, KEY
from tfp_vae import (
    divergences,
    likelihoods,
    networks,
    objectives,
    posteriors,
    priors,
)
from tfp_vae.testing import (
    with_random_weights,
)

X = np.random.default_rng(0).integers(0, 2, size=[10, 4]).astype("float32")


def _posterior(latent_size):
    return posteriors.InverseAutoregressiveFlow(
        latent_size, steps=2, units=[6], context_size=3, activation="elu"
    )


def _vae(prior=None):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5], "tanh"), _posterior(3)),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
        prior=prior,
    )


def _hierarchy():
    return tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(networks.mlp([5], "tanh"), _posterior(3)),
            tfp_vae.Transition(networks.mlp([5], "tanh"), _posterior(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([5], "tanh"), _posterior(3)),
        ],
    )


@pytest.mark.nightly
@pytest.mark.parametrize("make", [_vae, _hierarchy])
def test_a_model_trains_predicts_and_is_saved_with_its_flow(make, tmp_path):
    vae = make()
    vae.compile(keras.optimizers.SGD(0.3), run_eagerly=True)
    before = vae.get_weights()
    # In the first step the networks' last layers leave zero, in the second the others move.
    vae.fit(X, batch_size=5, verbose=0)
    moved = [(b != a).any() for b, a in zip(before, vae.get_weights(), strict=True)]
    assert np.mean(moved) > 0.9
    predicted = vae.predict(X, verbose=0)
    assert predicted.shape == (10, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(X, seed=1).elbo, loaded.elbo(X, seed=1).elbo)
    np.testing.assert_array_equal(predicted, loaded.predict(X, verbose=0))


def test_the_log_weights_of_a_hierarchy_are_those_of_its_parts():
    vae = _hierarchy()
    with_random_weights(vae.encoder, 0.3)
    with_random_weights(vae.prior_layer, 0.3)
    batch = vae.distributions(X)
    z = batch.posterior.sample(2, seed=KEY)
    lower, upper = z[..., :3], z[..., 3:]
    first, above = vae.encoder.posterior, vae.encoder.upward[0]
    log_q = first(vae.encoder.trunk(X)).log_prob(lower) + above(lower).log_prob(upper)
    log_p = vae.prior_layer.downward[0](upper).log_prob(lower)
    log_p = log_p + stats.norm.logpdf(upper).sum(axis=-1)
    expected = batch.likelihood_fn(z).log_prob(X) + log_p - log_q
    np.testing.assert_allclose(batch.log_weights(z), expected, rtol=1e-4, atol=1e-4)


def test_a_vamp_prior_is_the_mixture_of_the_flows_at_its_rows():
    vae = _vae(priors.VampPrior(3))
    with_random_weights(vae.encoder, 0.4)
    rows, z = vae.prior_layer.rows.numpy(), np.random.default_rng(0).normal(size=[5, 3])
    each = np.stack([vae.encoder(row[None]).log_prob(z).numpy() for row in rows])
    expected = special.logsumexp(each, axis=0) - np.log(3)
    np.testing.assert_allclose(vae.prior().log_prob(z), expected, rtol=1e-4)
    assert vae.prior().sample(7, seed=KEY).shape == [7, 3]


def test_the_kl_is_an_estimate_and_is_declared():
    vae = _vae()
    assert "KL: Monte Carlo estimate" in vae.kl_declaration
    assert divergences.exact_kl_divergence(vae.posterior(X), vae.prior()) is None
    assert divergences.kl_divergence_per_dimension(vae.posterior(X), vae.prior()) is None


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (objectives.ELBO(free_bits=0.1), "`free_bits` must be 0 unless"),
        (objectives.BetaTCVAE(data_size=10), "`posterior` must have independent latents"),
    ],
)
def test_objectives_that_need_a_sum_over_latents_are_refused(objective, message):
    vae = _vae()
    with pytest.raises(ValueError, match=message):
        tfp_vae.VAE(vae.encoder, vae.decoder, objective=objective)


def test_a_prior_on_the_sphere_is_refused():
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        _vae(priors.SphericalUniform())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_under_a_mixed_policy_the_flow_is_of_float32(policy):
    keras.config.set_dtype_policy(policy)
    q = _posterior(3)(FEATURES.astype("float32"))
    z = q.sample(2, seed=KEY)
    assert q.dtype == z.dtype == q.log_prob(z).dtype == q.log_prob(z + 1.0).dtype == "float32"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "`steps` must be a positive int"),
        ({"units": 8}, TypeError, "`units` must be a list"),
        ({"context_size": 1.5}, TypeError, "`context_size` must be a positive int"),
        ({"gate_bias": np.inf}, ValueError, "`gate_bias` must be a finite number"),
        ({"gate_bias": -21.0}, ValueError, "`gate_bias` must be .* of at least -20; got -21"),
        ({"scale_floor": -1.0}, ValueError, "`scale_floor` must be"),
        ({"activation": "tahn"}, ValueError, "tahn"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        posteriors.InverseAutoregressiveFlow(2, **options)
