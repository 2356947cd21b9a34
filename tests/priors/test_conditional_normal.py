"""A prior p(z|y): its density, the bound with it, and the models that hold it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import evaluation, likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing import check_elbo

Y = np.arange(23) % 3


def one_hot():
    return keras.layers.CategoryEncoding(3, output_mode="one_hot")


def conditional(prior=None, posterior=None, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([5], "tanh"), posterior or posteriors.MultivariateNormalDiag(2)
        ),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
        prior=prior or priors.ConditionalNormal(networks.mlp([4], "tanh")),
        condition=one_hot(),
        **options,
    )


def with_random_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(scale=0.7, size=weight.shape) for weight in layer.weights])


def test_it_begins_as_the_standard_normal_whatever_y_is():
    prior = conditional().prior(Y)
    assert prior.batch_shape == [23]
    np.testing.assert_allclose(prior.mean(), 0.0, atol=1e-6)
    np.testing.assert_allclose(prior.stddev(), 1.0, rtol=1e-6)


@pytest.mark.parametrize("trunk", [None, "mlp"])
def test_it_has_the_moments_that_its_weights_give_for_y(trunk):
    vae = conditional(priors.ConditionalNormal(networks.mlp([4], "tanh") if trunk else None))
    layer = vae.prior_layer
    with_random_weights(layer)
    seen = np.eye(3)[Y]
    if trunk:
        kernel, bias = (np.asarray(each) for each in layer.trunk.weights)
        seen = np.tanh(seen @ kernel + bias)
    loc, raw = (
        seen @ np.asarray(head.kernel) + np.asarray(head.bias)
        for head in (layer.loc_head, layer.raw_scale_head)
    )
    prior = vae.prior(Y)
    np.testing.assert_allclose(prior.mean(), loc, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(prior.stddev(), np.logaddexp(0.0, raw) + 1e-3, rtol=1e-4)


def test_the_kl_of_every_row_is_that_from_its_own_prior():
    vae = conditional()
    with_random_weights(vae.prior_layer)
    kl = vae.elbo(BINARY, seed=0, condition=Y).kl_divergence
    for row in (0, 1, 2, 22):
        q = vae.posterior(BINARY[row : row + 1], condition=Y[row : row + 1])
        p = vae.prior(Y[row : row + 1])
        a, b, c, d = (np.asarray(each)[0] for each in (q.mean(), q.stddev(), p.mean(), p.stddev()))
        exact = np.sum(np.log(d / b) + (b**2 + (a - c) ** 2) / (2 * d**2) - 0.5)
        np.testing.assert_allclose(kl[row], exact, rtol=1e-4)
    assert "exact" in vae.kl_declaration


def linear_gaussian():
    """Returns a model of x = W z + V y + b + noise, z|y normal, and the exact law of x given y."""
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=0.5)),
        prior=priors.ConditionalNormal(),
        condition=one_hot(),
        adaptive=False,
    )
    with_random_weights(vae.prior_layer)
    # A proposal near the standard normal, for importance sampling.
    for weight in vae.encoder.weights:
        weight.assign(0.1 * weight)
    zero = vae.decoder(np.concatenate([np.zeros([3, 2]), np.eye(3)], axis=1)).mean().numpy()
    unit = np.stack(
        [
            vae.decoder(np.concatenate([np.eye(2)[[at]], np.eye(3)[[0]]], axis=1)).mean().numpy()[0]
            for at in range(2)
        ]
    )
    loadings = (unit - zero[0]).T
    prior = vae.prior(np.arange(3))
    laws = [
        stats.multivariate_normal(
            zero[y] + loadings @ prior.mean().numpy()[y],
            loadings @ np.diag(prior.variance().numpy()[y]) @ loadings.T + 0.25 * np.eye(3),
        )
        for y in range(3)
    ]
    return vae, laws


def test_log_p_of_x_given_y_is_that_of_the_linear_gaussian_model():
    """24 estimates within five of their standard errors, and 0.01 for those of the errors."""
    vae, laws = linear_gaussian()
    y = np.arange(12) % 3
    x = np.stack([laws[y[row]].rvs(random_state=row) for row in range(12)]).astype("float32")
    exact = np.array([laws[y[row]].logpdf(x[row]) for row in range(12)])
    for method, size in (("importance_sampling", 50_000), ("ais", 64)):
        found = evaluation.log_marginal_likelihood(
            vae, x, size, seed=0, condition=y, method=method, annealing_steps=40
        )
        assert (abs(found.estimate - exact) < 5.0 * found.standard_error + 0.01).all()
    bound = vae.elbo(x, 500, seed=0, condition=y).elbo.numpy()
    assert (bound < exact + 0.3).all()


def affine(decoder, size):
    """Returns the loadings `[3, size]` of a linear decoder, and what it gives y at latents of 0."""

    def mean(z, y):
        return decoder(np.concatenate([z, y], axis=1)).mean().numpy().astype(np.float64)

    zero = mean(np.zeros([3, size]), np.eye(3))
    moved = mean(np.eye(size), np.tile(np.eye(3)[:1], [size, 1]))
    return (moved - zero[0]).T, zero


def widen(layers):
    """Makes posteriors proposals of wide scale near the standard normal."""
    for layer in layers:
        layer.heads["loc"].kernel.assign(0.1 * layer.heads["loc"].kernel)
        layer.heads["scale"].kernel.assign(0.1 * layer.heads["scale"].kernel)
        layer.heads["scale"].bias.assign(tf.ones_like(layer.heads["scale"].bias))


def check_log_prob(vae, exact, seed):
    """Compares 12 estimates with the mean of the laws `exact[y]`: within five standard errors."""
    y = np.arange(12) % 3
    x = np.stack([exact[y[row]][0].rvs(random_state=row) for row in range(12)]).astype("float32")
    log_probs = [
        special.logsumexp([law.logpdf(x[row]) for law in exact[y[row]]])
        - np.log(len(exact[y[row]]))
        for row in range(12)
    ]
    found = evaluation.log_marginal_likelihood(vae, x, 50_000, seed=seed, condition=y)
    assert (abs(found.estimate - log_probs) < 5.0 * found.standard_error + 0.01).all()


@pytest.mark.filterwarnings("ignore:The effective sample size")
def test_log_p_given_y_under_a_vamp_prior_is_that_of_its_mixture():
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=0.5)),
        prior=priors.VampPrior(3),
        condition=one_hot(),
        adaptive=False,
    )
    widen([vae.encoder.posterior])
    vae.prior_layer.rows.assign(8.0 * vae.prior_layer.rows)
    vae.prior_layer.features.assign(8.0 * vae.prior_layer.features)
    loadings, zero = affine(vae.decoder, 2)
    components = vae.prior().components_distribution
    means, variances = components.mean().numpy(), components.variance().numpy()
    exact = [
        [
            stats.multivariate_normal(
                zero[y] + loadings @ mean,
                loadings @ np.diag(variance) @ loadings.T + 0.25 * np.eye(3),
            )
            for mean, variance in zip(means, variances, strict=True)
        ]
        for y in range(3)
    ]
    check_log_prob(vae, exact, seed=1)


@pytest.mark.filterwarnings("ignore:The effective sample size")
def test_log_p_given_y_of_two_layers_is_that_of_the_linear_gaussian_model():
    keras.utils.set_random_seed(1)
    down = posteriors.MultivariateNormalDiag(2)
    vae = tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(2)),
            tfp_vae.Transition(networks.mlp([]), posteriors.MultivariateNormalDiag(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=0.5)),
            tfp_vae.Transition(networks.mlp([]), down),
        ],
        prior=priors.ConditionalNormal(),
        condition=one_hot(),
        adaptive=False,
    )
    with_random_weights(vae.prior_layer.top)
    widen([vae.encoder.posterior, vae.encoder.upward[0].posterior])
    down.heads["scale"].kernel.assign(tf.zeros_like(down.heads["scale"].kernel))
    transition = vae.prior_layer.downward[0]
    below = transition(np.concatenate([np.zeros([1, 2]), np.eye(2)]).astype("float32"))
    at_units = below.mean().numpy().astype(np.float64)
    shift, noise = at_units[0], np.diag(below.variance().numpy()[0])
    middle = (at_units[1:] - shift).T
    top = vae.prior_layer.top.distribution(tf.eye(3))
    loadings, zero = affine(vae.decoder, 2)
    exact = []
    for y in range(3):
        covariance = middle @ np.diag(top.variance().numpy()[y]) @ middle.T + noise
        mean = zero[y] + loadings @ (middle @ top.mean().numpy()[y] + shift)
        full = loadings @ covariance @ loadings.T + 0.25 * np.eye(3)
        exact.append([stats.multivariate_normal(mean, full)])
    check_log_prob(vae, exact, seed=2)


def test_draws_given_y_have_the_mean_of_the_linear_gaussian_model():
    """20,000 draws of standard deviations below 2: five standard errors."""
    vae, laws = linear_gaussian()
    for y in range(3):
        draws = vae.sample(20_000, seed=y, condition=np.full([20_000], y)).numpy()
        np.testing.assert_allclose(draws.mean(axis=0), laws[y].mean, atol=0.07)
        np.testing.assert_allclose(np.cov(draws.T), laws[y].cov, atol=0.15)


def test_its_weights_are_trained_and_saved(tmp_path):
    vae = conditional()
    vae.compile("adam", run_eagerly=True)
    before = [weight.copy() for weight in vae.prior_layer.get_weights()]
    vae.fit(BINARY, Y, epochs=2, verbose=0)
    assert any(
        (one != other).any()
        for one, other in zip(before, vae.prior_layer.get_weights(), strict=True)
    )
    vae.save(tmp_path / "vae.keras")
    for loaded in (
        keras.models.load_model(tmp_path / "vae.keras"),
        tfp_vae.load(tmp_path / "vae.keras"),
    ):
        np.testing.assert_array_equal(
            loaded.elbo(BINARY, seed=0, condition=Y).elbo,
            vae.elbo(BINARY, seed=0, condition=Y).elbo,
        )


@pytest.mark.parametrize(
    "objective", [objectives.IWAE(3), objectives.ELBO(free_bits=0.1)], ids=repr
)
def test_objectives_of_rows_take_it(objective):
    vae = conditional(objective=objective)
    vae.compile("adam", run_eagerly=True)
    assert np.isfinite(vae.fit(BINARY, Y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("objective", [objectives.BetaTCVAE(23), objectives.InfoVAE(1.0)], ids=repr)
def test_objectives_of_the_aggregate_refuse_it(objective):
    with pytest.raises(ValueError, match=r"`prior` must have batch shape \[\]"):
        conditional(objective=objective)


def test_two_layers_of_latents_have_it_on_top():
    vae = tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalDiag(3)),
            tfp_vae.Transition(networks.mlp([5]), posteriors.MultivariateNormalDiag(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([5]), posteriors.MultivariateNormalDiag(3)),
        ],
        prior=priors.ConditionalNormal(),
        condition=one_hot(),
    )
    with_random_weights(vae.prior_layer.top)
    assert vae.sample(3, seed=0, condition=[0, 1, 2]).shape == (3, 4)
    prior = vae.prior([0, 1])
    z = prior.sample(seed=0)
    top = vae.prior_layer.top.distribution(tf.constant(np.eye(3)[:2], tf.float32))
    below = vae.prior_layer.downward[0](z[:, 3:])
    np.testing.assert_allclose(
        prior.log_prob(z), top.log_prob(z[:, 3:]) + below.log_prob(z[:, :3]), rtol=1e-5
    )
    vae.compile("adam", run_eagerly=True)
    assert np.isfinite(vae.fit(BINARY, Y, verbose=0).history["loss"]).all()


def test_a_model_without_a_condition_refuses_it_and_a_prior_without_y_too():
    with pytest.raises(ValueError, match="must not depend on a condition in a model without one"):
        small_vae(prior=priors.ConditionalNormal())
    with pytest.raises(ValueError, match="`condition` must be given"):
        conditional().prior()
    with pytest.raises(ValueError, match="`condition` must be None"):
        small_vae().prior(Y)
    with pytest.raises(
        ValueError, match=r"`trunk` must take the features of the condition, \[batch"
    ):
        conditional(priors.ConditionalNormal(keras.layers.Conv2D(3, 3)))
    with pytest.raises(TypeError, match="`trunk` must be a Layer"):
        priors.ConditionalNormal(3)
    with pytest.raises(ValueError, match="must belong to a model with a condition"):
        priors.ConditionalNormal().build([2])


@pytest.mark.nightly
def test_the_properties_of_the_bound_hold():
    vae = conditional()
    with_random_weights(vae.prior_layer)
    report = check_elbo(vae, BINARY[:4], condition=Y[:4])
    assert report.ok
