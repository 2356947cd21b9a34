"""Several layers of latents: exact densities of a linear-Gaussian chain, and Keras's ways."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import tfp_vae
from tests.support.small_models import BINARY, LOGS
from tfp_vae import evaluation, likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing import (
    assert_close,
    assert_config_is_a_fixed_point,
    assert_mean,
    assert_mean_at_most,
    repeated,
)

# z2 ~ N(0, 1), z1|z2 ~ N(a z2 + b, s²), x|z1 ~ N(W z1 + c, t²), one latent in each layer: then the
# exact posterior q(z1|x) q(z2|z1) has the form that the model can take.
A, B, S, T = 0.8, 0.3, 0.6, 0.5
W, C = np.array([0.7, -1.2, 0.4]), np.array([0.1, 0.2, -0.5])


def set_affine(layer, loc_kernel, loc_bias, stddev):
    """Sets a posterior on no hidden layers to N(kernel input + bias, stddev²)."""
    kernel = np.reshape(loc_kernel, [-1, 1])
    layer.heads["loc"].set_weights([kernel, np.reshape(loc_bias, [1])])
    layer.heads["scale"].set_weights([np.zeros_like(kernel), np.log(np.expm1([stddev]))])


def normal():
    return posteriors.MultivariateNormalDiag(1, scale_floor=0.0)


def linear_chain(shift=0.0, factor=1.0, **options):
    """Makes the model, with its exact posterior or one off by a shift and a factor."""
    vae = tfp_vae.HierarchicalVAE(
        encoders=[
            tfp_vae.Encoder(networks.mlp([]), normal()),
            tfp_vae.Transition(networks.mlp([]), normal()),
        ],
        decoders=[
            tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=T)),
            tfp_vae.Transition(networks.mlp([]), normal()),
        ],
        **options,
    )
    vae.decoder.likelihood.heads["loc"].set_weights([W[None], C])
    set_affine(vae.prior_layer.downward[0].posterior, A, B, S)
    prior_variance = A**2 + S**2
    variance = 1.0 / (1.0 / prior_variance + W @ W / T**2)
    gain = variance * W / T**2
    bias = variance * B / prior_variance - gain @ C
    set_affine(vae.encoder.posterior, gain, bias + shift, factor * variance**0.5)
    upper = 1.0 / (1.0 + A**2 / S**2)
    set_affine(
        vae.encoder.upward[0].posterior,
        upper * A / S**2,
        -upper * A * B / S**2 + shift,
        factor * upper**0.5,
    )
    return vae


def marginal():
    return stats.multivariate_normal(B * W + C, (A**2 + S**2) * np.outer(W, W) + T**2 * np.eye(3))


def rows(count=6):
    return marginal().rvs(count, random_state=0)


@pytest.mark.usefixtures("float64")
def test_every_draw_at_the_exact_posterior_gives_log_marginal_likelihood():
    vae, x = linear_chain(), rows()
    terms = vae.elbo(x, sample_size=3, seed=0)
    assert_close(terms.elbo, marginal().logpdf(x))
    batch = vae.distributions(x)
    log_weights = batch.log_weights(batch.posterior.sample(5, seed=[1, 2]))
    assert_close(log_weights, np.tile(marginal().logpdf(x), [5, 1]))
    holes = np.where(np.arange(3) == 1, np.nan, x)
    holed = linear_chain(missing_values=np.nan)
    found = evaluation.log_marginal_likelihood(holed, holes, 2000, seed=0)
    exact = stats.multivariate_normal(
        marginal().mean[[0, 2]], marginal().cov[np.ix_([0, 2], [0, 2])]
    ).logpdf(x[:, [0, 2]])
    scores = (found.estimate - exact) / found.standard_error
    # 6 scores beyond 5: fails by chance in 3.4e-6 of all seeds, were the seed not fixed.
    assert np.abs(scores).max() < 5.0


@pytest.mark.usefixtures("float64")
def test_the_bounds_are_in_order():
    vae = linear_chain(0.2, 1.3)
    row = rows(1).reshape(-1)
    batch = vae.distributions(repeated(row))
    exact = marginal().logpdf(row)
    parts = {"posterior": batch.posterior, "prior": batch.prior, "seed": 3}
    terms = objectives.IWAE(importance_sample_size=5)(
        batch.x, likelihood_fn=batch.likelihood_fn, **parts
    )
    # The same draws make both bounds, so that the order holds for each of the 4,000.
    assert (terms.objective.numpy() > terms.elbo.numpy()).all()
    assert_mean_at_most(terms.objective, exact)
    gap = exact - np.mean(terms.elbo)
    assert gap > 10 * np.std(terms.elbo) / len(terms.elbo) ** 0.5


PATH_OBJECTIVES = [
    (objectives.ELBO(gradient_estimator="sticking_the_landing"), objectives.ELBO()),
    (objectives.IWAE(5, "doubly_reparameterized"), objectives.IWAE(5)),
]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("objective", [path for path, _ in PATH_OBJECTIVES])
def test_path_gradients_are_zero_at_the_exact_posterior(objective):
    vae = linear_chain(objective=objective)
    assert len(vae.encoder.trainable_variables) == 8
    gradients = encoder_gradients(vae, rows(), range(1))
    for gradient in gradients:
        assert_close(gradient, 0.0, atol=1e-8)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("objective", "reference"),
    [*PATH_OBJECTIVES, (objectives.IWAE(5, "resampled"), objectives.IWAE(5))],
)
def test_other_estimators_are_unbiased(objective, reference):
    found, known = (
        encoder_gradients(linear_chain(0.2, 1.3, objective=each), rows(50), seeds)
        for each, seeds in ((objective, range(300)), (reference, range(300, 600)))
    )
    assert max(np.abs(expected.mean(axis=0)).max() for expected in known) > 0.1
    for estimate, expected in zip(found, known, strict=True):
        assert_mean(estimate - expected, 0.0)


def encoder_gradients(vae, x, seeds):
    """Returns the gradient of the objective by every variable of the encoder, for every seed."""
    x = tf.constant(x)

    @tf.function
    def gradient(seed):
        with tf.GradientTape() as tape:
            terms = vae.objective_terms(x, tf.stack([seed, 0]), 0, training=True)
            objective = tf.reduce_mean(terms.objective)
        return tape.gradient(objective, vae.encoder.trainable_variables)

    taken = [gradient(tf.constant(seed)) for seed in seeds]
    return [np.stack(of_variable) for of_variable in zip(*taken, strict=True)]


@pytest.mark.usefixtures("float64")
def test_the_joint_distributions_are_those_of_the_layers():
    vae = linear_chain(0.2, 1.3)
    prior = vae.prior()
    z = prior.sample(4000, seed=[5, 6]).numpy()
    assert z.shape == (4000, 2)
    # z1 stands first, though z2 is drawn first.
    joint = stats.multivariate_normal([B, 0.0], [[A**2 + S**2, A], [A, 1.0]])
    assert_close(prior.log_prob(z), joint.logpdf(z))
    assert_mean(z, joint.mean)
    centred = z - joint.mean
    assert_mean(centred[:, :, None] * centred[:, None], joint.cov)
    x = vae.sample(4000, seed=7).numpy()
    assert_mean(x, marginal().mean)
    centred = x - marginal().mean
    assert_mean(centred[:, :, None] * centred[:, None], marginal().cov)
    posterior = vae.posterior(rows())
    assert posterior.batch_shape == [6]
    draws = posterior.sample(3, seed=[7, 8])
    assert draws.shape == [3, 6, 2]
    first, second = tf.split(draws, 2, axis=-1)
    above = vae.encoder.upward[0](first)
    expected = posterior.first.log_prob(first) + above.log_prob(second)
    assert_close(posterior.log_prob(draws), expected)
    compiled = tf.function(lambda: vae.posterior(rows()).sample(3, seed=[7, 8]), jit_compile=True)
    assert_close(compiled(), draws, 1e-6, 1e-6)
    mean = vae.reconstruct(rows()).mean()
    assert_close(mean, posterior.first.mean().numpy() * W + C)


def three_layers(**options):
    return tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[3, 2, 1], units=[[6], [5, 4], [3]], **options
    )


def test_three_layers_train_save_and_serve(tmp_path):
    vae = three_layers(objective=objectives.IWAE(importance_sample_size=3))
    assert vae.latent_sizes == [3, 2, 1]
    assert vae.latent_size == 6
    vae.compile(run_eagerly=True)
    before = vae.get_weights()
    log = vae.fit(BINARY, epochs=2, verbose=0).history
    assert sorted(log) == LOGS
    assert np.isfinite(log["loss"]).all()
    assert all((one != other).any() for one, other in zip(before, vae.get_weights(), strict=True))
    assert vae.predict(BINARY, verbose=0).shape == (23, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert_close(loaded.elbo(BINARY, seed=0).elbo, vae.elbo(BINARY, seed=0).elbo)
    assert_config_is_a_fixed_point(vae)
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    terms = served.elbo(tf.constant(BINARY), tf.constant([0, 7]))
    np.testing.assert_allclose(terms["elbo"], vae.elbo(BINARY, seed=7).elbo, rtol=1e-4)
    assert served.encode(tf.constant(BINARY))["mean"].shape == [23, 6]


def test_both_ways_to_fit_end_in_the_same_weights():
    weights = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(5)
        vae = tfp_vae.HierarchicalVAE.from_mlps(
            likelihoods.Bernoulli([4]), latent_sizes=[2, 1], units=[[3], [3]]
        )
        vae.compile(keras.optimizers.Adam(0.01), run_eagerly=eagerly)
        vae.fit(BINARY, epochs=2, batch_size=12, verbose=0)
        weights.append(vae.get_weights())
    for one, another in zip(*weights, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-4, atol=1e-5)


def test_the_defaults_are_the_network_of_burda():
    vae = tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([784]))
    dense = lambda inputs, units: (inputs + 1) * units  # noqa: E731
    up = dense(784, 200) + dense(200, 200) + 2 * dense(200, 100)
    up += dense(100, 100) + dense(100, 100) + 2 * dense(100, 50)
    down = dense(50, 100) + dense(100, 100) + 2 * dense(100, 100)
    down += dense(100, 200) + dense(200, 200) + dense(200, 784)
    assert sum(np.prod(variable.shape) for variable in vae.trainable_variables) == up + down


def _transition(size):
    return tfp_vae.Transition(networks.mlp([3]), posteriors.MultivariateNormalDiag(size))


def _encoder(size):
    return tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(size))


def _decoder():
    return tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4]))


@pytest.mark.parametrize(
    ("encoders", "decoders", "error", "message"),
    [
        (
            lambda: [_encoder(3), _transition(2)],
            lambda: [_decoder(), _transition(5)],
            ValueError,
            r"`decoders\[1\]` must give the 3 latents of layer 1 .* got 5",
        ),
        (
            lambda: [_encoder(3), _transition(2)],
            lambda: [_decoder()],
            ValueError,
            "`decoders` must be as many as `encoders`.* got 1 and 2",
        ),
        (
            lambda: [_encoder(3), _encoder(2)],
            lambda: [_decoder(), _transition(3)],
            TypeError,
            r"`encoders\[1\]` must be a Transition",
        ),
        (lambda: _encoder(3), lambda: [_decoder()], TypeError, "`encoders` must be a list"),
        (
            lambda: [_encoder(3)],
            lambda: [_transition(3)],
            TypeError,
            r"`decoders\[0\]` must be a Decoder",
        ),
    ],
)
def test_layers_that_do_not_fit_are_named(encoders, decoders, error, message):
    with pytest.raises(error, match=message):
        tfp_vae.HierarchicalVAE(encoders(), decoders())


def test_free_bits_and_uneven_lists_are_refused():
    with pytest.raises(ValueError, match="`free_bits` must be 0"):
        three_layers(objective=objectives.ELBO(free_bits=0.1))
    with pytest.raises(ValueError, match="`units` must have one list of widths"):
        tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [3, 2], [[3]])


def two_layers(first, upward, downward, prior):
    return tfp_vae.HierarchicalVAE(
        [tfp_vae.Encoder(networks.mlp([4]), first), tfp_vae.Transition(networks.mlp([4]), upward)],
        [
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([4]), downward),
        ],
        prior=prior,
    )


def test_layers_are_of_any_normals_and_priors():
    vae = two_layers(
        posteriors.MultivariateNormalTriL(3),
        posteriors.MultivariateNormalDiagPlusLowRank(2, rank=1),
        posteriors.MultivariateNormalTriL(3),
        priors.MixtureOfGaussians(2),
    )
    vae.compile(run_eagerly=True)
    vae.fit(BINARY, verbose=0)
    assert np.isfinite(vae.elbo(BINARY, seed=0).elbo).all()
    assert "Monte Carlo" in repr(vae.objective)


@pytest.mark.parametrize(
    ("prior", "first", "message"),
    [
        (
            priors.VampPrior(2),
            posteriors.MultivariateNormalDiag(3),
            r"`prior` must be one that is made without the encoder",
        ),
        (
            priors.SphericalUniform(),
            posteriors.MultivariateNormalDiag(3),
            r"`prior` must be a distribution over the latents of MultivariateNormalDiag",
        ),
        (
            priors.StandardNormal(),
            posteriors.PowerSpherical(3),
            r"`prior` must be a distribution over the latents of PowerSpherical",
        ),
    ],
)
def test_layers_over_different_sets_are_refused(prior, first, message):
    with pytest.raises(ValueError, match=message):
        two_layers(
            first,
            posteriors.MultivariateNormalDiag(2),
            posteriors.MultivariateNormalDiag(3),
            prior,
        )
