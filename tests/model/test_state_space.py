"""State-space models against TFP's Kalman filter."""

import keras
import numpy as np
import pytest
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support.linear_state_space import LinearStateSpace
from tests.support.small_models import small_vae
from tfp_vae import likelihoods, networks, posteriors, priors
from tfp_vae.testing import assert_mean, check_elbo

SEEN = np.ones([6, 3], bool)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("seed", "steps", "size"), [(0, 1, 2), (1, 4, 1), (2, 6, 3)])
def test_at_the_exact_smoother_the_bound_is_the_kalman_filters_log_prob(seed, steps, size):
    model = LinearStateSpace.drawn(seed, size)
    x = model.tfp(steps).sample(4, seed=[0, seed]).numpy()
    expected = model.tfp(steps).log_prob(x).numpy()
    vae = model.vae(SEEN[:steps])
    assert vae.kl_declaration == "KL: exact"
    batch = vae.distributions(x)
    z = batch.posterior.sample(5, seed=[1, seed])
    np.testing.assert_allclose(batch.log_weights(z), np.tile(expected, [5, 1]), rtol=1e-9)
    # The mean of log p(x|z) is its value at the mean of q, less the spread of H z.
    gain, constant, covariance = model.smoother(SEEN[:steps])
    mean = x.reshape([4, -1]) @ gain.T + constant
    np.testing.assert_allclose(batch.posterior.mean(), mean, rtol=1e-9, atol=1e-9)
    loadings = np.kron(np.eye(steps), model.observation)
    spread = np.trace(loadings @ covariance @ loadings.T) / model.noise**2
    at_mean = batch.likelihood_fn(mean).log_prob(batch.x).numpy()
    kl_divergence = vae.elbo(x, seed=0).kl_divergence.numpy()
    np.testing.assert_allclose(at_mean - 0.5 * spread - kl_divergence, expected, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_padding_changes_nothing():
    """Missing steps at the end, and one in the middle, against a filter that skips them."""
    model = LinearStateSpace.drawn(0)
    x = model.tfp(6).sample(4, seed=[0, 0]).numpy()
    gone = np.array([False, False, True, False, True, True])
    seen = SEEN & ~gone[:, None]
    vae = model.vae(seen, missing_values=np.nan)
    batch = vae.distributions(np.where(seen, x, np.nan))
    z = batch.posterior.sample(3, seed=[0, 1])
    filtered = model.tfp(6).log_prob(x, mask=np.tile(gone, [4, 1]))
    np.testing.assert_allclose(batch.log_weights(z), np.tile(filtered, [3, 1]), rtol=1e-9)
    short = model.tfp(4).log_prob(x[:, :4], mask=np.tile(gone[:4], [4, 1]))
    np.testing.assert_allclose(filtered, short, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_a_forecast_of_the_linear_model_is_the_kalman_filters():
    """20 means, standard deviations and draws each: fails by chance once in 100,000 runs."""
    model = LinearStateSpace.drawn(3)
    steps, horizon, draws = 4, 10, 4000
    x = model.tfp(steps).sample(1, seed=[0, 1]).numpy()
    vae = model.vae(SEEN[:steps])
    found = vae.forecast(x, horizon, sample_size=draws, seed=0)
    assert found.mean.shape == (1, horizon, 3)
    assert found.draws.shape == (draws, 1, horizon, 3)
    # The last filtered state, moved on by the transition.
    _, mean, covariance, *_ = model.tfp(steps).forward_filter(x[0])
    mean, covariance = mean[-1].numpy(), covariance[-1].numpy()
    for step in range(horizon):
        mean = model.transition @ mean + model.offset
        covariance = model.transition @ covariance @ model.transition.T + np.diag(model.scale**2)
        observed = model.observation @ mean + model.level
        spread = model.observation @ covariance @ model.observation.T
        stddev = np.sqrt(np.diag(spread) + model.noise**2)
        assert_mean(found.draws[:, 0, step], observed)
        assert_mean((found.draws[:, 0, step] - observed) ** 2, stddev**2)
        # The mean over states has no noise of the data.
        error = np.sqrt(np.diag(spread) / draws)
        np.testing.assert_array_less(np.abs(found.mean[0, step] - observed), 5.5 * error)
        np.testing.assert_allclose(found.stddev[0, step], stddev, rtol=0.1)


def test_forecasts_of_other_models_are_refused_in_a_sentence():
    x = np.zeros([2, 4])
    with pytest.raises(ValueError, match="`vae` must have a prior over time, such as"):
        small_vae(likelihoods.Normal([4])).forecast(x, 2)
    other = small_vae(likelihoods.Normal([4]), prior=priors.GaussianProcess(2))
    with pytest.raises(ValueError, match="`vae` must have a likelihood with an axis of time first"):
        other.forecast(x, 2)
    mixing = small_vae(likelihoods.Normal([2, 2]), prior=priors.LinearMarkovChain(2))
    with pytest.raises(ValueError, match="`vae` must decode every step by itself and all alike"):
        mixing.forecast(np.zeros([1, 2, 2]), 2)


def state_space_vae(prior=None, **options):
    return tfp_vae.StateSpaceVAE.from_gru(
        likelihoods.Normal([4, 2], scale="shared"), 2, units=3, prior=prior, **options
    )


SERIES = np.random.default_rng(0).normal(size=[6, 4, 2]).astype("float32")


@pytest.mark.nightly
@pytest.mark.parametrize(
    "prior",
    [None, priors.LinearMarkovChain(4), priors.GaussianProcess(4)],
    ids=["deep", "linear", "process"],
)
def test_a_state_space_model_trains_and_is_saved(prior, tmp_path):
    vae = state_space_vae(prior, missing_values=np.nan)
    x = np.where(np.random.default_rng(1).random(SERIES.shape) < 0.3, np.nan, SERIES)
    vae.compile(jit_compile=False)
    history = vae.fit(x, epochs=2, batch_size=3, verbose=0)
    assert np.isfinite(history.history["elbo"]).all()
    vae.save(tmp_path / "vae.keras")
    other = tfp_vae.load(tmp_path / "vae.keras")
    assert type(other) is tfp_vae.StateSpaceVAE
    np.testing.assert_allclose(other.elbo(x, seed=0).elbo, vae.elbo(x, seed=0).elbo, rtol=1e-6)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "prior",
    [None, priors.LinearMarkovChain(4), priors.GaussianProcess(4)],
    ids=["deep", "linear", "process"],
)
def test_a_state_space_model_imputes_and_forecasts(prior):
    vae = state_space_vae(prior, missing_values=np.nan)
    x = np.where(np.random.default_rng(1).random(SERIES.shape) < 0.3, np.nan, SERIES)
    imputed = vae.impute(x, sample_size=2, importance_sample_size=20, seed=0)
    seen = np.isfinite(x)
    np.testing.assert_array_equal(imputed.mean[seen], x[seen])
    assert np.isfinite(imputed.draws).all()
    found, again = (vae.forecast(x, 5, sample_size=3, seed=0) for _ in range(2))
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.mean.shape == (6, 5, 2)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("kernel", ["cauchy", "squared_exponential"])
def test_steps_that_follow_a_gaussian_process_are_its_regression(kernel):
    prior = priors.GaussianProcess(4, kernel, length_scale=3.0, nugget=0.01)
    prior.build([8])
    prior.raw_length_scale.assign([1.0, 3.0])
    lengths = np.log1p(np.exp([1.0, 3.0])) + 0.01
    z = np.random.default_rng(0).normal(size=[5, 8])
    later = prior.following(z, 6)
    times = np.arange(10.0)[:, None]
    for latent, length in enumerate(lengths):
        kernels = tfp.math.psd_kernels
        if kernel == "cauchy":
            shape = kernels.RationalQuadratic(np.sqrt(0.99), length)
        else:
            shape = kernels.ExponentiatedQuadratic(np.sqrt(0.99), length)
        known = z.reshape([5, 4, 2])[..., latent]
        process = tfd.GaussianProcess(shape, times[:4], observation_noise_variance=0.01, jitter=0.0)
        states = prior.distribution().covariance().numpy().reshape([4, 2, 4, 2])
        np.testing.assert_allclose(states[:, latent, :, latent], process.covariance(), rtol=1e-9)
        regression = tfd.GaussianProcessRegressionModel(
            shape,
            index_points=times[4:],
            observation_index_points=times[:4],
            observations=known,
            observation_noise_variance=0.01,
            predictive_noise_variance=0.01,
            jitter=0.0,
        )
        mean = later.mean().numpy().reshape([5, 6, 2])[..., latent]
        np.testing.assert_allclose(mean, regression.mean(), rtol=1e-7, atol=1e-9)
        covariance = later.covariance().numpy().reshape([5, 6, 2, 6, 2])[0, :, latent, :, latent]
        expected = regression.covariance().numpy()
        np.testing.assert_allclose(
            covariance, expected.reshape([-1, 6, 6])[0], rtol=1e-7, atol=1e-9
        )


def test_series_of_classes_and_counts_are_forecast():
    for likelihood in (likelihoods.Categorical([4, 1], 3), likelihoods.Poisson([4, 2])):
        posterior = posteriors.LinearMarkovChain(4, 2)
        vae = tfp_vae.StateSpaceVAE(
            tfp_vae.Encoder(networks.mlp([3]), posterior),
            tfp_vae.Decoder(keras.layers.Reshape([4, 2]), likelihood),
            priors.LinearMarkovChain(4),
        )
        x = vae.sample(2, seed=0)
        draws = vae.forecast(x, 6, sample_size=3, seed=0).draws
        assert draws.shape == (3, 2, 6, *likelihood.event_shape[1:])
        assert not likelihood.support.outside(draws.astype(float)).any()


def test_the_encoder_sees_which_values_are_missing():
    vae = state_space_vae(missing_values=np.nan)
    x = SERIES[:1].copy()
    x[0, 1] = 0.0
    gone = x.copy()
    gone[0, 1] = np.nan
    assert not np.allclose(vae.posterior(x).mean(), vae.posterior(gone).mean())


@pytest.mark.parametrize("inference", ["smoothing", "filtering"])
def test_a_filter_sees_the_steps_up_to_its_own(inference):
    vae = state_space_vae(inference=inference)
    changed = SERIES.copy()
    changed[:, 2] += 1.0
    one, other = (
        vae.posterior(each).mean().numpy().reshape([6, 4, 2]) for each in (SERIES, changed)
    )
    is_same = np.isclose(one, other, rtol=1e-5, atol=1e-6).all(axis=(0, 2))
    np.testing.assert_array_equal(is_same, [inference == "filtering"] * 2 + [False, False])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: state_space_vae(priors.StandardNormal()),
            TypeError,
            "`prior` must be",
        ),
        (lambda: state_space_vae(inference="guess"), ValueError, "`inference` must be"),
        (lambda: state_space_vae(adaptive=True), ValueError, "`adaptive` must be False"),
        (
            lambda: state_space_vae(priors.GaussianProcess(3)),
            ValueError,
            "`time_steps` must divide",
        ),
        (
            lambda: tfp_vae.StateSpaceVAE.from_gru(likelihoods.Normal([4])),
            ValueError,
            "`likelihood` must have an event shape",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "prior",
    [priors.DeepMarkovChain(4, [3]), priors.LinearMarkovChain(4), priors.GaussianProcess(4)],
    ids=["deep", "linear", "process"],
)
def test_a_state_space_model_has_every_property_of_the_bound(prior):
    vae = tfp_vae.StateSpaceVAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.LinearMarkovChain(4, 2)),
        tfp_vae.Decoder(keras.layers.Reshape([4, 2]), likelihoods.Normal([4, 2])),
        prior,
    )
    assert check_elbo(vae, SERIES).ok
