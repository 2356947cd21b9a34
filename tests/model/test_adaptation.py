import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sklearn.datasets import load_iris, load_wine

import tfp_vae
from tests.support.small_models import BINARY, eager_vae, small_vae, vae_with
from tfp_vae import factor_analysis, likelihoods, networks, posteriors, priors

WINE = load_wine().data.astype("float32")
KINDS_OF_SCALE = ["per_value", "learned", "shared", "calibrated", 2.0]


def wine_vae(scale="per_value", posterior=posteriors.MultivariateNormalDiag, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([8]), posterior(3)),
        tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([13], scale=scale)),
        **options,
    )


def linear_model(vae):
    """Reads the linear-Gaussian model off a decoder at the beginning."""
    origin, units = vae.decoder(np.zeros([1, 3])), vae.decoder(np.eye(3))
    mean = origin.mean().numpy()[0].astype("float64")
    noise = origin.variance().numpy()[0].astype("float64")
    loadings = (units.mean().numpy().astype("float64") - mean).T
    return factor_analysis.FactorAnalysis(mean, loadings, noise)


@pytest.mark.parametrize("scale", KINDS_OF_SCALE)
@pytest.mark.parametrize(
    "posterior", [posteriors.MultivariateNormalDiag, posteriors.MultivariateNormalTriL]
)
def test_a_normal_model_begins_as_factor_analysis(scale, posterior):
    vae = wine_vae(scale, posterior)
    vae.adapt(WINE)
    model = linear_model(vae)
    covariance = model.loadings @ model.loadings.T + np.diag(model.noise)
    expected = stats.multivariate_normal(model.mean, covariance).logpdf(WINE)
    # Every single draw has the weight p(x), as the posterior is exact.
    for seed in range(3):
        known = vae.distributions(WINE)
        weights = known.log_weights(known.posterior.sample(seed=seed)).numpy()
        np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=2e-3)
    draws = vae.elbo(WINE, sample_size=2000, seed=0).elbo.numpy()
    # The mean of 2,000 draws of a log-likelihood has a standard error of at most 0.06 nats here.
    np.testing.assert_allclose(draws, expected, atol=0.3)


def test_with_a_scale_for_every_column_it_is_that_of_largest_likelihood():
    vae = wine_vae("per_value")
    vae.adapt(WINE)
    best = factor_analysis.fit(WINE, 3)
    np.testing.assert_allclose(
        linear_model(vae).log_prob(WINE), best.log_prob(WINE), rtol=1e-4, atol=2e-3
    )


def test_with_one_scale_it_is_probabilistic_pca():
    vae = wine_vae("shared")
    vae.adapt(WINE)
    best = factor_analysis.fit(WINE, 3, groups=np.zeros(13, int))
    ours = linear_model(vae)
    np.testing.assert_allclose(ours.noise, ours.noise[0], rtol=1e-6)
    np.testing.assert_allclose(ours.log_prob(WINE).mean(), best.log_prob(WINE).mean(), atol=1e-2)


def test_images_and_a_condition_begin_as_factor_analysis():
    x = np.random.default_rng(0).normal(size=[60, 8, 8, 2]).astype("float32")
    x += x[:, :1, :1] * 2.0
    y = np.arange(60) % 3
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(3)),
        tfp_vae.Decoder(
            networks.conv_transpose([4], [8, 8, 2]), likelihoods.Normal([8, 8, 2], "per_value")
        ),
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    )
    vae.adapt(x)
    best = factor_analysis.fit(x.reshape(60, -1), 3)
    known = vae.distributions(x, condition=y)
    weights = known.log_weights(known.posterior.sample(seed=0)).numpy()
    np.testing.assert_allclose(weights, best.log_prob(x.reshape(60, -1)), atol=0.05)


def test_a_table_of_several_kinds_begins_as_factor_analysis_beside_marginals():
    real = load_iris().data.astype("float32")
    codes = (np.arange(150) % 3).astype("float32")
    x = np.column_stack([real[:, 0], codes, real[:, 1:]])
    table = likelihoods.Product(
        [
            ([0, 2, 3, 4], likelihoods.Normal([4], scale="per_value")),
            ([1], likelihoods.Categorical([1], classes=3)),
        ]
    )
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([8]), table),
    )
    vae.adapt(x)
    best = factor_analysis.fit(real, 2).log_prob(real)
    known = vae.distributions(x)
    weights = known.log_weights(known.posterior.sample(seed=0)).numpy()
    np.testing.assert_allclose(weights, best - np.log(3.0), atol=2e-3)


def test_without_a_linear_path_a_model_begins_at_the_marginals_which_it_remembers():
    vae = vae_with(posteriors.PowerSpherical(3), priors.SphericalUniform())
    assert vae.marginal_elbo is None
    vae.adapt(BINARY)
    share = (BINARY.sum(axis=0) + 0.5) / (len(BINARY) + 1.0)
    probabilities = vae.decoder(vae.prior().sample(6, seed=[0, 1])).mean()
    np.testing.assert_allclose(probabilities, np.tile(share, [6, 1]), rtol=1e-5)
    expected = stats.bernoulli(share).logpmf(BINARY.astype(int)).sum(axis=1).mean()
    assert vae.marginal_elbo == pytest.approx(expected, rel=1e-5)


def test_the_remembered_marginals_of_a_normal_model_are_independent_columns():
    vae = wine_vae()
    vae.adapt(WINE)
    spread = WINE.astype("float64").std(axis=0)
    expected = stats.norm(WINE.mean(axis=0), spread).logpdf(WINE).sum(axis=1).mean()
    assert vae.marginal_elbo == pytest.approx(expected, rel=1e-4)


def test_the_first_fit_adapts_and_later_ones_do_not():
    vae = eager_vae(likelihoods.Normal([4]))
    x = np.random.default_rng(0).normal(100.0, 1e3, size=[40, 4]).astype("float32")
    vae.fit(x, epochs=1, verbose=0)
    assert vae.decoder.linear_path.is_adapted
    shift = vae.decoder.likelihood.units.shift.numpy()
    np.testing.assert_allclose(shift, x.mean(axis=0), rtol=1e-4)
    weights = vae.get_weights()
    vae.adapt_once(x + 5.0)
    for one, other in zip(weights, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    vae.adapt(x + 5.0)
    np.testing.assert_allclose(vae.decoder.likelihood.units.shift.numpy(), shift + 5.0, rtol=1e-4)


def test_weights_that_were_trained_by_hand_are_not_lost():
    vae = eager_vae()
    vae.decoder.linear_path.constants[0].assign(np.ones(4))
    before = vae.get_weights()
    vae.adapt_once(BINARY)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trained_encoder_of_a_new_model_is_not_lost():
    x = np.random.default_rng(0).normal(5.0, size=[30, 4])
    old, new = small_vae(likelihoods.Normal([4])), small_vae(likelihoods.Normal([4]))
    old.adapt(x)
    model = tfp_vae.VAE(old.encoder, new.decoder)
    before = model.get_weights()
    model.adapt_once(x + 100.0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_that_is_not_adaptive_has_nothing_to_adapt():
    vae = small_vae(likelihoods.Normal([4]), adaptive=False)
    before = vae.get_weights()
    vae.adapt(np.random.default_rng(0).normal(5.0, size=[30, 4]))
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert vae.encoder.input_encoding is None
    assert vae.decoder.linear_path is None


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_frozen_part_stays_as_it_is(part):
    vae = small_vae(likelihoods.Normal([4]))
    getattr(vae, part).trainable = False
    before = getattr(vae, part).get_weights()
    vae.adapt(np.random.default_rng(0).normal(5.0, size=[30, 4]))
    for one, other in zip(before, getattr(vae, part).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_dataset_is_read_once_and_gives_the_same_as_its_rows():
    read = []

    def counted(batch):
        read.append(len(batch))
        return batch

    whole, streamed = wine_vae(), wine_vae()
    dataset = tf.data.Dataset.from_tensor_slices(WINE).batch(50)
    dataset = dataset.map(
        lambda batch: tf.ensure_shape(tf.numpy_function(counted, [batch], tf.float32), [None, 13])
    )
    streamed.adapt(dataset)
    whole.adapt(WINE)
    assert sum(read) == len(WINE)
    np.testing.assert_allclose(
        linear_model(streamed).log_prob(WINE), linear_model(whole).log_prob(WINE), rtol=1e-4
    )


def test_missing_values_are_a_mask_for_the_encoder_and_do_not_count():
    rng = np.random.default_rng(0)
    x = (1000.0 + rng.normal(size=[60, 4])).astype("float32")
    holes = rng.random(x.shape) < 0.3
    x[holes] = np.nan
    vae = small_vae(likelihoods.Normal([4]), missing_values=np.nan)
    vae.adapt(x)
    shift = vae.decoder.likelihood.units.shift.numpy()
    np.testing.assert_allclose(shift, np.nanmean(x, axis=0), rtol=1e-5)
    encoder = vae.encoder
    assert encoder.encoded_sizes((4,)) == (8,)
    filled = np.where(holes, 0.0, x)
    one = encoder(filled, observed=~holes).mean()
    other = encoder(np.where(holes, 7.0, x), observed=~holes).mean()
    np.testing.assert_array_equal(one, other)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()


def test_saving_keeps_what_was_set(tmp_path):
    vae = wine_vae()
    vae.adapt(WINE)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.elbo(WINE, seed=0).elbo, vae.elbo(WINE, seed=0).elbo)
    assert loaded.marginal_elbo == vae.marginal_elbo
    assert loaded.adaptive


def test_a_vamp_prior_takes_rows_and_the_rest_adapts_too():
    vae = small_vae(likelihoods.Normal([4]), prior=priors.VampPrior(5))
    x = np.random.default_rng(0).normal(50.0, 2.0, size=[30, 4]).astype("float32")
    vae.adapt(x)
    rows = vae.prior_layer.rows.numpy()
    assert all((x == row).all(axis=1).any() for row in rows)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()


@pytest.mark.parametrize("likelihood", [likelihoods.Bernoulli([4]), likelihoods.Normal([4])])
def test_the_summary_says_what_was_set(likelihood):
    vae, lines = small_vae(likelihood), []
    vae.summary(print_fn=lines.append)
    (line,) = [each for each in lines if each.startswith(" Data:")]
    assert "not seen yet" in line
    vae.adapt(np.repeat(BINARY[:, :1], 4, axis=1))
    vae.summary(print_fn=lines.append)
    begin = "factor analysis"
    if isinstance(likelihood, likelihoods.Bernoulli):
        begin = "exponential-family factor analysis"
    assert [each for each in lines if each.startswith(" Data:")][-1].endswith(
        f"training begins at {begin}"
    )


HARD = {
    "a constant column": np.column_stack([np.full(40, 0.1), np.arange(40.0)]),
    "a repeated value and an outlier": np.column_stack([np.r_[np.zeros(39), 1e6], np.arange(40.0)]),
    "scales 1e-12 and 1e12": np.random.default_rng(0).normal(size=[40, 2]) * [1e-12, 1e12],
    "3 rows": np.random.default_rng(0).normal(size=[3, 4]),
    "more columns than rows": np.random.default_rng(0).normal(size=[6, 30]),
    "equal columns": np.repeat(np.random.default_rng(0).normal(size=[40, 1]), 3, axis=1),
    "all zeros": np.zeros([40, 3]),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("normal", name) for name in HARD),
        ("student_t", "scales 1e-12 and 1e12"),
        ("laplace", "a repeated value and an outlier"),
    ],
)
def test_hard_data_gives_a_finite_model_that_trains(kind, name):
    x = HARD[name].astype("float32")
    vae = small_vae(likelihoods.for_values(kind, x), latent_size=3)
    vae.compile(run_eagerly=True)
    vae.fit(x, epochs=2, verbose=0)
    terms = vae.elbo(x, seed=0)
    assert all(np.isfinite(each).all() for each in terms)
    assert np.isfinite(vae.sample(5, seed=0)).all()


@pytest.mark.parametrize("given", [WINE.tolist(), tf.constant(WINE)], ids=["list", "tensor"])
def test_whatever_holds_the_rows_adapts_the_model(given):
    keras.utils.set_random_seed(1)
    models = [wine_vae(), wine_vae()]
    for vae, x in zip(models, [WINE, given], strict=True):
        vae.adapt(x)
        assert vae.marginal_elbo is not None
    np.testing.assert_allclose(models[0].marginal_elbo, models[1].marginal_elbo, rtol=1e-6)


def test_an_iterator_is_refused_before_it_is_read():
    batches = iter([WINE])
    with pytest.raises(TypeError, match="`x` must be an array or a dataset"):
        wine_vae().adapt(batches)
    assert next(batches) is WINE


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`x` must have shape"):
        wine_vae().adapt(WINE[:, :2])
