"""Variational RNNs: linear ones against closed forms, the Kalman filter and other models."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support.linear_recurrence import LinearRecurrence
from tfp_vae import distributions, likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing import assert_mean, check_elbo

SERIES = np.random.default_rng(0).normal(size=[6, 4, 2]).astype("float32")
ENDS_EARLY = np.where(
    np.arange(4)[:, None] < np.array([4, 1, 3, 2, 4, 0])[:, None, None], SERIES, np.nan
)


def recurrent_vae(likelihood=None, steps=4, **options):
    return tfp_vae.VariationalRNN.from_gru(
        likelihood or likelihoods.Normal([2], scale="shared"), steps, 2, units=3, **options
    )


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("cut", [False, True], ids=["recurrent", "cut"])
@pytest.mark.parametrize(("seed", "steps"), [(0, 1), (1, 5)])
def test_at_the_exact_posterior_every_weight_is_the_log_density(seed, steps, cut):
    """Where the state is the data before, x is an autoregression with correlated noise."""
    model = LinearRecurrence.of_data(seed)
    model = model.without_state() if cut else model
    x = np.random.default_rng(seed).normal(size=[4, steps, 3])
    batch = model.vae(steps).distributions(x)
    z = batch.posterior.sample(3, seed=[0, seed])
    expected = np.tile(model.log_prob(x), [3, 1])
    np.testing.assert_allclose(batch.log_weights(z), expected, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_a_state_of_latents_alone_is_the_state_space_model():
    """The weights of draws are those of the same draws under chains that exist already."""
    model = LinearRecurrence.of_latents(0)
    vae = model.vae(5)
    x = np.random.default_rng(1).normal(size=[4, 5, 3])
    batch = vae.distributions(x)
    drawn = batch.posterior.sample(3, seed=0)
    hidden, q = batch.posterior.hidden(drawn), batch.posterior.conditionals(drawn)
    z = vae.decoder.likelihood.latents(hidden, tf.reshape(drawn, [3, 4, 5, 2]))
    np.testing.assert_allclose(hidden[..., 1:, :], z[..., :-1, :])
    flat = tf.reshape(z, [3, 4, 10])
    scale = np.tile(np.diag(model.scale), [5, 1, 1])
    prior = distributions.LinearMarkovChain(
        np.tile(model.offset, [5, 1]), np.tile(model.from_state, [5, 1, 1]), scale
    )
    # q of z_t has the matrix F (1 - gain loadings) for z_{t-1}, and an offset that x makes.
    gain = q.scale.diag_part()[0, 0, 0].numpy()[:, None] ** 2 * (
        (model.loadings * model.scale).T / model.noise**2
    )
    of_latents = model.scale[:, None] * gain
    matrix = model.from_state - of_latents @ model.loadings @ model.from_state
    error = x - model.loadings @ model.offset - model.level
    posterior = distributions.LinearMarkovChain(
        model.offset + error @ of_latents.T,
        np.tile(matrix, [4, 5, 1, 1]),
        np.tile(np.diag(model.scale * q.stddev()[0, 0, 0].numpy()), [4, 5, 1, 1]),
    )
    normal = tfd.Normal(z.numpy() @ model.loadings.T + model.level, model.noise)
    weights = np.sum(normal.log_prob(x), axis=(-1, -2)) + prior.log_prob(flat)
    weights = weights - posterior.log_prob(flat)
    np.testing.assert_allclose(batch.log_weights(drawn), weights, rtol=1e-9)


def linear_gaussian(model, steps):
    """Returns TFP's state-space model, of a state that is z_t."""
    return tfd.LinearGaussianStateSpaceModel(
        num_timesteps=steps,
        transition_matrix=tf.constant(model.from_state),
        transition_noise=tfd.MultivariateNormalDiag(model.offset, model.scale),
        observation_matrix=tf.constant(model.loadings),
        observation_noise=tfd.MultivariateNormalDiag(model.level, np.full(3, model.noise)),
        initial_state_prior=tfd.MultivariateNormalDiag(model.offset, model.scale),
    )


@pytest.mark.usefixtures("float64")
def test_the_weights_average_to_the_kalman_filters_density():
    """Four means: fails by chance once in 5 million runs."""
    model = LinearRecurrence.of_latents(3)
    x = np.random.default_rng(1).normal(size=[4, 5, 3])
    batch = model.vae(5).distributions(x)
    z = batch.posterior.sample(4000, seed=[0, 1])
    exact = linear_gaussian(model, 5).log_prob(x)
    assert_mean(np.exp(batch.log_weights(z) - exact), 1.0)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "feeds_back",
    [pytest.param(False, marks=pytest.mark.nightly), True],
    ids=["latents", "data"],
)
def test_a_forecast_of_a_linear_model_has_its_exact_moments(feeds_back):
    """18 means, standard deviations and draws each: fails by chance once in 100,000 runs."""
    model = (LinearRecurrence.of_data if feeds_back else LinearRecurrence.of_latents)(2)
    horizon, draws = 6, 4000
    x = np.random.default_rng(1).normal(size=[1, 1, 3])
    found = model.vae(1).forecast(x, horizon, sample_size=draws, seed=0)
    assert found.draws.shape == (draws, 1, horizon, 3)
    matrix, constant, covariance = model.moments
    if feeds_back:
        means, covariances = [x[0, 0]], [np.zeros([3, 3])]
        for _ in range(horizon):
            means.append(matrix @ means[-1] + constant)
            covariances.append(matrix @ covariances[-1] @ matrix.T + covariance)
        means, covariances = means[1:], covariances[1:]
    else:
        filtered = linear_gaussian(model, 1).forward_filter(x[0])
        state, spread = filtered.filtered_means[-1].numpy(), filtered.filtered_covs[-1].numpy()
        means, covariances = [], []
        for _ in range(horizon):
            state = model.from_state @ state + model.offset
            spread = model.from_state @ spread @ model.from_state.T + np.diag(model.scale**2)
            means.append(model.loadings @ state + model.level)
            seen = model.loadings @ spread @ model.loadings.T
            covariances.append(seen + model.noise**2 * np.eye(3))
    for step, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        variance = np.diag(covariance)
        assert_mean(found.draws[:, 0, step], mean)
        assert_mean((found.draws[:, 0, step] - mean) ** 2, variance)
        error = np.sqrt(variance / draws)
        np.testing.assert_array_less(np.abs(found.mean[0, step] - mean), 5.5 * error)
        np.testing.assert_allclose(found.stddev[0, step], np.sqrt(variance), rtol=0.1)


@pytest.mark.usefixtures("float64")
def test_a_series_that_ends_early_is_one_of_fewer_steps():
    vae = recurrent_vae(missing_values=np.nan)
    short = recurrent_vae(steps=2)
    short.set_weights(vae.get_weights())
    x = np.array(SERIES, float)
    padded = x.copy()
    padded[:, 2:] = np.nan
    batch, of_short = vae.distributions(padded), short.distributions(x[:, :2])
    z = batch.posterior.sample(3, seed=0)
    weights = batch.log_weights(z)
    np.testing.assert_allclose(weights, of_short.log_weights(z[..., :4]), rtol=1e-12)
    # What follows is the prior of the innovations.
    np.testing.assert_array_equal(batch.posterior.conditionals(z).mean()[..., 2:, :], 0.0)
    np.testing.assert_array_equal(batch.posterior.conditionals(z).stddev()[..., 2:, :], 1.0)


def test_what_stands_in_the_padding_changes_nothing_bit_for_bit():
    vae = recurrent_vae(missing_values=np.nan)
    observed = np.isfinite(ENDS_EARLY)
    found = []
    for filling in (0.0, 1e3):
        x = tf.constant(np.where(observed, ENDS_EARLY, filling), tf.float32)
        posterior = vae.encoder.of_tensors(x, observed=observed)
        z = posterior.sample(2, seed=0)
        likelihood = vae.decoder.likelihood.of_observed(vae.decoded(z), observed)
        found.append((z, posterior.log_prob(z), likelihood.log_prob(x)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    # Other rows change nothing either; the noise is that of the place.
    terms = vae.elbo(ENDS_EARLY, seed=0)
    alone = vae.elbo(ENDS_EARLY[:2], seed=0)
    whole = vae.elbo(np.concatenate([ENDS_EARLY[:2], SERIES[2:]]), seed=0)
    np.testing.assert_allclose(terms.elbo[:2], whole.elbo[:2], rtol=1e-6)
    assert np.isfinite(alone.elbo).all()


def test_the_bound_is_that_of_the_paper():
    """The objective of Chung et al. from the distributions of each step, at the same draw."""
    vae = recurrent_vae(missing_values=np.nan)
    seed = tf.constant([3, 4])
    batch = vae.distributions(ENDS_EARLY)
    terms = objectives.ELBO()(
        batch.x,
        posterior=batch.posterior,
        prior=batch.prior,
        likelihood_fn=batch.likelihood_fn,
        seed=seed,
    )
    steps = vae.steps(ENDS_EARLY, seed=seed)
    seen = np.isfinite(ENDS_EARLY).all(axis=-1)
    of_steps = steps.likelihood.log_prob(batch.x).numpy()
    np.testing.assert_allclose(terms.log_likelihood, (of_steps * seen).sum(axis=1), rtol=1e-5)
    kl_divergence = tfd.kl_divergence(steps.posterior, steps.prior).numpy()
    np.testing.assert_allclose(terms.kl_divergence, kl_divergence.sum(axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_less(np.abs(kl_divergence[~seen]), 1e-6)
    assert "exact for each step" in vae.kl_declaration


def test_the_posterior_filters_and_the_state_carries_the_data():
    vae = recurrent_vae()
    z = vae.posterior(SERIES).sample(seed=0)
    changed = SERIES.copy()
    changed[:, 1] += 1.0
    one, other = (vae.posterior(x).conditionals(z).mean().numpy() for x in (SERIES, changed))
    same = np.isclose(one, other, rtol=1e-6).all(axis=(0, 2))
    np.testing.assert_array_equal(same, [True, False, False, False])
    one, other = (vae.decoder(z).conditionals(x).mean().numpy() for x in (SERIES, changed))
    same = np.isclose(one, other, rtol=1e-6).all(axis=(0, 2))
    np.testing.assert_array_equal(same, [True, True, False, False])


@pytest.mark.parametrize(
    "cell",
    [
        lambda: keras.layers.LSTMCell(3),
        lambda: keras.layers.StackedRNNCells([keras.layers.GRUCell(4), keras.layers.LSTMCell(3)]),
    ],
    ids=["lstm", "stacked"],
)
def test_cells_of_several_states(cell):
    vae = tfp_vae.VariationalRNN(**parts(cell=cell()))
    assert np.isfinite(vae.elbo(SERIES, seed=0).elbo).all()
    again = tfp_vae.VariationalRNN.from_config(vae.get_config())
    again.set_weights(vae.get_weights())
    np.testing.assert_array_equal(again.elbo(SERIES, seed=0).elbo, vae.elbo(SERIES, seed=0).elbo)


@pytest.mark.parametrize("scale", ["shared", pytest.param("calibrated", marks=pytest.mark.nightly)])
def test_a_variational_rnn_trains_and_is_saved(scale, tmp_path):
    vae = recurrent_vae(likelihoods.Normal([2], scale=scale), missing_values=np.nan)
    vae.compile(run_eagerly=True)
    history = vae.fit(ENDS_EARLY, epochs=2, batch_size=3, verbose=0)
    assert np.isfinite(history.history["elbo"]).all()
    vae.save(tmp_path / "vae.keras")
    other = tfp_vae.load(tmp_path / "vae.keras")
    assert type(other) is tfp_vae.VariationalRNN
    found, expected = (each.elbo(ENDS_EARLY, seed=0).elbo for each in (other, vae))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "likelihood",
    [likelihoods.Categorical([1], 3), likelihoods.Poisson([2]), likelihoods.Bernoulli([2, 2, 1])],
    ids=["codes", "counts", "images"],
)
def test_series_of_other_values_are_drawn_in_their_support(likelihood):
    vae = recurrent_vae(likelihood)
    x = vae.decoder(np.zeros([2, 8], "float32")).sample(3, seed=0).numpy()
    assert x.shape == (3, 2, 4, *likelihood.event_shape)
    assert not likelihood.support.outside(x).any()
    assert np.isfinite(vae.elbo(x[0], seed=0).elbo).all()
    assert vae.reconstruct(x[0]).most_probable().shape == x[0].shape


@pytest.mark.nightly
def test_a_series_is_completed_by_a_forecast():
    """What `impute` draws at the end has the distribution that a forecast of fewer steps has."""
    vae = recurrent_vae(missing_values=np.nan)
    short = recurrent_vae(steps=2, missing_values=np.nan)
    short.set_weights(vae.get_weights())
    x = np.where(np.arange(4)[:, None] < 2, SERIES, np.nan)
    imputed = vae.impute(x, sample_size=3, importance_sample_size=100, seed=0)
    np.testing.assert_array_equal(imputed.mean[:, :2], SERIES[:, :2])
    assert np.isfinite(imputed.draws).all()
    found, again = (short.forecast(x[:, :2], 2, sample_size=2000, seed=0) for _ in range(2))
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)
    longer = vae.forecast(x, 1, sample_size=2000, seed=1)
    further = short.forecast(x[:, :2], 3, sample_size=2000, seed=2)
    error = np.hypot(longer.stddev, further.stddev[:, 2:]) / np.sqrt(2000)
    np.testing.assert_array_less(np.abs(longer.mean - further.mean[:, 2:]), 5.5 * error)


@pytest.mark.nightly
@pytest.mark.parametrize("missing_values", [None, np.nan])
def test_a_variational_rnn_has_every_property_of_the_bound(missing_values):
    vae = recurrent_vae(missing_values=missing_values)
    assert check_elbo(vae, SERIES if missing_values is None else ENDS_EARLY).ok


@pytest.mark.nightly
@pytest.mark.parametrize(
    "objective",
    [
        objectives.IWAE(5),
        objectives.IWAE(5, "doubly_reparameterized"),
        objectives.ELBO(layer_free_bits=0.1),
    ],
    ids=["iwae", "dreg", "free bits"],
)
def test_other_objectives_train_it(objective):
    vae = recurrent_vae(objective=objective)
    vae.compile(jit_compile=False)
    history = vae.fit(SERIES, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def transition(kind=posteriors.MultivariateNormalDiag, size=2):
    return tfp_vae.Transition(networks.mlp([3]), kind(size))


def parts(**changed):
    encoder, prior = transition(), transition()
    decoder = tfp_vae.Decoder(networks.mlp([3]), likelihoods.Normal([2]))
    made = {"cell": keras.layers.GRUCell(3), "encoder": encoder, "decoder": decoder}
    return {**made, "prior": prior, "time_steps": 4, **changed}


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"cell": keras.layers.Dense(3)}, TypeError, "`cell` must be a Keras recurrent cell"),
        ({"encoder": networks.mlp([3])}, TypeError, "`encoder` must be"),
        ({"prior": priors.StandardNormal()}, TypeError, "`prior` must be"),
        ({"time_steps": 0}, ValueError, "`time_steps` must be"),
        ({"adaptive": True}, ValueError, "`adaptive` must be False in a variational RNN"),
        ({"condition": keras.layers.Embedding(2, 2)}, ValueError, "`condition` must be None"),
        ({"preprocess": keras.layers.Rescaling(2.0)}, ValueError, "`preprocess` must be None"),
        (
            {"encoder": transition(posteriors.MultivariateNormalTriL)},
            ValueError,
            "`encoder` must have a posteriors.MultivariateNormalDiag",
        ),
        (
            {"prior": transition(size=3)},
            ValueError,
            "`encoder` must have the 3 latents of `prior`; got 2",
        ),
        (
            {"decoder": tfp_vae.Decoder(networks.mlp([3]), likelihoods.Poisson([2], "total"))},
            ValueError,
            "`decoder` must have a likelihood without offset",
        ),
    ],
)
def test_wrong_arguments_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        tfp_vae.VariationalRNN(**parts(**changed))


def test_gaps_within_a_series_are_refused_in_a_sentence():
    vae = recurrent_vae(missing_values=np.nan)
    gap = SERIES.copy()
    gap[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"only in whole steps at the end.*index \[2, 2\]"):
        vae.elbo(gap)
    part = SERIES.copy()
    part[2, 3, 0] = np.nan
    with pytest.raises(ValueError, match=r"only in whole steps at the end.*index \[2, 3\]"):
        vae.elbo(part)
