"""Counts whose exposures are handed in, beside SciPy's at mean = exposure * rate."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfp_vae
from tests.support.small_models import eager_vae, small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors, priors
from tfp_vae.likelihoods import count_marginals

pytestmark = pytest.mark.usefixtures("without_xla")

RATES = np.array([0.1, 1.0, 3.0, 0.5])
EXPOSURES = np.random.default_rng(0).uniform(1.0, 50.0, 40)
COUNTS = np.random.default_rng(1).poisson(EXPOSURES[:, None] * RATES).astype("float32")
KINDS = [
    likelihoods.Poisson,
    likelihoods.NegativeBinomial,
    likelihoods.ZeroInflatedNegativeBinomial,
]
ONE_HOT = {"output_mode": "one_hot"}


def log_prob(layer, outputs, mean, x):
    """SciPy's log-probability of counts of given means, before excess zeros."""
    if isinstance(layer, likelihoods.Poisson):
        return stats.poisson(mean).logpmf(x)
    r = np.exp(layer.raw_inverse_dispersion.numpy().astype("float64")) + 1e-4
    counts = stats.nbinom(r, r / (r + mean)).logpmf(x)
    if "zero_logits" not in outputs:
        return counts
    share = special.expit(outputs["zero_logits"])
    return np.log(share * (x == 0) + (1.0 - share) * np.exp(counts))


def outputs_at(vae, z):
    """The outputs of the decoder's heads."""
    features, added = vae.decoder.trunk(z), vae.decoder.linear_path(z)
    found = vae.decoder.likelihood.parameters(features, added=added)
    return {name: each.numpy().astype("float64") for name, each in found.items()}


def shaken(vae):
    """Sets all weights of the decoder at random, so that nothing is zero."""
    rng = np.random.default_rng(0)
    for weight in vae.decoder.trainable_variables:
        weight.assign(rng.normal(0.0, 0.5, weight.shape))
    return vae


def constant_rates(vae):
    """Lets the model begin at the data: then p(x|z) is the same for every z."""
    vae.adapt(COUNTS, EXPOSURES)
    rates = COUNTS.sum(axis=0) / EXPOSURES.sum()
    return rates.astype("float64")


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_scored_at_exposure_times_rate(kind):
    vae = shaken(small_vae(kind([4], offset="exposure")))
    z = np.random.default_rng(2).normal(size=[40, 2]).astype("float32")
    outputs = outputs_at(vae, z)
    first = "log_rate" if kind is likelihoods.Poisson else "log_mean"
    mean = EXPOSURES[:, None] * np.exp(outputs[first])
    expected = log_prob(vae.decoder.likelihood, outputs, mean, COUNTS).sum(axis=-1)
    known = vae.distributions(COUNTS, condition=EXPOSURES)
    np.testing.assert_allclose(known.likelihood_fn(z).log_prob(COUNTS), expected, rtol=2e-4)
    many = known.likelihood_fn(np.stack([z, z])).log_prob(COUNTS)
    np.testing.assert_allclose(many, np.stack([expected, expected]), rtol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_exposure_is_twice_the_mean(kind):
    vae = shaken(small_vae(kind([4], offset="exposure")))
    z = np.random.default_rng(2).normal(size=[40, 2]).astype("float32")
    once, twice = (vae.decode(z, factor * EXPOSURES) for factor in (1.0, 2.0))
    np.testing.assert_allclose(twice, 2.0 * once, rtol=1e-5)
    drawn = [vae.sample(3, seed=0, mean=True, condition=[each] * 3).numpy() for each in (1.0, 2.0)]
    np.testing.assert_allclose(drawn[1], 2.0 * drawn[0], rtol=1e-5)


def test_a_constant_rate_has_the_log_likelihood_of_scipy_everywhere():
    vae = small_vae(likelihoods.Poisson([4], offset="exposure"))
    rates = constant_rates(vae)
    expected = stats.poisson(EXPOSURES[:, None] * rates).logpmf(COUNTS).sum(axis=1)
    assert vae.marginal_elbo == pytest.approx(expected.mean(), rel=1e-5)
    terms = vae.elbo(COUNTS, seed=0, condition=EXPOSURES)
    np.testing.assert_allclose(terms.log_likelihood, expected, rtol=1e-4)
    for weight in vae.encoder.trainable_variables:
        weight.assign(tf.zeros_like(weight))
    marginal = evaluation.log_marginal_likelihood(
        vae, COUNTS, importance_sample_size=500, seed=0, condition=EXPOSURES
    )
    error = np.abs(marginal.estimate - expected)
    assert (error < 5.0 * marginal.standard_error + 1e-3).all()
    predicted = vae.predict(COUNTS, EXPOSURES, verbose=0)
    np.testing.assert_allclose(predicted, EXPOSURES[:, None] * rates, rtol=1e-4)
    draws = vae.sample(40, seed=0, condition=EXPOSURES).numpy()
    # Of 160 counts none lies outside 6 standard deviations in all but 1 of 10^5 draws.
    mean = EXPOSURES[:, None] * rates
    assert (np.abs(draws - mean) < 6.0 * np.sqrt(mean) + 3.0).all()


def test_a_missing_count_is_imputed_at_its_rows_exposure():
    vae = small_vae(likelihoods.NegativeBinomial([4], offset="exposure"), missing_values=np.nan)
    rates = constant_rates(vae)
    holes = COUNTS.copy()
    holes[::2, 2] = np.nan
    found = vae.impute(holes, sample_size=2, importance_sample_size=20, seed=0, condition=EXPOSURES)
    np.testing.assert_allclose(found.mean[::2, 2], EXPOSURES[::2] * rates[2], rtol=1e-3)
    seen = ~np.isnan(holes)
    r = np.exp(vae.decoder.likelihood.raw_inverse_dispersion.numpy().astype("float64")) + 1e-4
    mean = EXPOSURES[:, None] * rates
    expected = stats.nbinom(r, r / (r + mean)).logpmf(COUNTS)
    terms = vae.elbo(holes, seed=0, condition=EXPOSURES)
    np.testing.assert_allclose(terms.log_likelihood, (expected * seen).sum(axis=1), rtol=1e-3)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_in_what_exposures_are_measured_changes_nothing(kind):
    found = []
    for unit in (1.0, 1e-6, 1e6):
        keras.utils.set_random_seed(0)
        vae = eager_vae(kind([4], offset="exposure"))
        vae.fit(COUNTS, unit * EXPOSURES, epochs=1, verbose=0)
        found.append(vae.elbo(COUNTS, seed=0, condition=unit * EXPOSURES).elbo)
    np.testing.assert_allclose(found[1], found[0], rtol=2e-3)
    np.testing.assert_allclose(found[2], found[0], rtol=2e-3)


def test_dispersions_and_excess_zeros_around_exposures_are_found():
    """2,000 rows: log r has a standard error of 5 to 10 %, the share of zeros one of 1 %."""
    rng = np.random.default_rng(0)
    exposure = rng.uniform(1.0, 20.0, [2000, 1])
    mean = exposure * np.array([1.0, 3.0, 2.0])
    r = np.array([0.5, 5.0, 2.0])
    x = rng.poisson(rng.gamma(r, mean / r)).astype(float)
    found = count_marginals.negative_binomial_of_exposures(x, None, exposure, False)
    np.testing.assert_allclose(found.mean, [1.0, 3.0, 2.0], rtol=0.15)
    np.testing.assert_allclose(found.inverse_dispersion, r, rtol=0.25)
    x *= rng.uniform(size=x.shape) < 0.7
    found = count_marginals.negative_binomial_of_exposures(x, None, exposure, True)
    np.testing.assert_allclose(found.mean[1:], [3.0, 2.0], rtol=0.1)
    np.testing.assert_allclose(found.zero_share[1:], 0.3, atol=0.06)


def test_the_rates_of_rows_with_missing_counts_are_theirs():
    x, observed = COUNTS.astype(float), np.ones(COUNTS.shape, bool)
    observed[EXPOSURES > 25.0, 1] = False
    observed[:, 3] = False
    layer = likelihoods.Poisson([4], offset="exposure")
    layer.build([None, 2])
    found = np.exp(layer.adapt(x, observed, exposure=EXPOSURES)["log_rate"]) / EXPOSURES.mean()
    seen = EXPOSURES <= 25.0
    expected = x[seen, 1].sum() / EXPOSURES[seen].sum()
    np.testing.assert_allclose(found[:2], [x[:, 0].sum() / EXPOSURES.sum(), expected], rtol=1e-6)
    assert np.isfinite(found).all()


def test_a_dataset_of_pairs_is_begun_at_as_arrays_are():
    y = EXPOSURES.astype("float32")
    batches = tf.data.Dataset.from_tensor_slices((COUNTS, y)).batch(7)
    found = []
    for data in ((COUNTS, y), (batches, None)):
        vae = small_vae(likelihoods.Poisson([4], offset="exposure"))
        vae.adapt(*data)
        found.append((vae.marginal_elbo, vae.decode(np.zeros([1, 2]), [2.0])))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-6)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-6)


def test_the_exposure_stands_behind_the_condition_and_the_encoder_alone_sees_it():
    batch = np.arange(40) % 3
    vae = shaken(
        small_vae(
            likelihoods.NegativeBinomial([4], dispersion="condition", offset="exposure"),
            condition=keras.layers.CategoryEncoding(3, **ONE_HOT),
        )
    )
    y = np.column_stack([batch, EXPOSURES])
    assert vae.pipeline.condition_row_shape == (2,)
    assert vae.encoder.sizes_in == (4 + 3 + 1,)
    assert vae.decoder.latent_size == 2 + 3
    # Other exposures in the same batches: means in proportion, and other posteriors.
    other = np.column_stack([batch, 3.0 * EXPOSURES])
    z = np.zeros([40, 2], "float32")
    np.testing.assert_allclose(vae.decode(z, other), 3.0 * vae.decode(z, y), rtol=1e-5)
    assert np.abs(vae.encode(COUNTS, other) - vae.encode(COUNTS, y)).max() > 1e-4
    with pytest.raises(ValueError, match=r"`condition` must have shape \[batch, 2\], the condit.*"):
        vae.elbo(COUNTS, condition=batch)
    with pytest.raises(ValueError, match="`condition` must hold whole numbers from 0 to 2"):
        vae.elbo(COUNTS, condition=np.column_stack([batch + 1, EXPOSURES]))


def test_labels_a_condition_and_exposures_are_columns_of_y():
    def made(condition):
        return tfp_vae.VAE(
            tfp_vae.Encoder(
                networks.mlp([5]),
                posteriors.CategoricalJoint(
                    posteriors.Categorical(2), posteriors.MultivariateNormalDiag(2)
                ),
            ),
            tfp_vae.Decoder(networks.mlp([5]), likelihoods.Poisson([4], offset="exposure")),
            prior=priors.CategoricalJoint(
                priors.Categorical(2), priors.ConditionalNormal(networks.mlp([4]))
            ),
            classification_weight=1.0,
            condition=condition,
        )

    label, batch = np.arange(40) % 2, np.arange(40) % 3
    unlabelled = np.full(40, -1)
    for condition, rest in (
        (None, [EXPOSURES]),
        (keras.layers.CategoryEncoding(3, **ONE_HOT), [batch, EXPOSURES]),
    ):
        vae = made(condition)
        y = np.column_stack([label, *rest])
        assert vae.pipeline.condition_row_shape == (y.shape[1],)
        known = vae.elbo(COUNTS, seed=0, condition=y).elbo
        free = vae.elbo(COUNTS, seed=0, condition=np.column_stack([unlabelled, *rest])).elbo
        assert np.isfinite(known).all()
        assert np.abs(known - free).max() > 1e-3
        np.testing.assert_array_equal(vae.pipeline.parts.unlabelled(y)[:, 0], -1.0)
        np.testing.assert_allclose(vae.pipeline.exposures_in(y), EXPOSURES, rtol=1e-6)
        with pytest.raises(ValueError, match=r"`condition` must have shape .* a label"):
            vae.elbo(COUNTS, condition=EXPOSURES)


def test_pseudo_inputs_have_the_usual_exposure():
    vae = small_vae(likelihoods.Poisson([4], offset="exposure"))
    other = tfp_vae.VAE(vae.encoder, vae.decoder, priors.VampPrior(3))
    other.adapt(COUNTS, EXPOSURES)
    rows = tf.convert_to_tensor(other.prior_layer.rows)
    usual = tf.fill([3], float(EXPOSURES.mean()))
    inputs = other.pipeline.joined(rows, None, usual)
    expected = other.encoder.of_tensors(inputs, training=False).mean()
    np.testing.assert_allclose(other.prior().mean(), np.mean(expected, axis=0), atol=1e-5)
    assert np.isfinite(other.elbo(COUNTS, seed=0, condition=EXPOSURES).elbo).all()


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_exposures_and_outputs_have_finite_values_and_gradients(kind):
    layer = kind([4], offset="exposure")
    layer.build([None, 3])
    exposure = tf.constant([1e-30, 1e-3, 1.0, 1e6, 1e30])
    outputs = tf.constant([[-1e4, 0.0, 1e4, 3.0]] * 5)
    x = tf.constant([[0.0, 3.0, 1e5, 0.0]] * 5)
    known = layer.known_of(x, None, exposure)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        more = {"zero_logits": tf.zeros([5, 4])} if kind is KINDS[2] else {}
        found = layer.distribution(outputs, known=known, **more)
        value = found.log_prob(x)
    assert np.isfinite(value).all()
    assert np.isfinite(tape.gradient(value, outputs)).all()
    assert np.isfinite(found.mean()).all()
    assert np.isfinite(found.variance()).all()


def test_a_file_keeps_the_unit_and_training_sees_exposures(tmp_path):
    vae = eager_vae(likelihoods.NegativeBinomial([4], offset="exposure"))
    history = vae.fit(
        COUNTS, EXPOSURES, epochs=2, verbose=0, validation_data=(COUNTS[:9], EXPOSURES[:9])
    )
    assert np.isfinite(history.history["val_elbo"]).all()
    assert np.isfinite(vae.evaluate(COUNTS, EXPOSURES, verbose=0)).all()
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert float(loaded.decoder.likelihood.offsets.log_ratio(tf.constant(1.0))) == pytest.approx(
        -np.log(EXPOSURES.mean()), rel=1e-5
    )
    np.testing.assert_array_equal(
        loaded.elbo(COUNTS, seed=0, condition=EXPOSURES).elbo,
        vae.elbo(COUNTS, seed=0, condition=EXPOSURES).elbo,
    )


def test_served_models_take_exposures(tmp_path):
    vae = shaken(small_vae(likelihoods.Poisson([4], offset="exposure")))
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    z, exposure = np.ones([2, 2], "float32"), np.array([1.0, 5.0], "float32")
    np.testing.assert_allclose(
        served.decode(z, exposure)["mean"], vae.decode(z, exposure), rtol=1e-5
    )


@pytest.mark.nightly
def test_series_of_counts_are_forecast_at_their_exposures():
    """Of exposures 1 and 10 the same forecast, ten times: a standard error of 1 % in 400 draws."""
    vae = tfp_vae.StateSpaceVAE.from_gru(
        likelihoods.Poisson([5, 1], offset="exposure"), 2, units=4, missing_values=-1.0
    )
    x = np.ones([2, 5, 1])
    found = vae.forecast(x, steps=2, sample_size=400, seed=0, condition=[1.0, 10.0])
    at_one = vae.forecast(x, steps=2, sample_size=400, seed=0, condition=[1.0, 1.0])
    np.testing.assert_allclose(found.mean[0], at_one.mean[0], rtol=1e-5)
    assert (found.mean[1] > 5.0 * at_one.mean[1]).all()


def test_wrong_exposures_are_refused_in_one_sentence():
    vae = eager_vae(likelihoods.Poisson([4], offset="exposure"))
    with pytest.raises(ValueError, match="`y` must hold the exposure of every row, since"):
        vae.fit(COUNTS, verbose=0)
    with pytest.raises(ValueError, match="`condition` must hold the exposure of every row, since"):
        vae.sample(3)
    with pytest.raises(ValueError, match="`condition` must hold the exposure of every row, since"):
        vae.adapt(COUNTS)
    with pytest.raises(ValueError, match="`condition` must hold the exposure of every row, since"):
        vae.adapt(tf.data.Dataset.from_tensor_slices(COUNTS).batch(5))
    with pytest.raises(ValueError, match="`y` must hold exposures above 0; got 0"):
        vae.fit(COUNTS, np.where(np.arange(40) == 3, 0.0, EXPOSURES), verbose=0)
    with pytest.raises(ValueError, match="`condition` must have one exposure for each of 40 rows"):
        vae.elbo(COUNTS, condition=EXPOSURES[:5])
    with pytest.raises(ValueError, match=r"`condition` must have shape \[N\], the exposure"):
        vae.elbo(COUNTS, condition=EXPOSURES[:, None])
    with pytest.raises(ValueError, match="`condition` must hold finite numbers"):
        vae.elbo(COUNTS, condition=np.full(40, np.nan))
    with pytest.raises(ValueError, match="`total` must be None without offset='total'"):
        likelihoods.Poisson([4], offset="exposure", total=3)


def table_of_counts(kind=likelihoods.Poisson, **options):
    """A column of numbers, two of counts with exposures, and one of counts without."""
    return small_vae(
        likelihoods.Product(
            [
                ([2], likelihoods.Normal([1], scale="per_value")),
                ([0, 3], kind([2], offset="exposure")),
                ([1], likelihoods.Poisson([1])),
            ]
        ),
        **options,
    )


TABLE = np.column_stack([COUNTS[:, :2], RATES[2] * EXPOSURES % 1.7, COUNTS[:, 3]])


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_table_the_columns_with_exposures_alone_are_scaled(kind):
    vae = shaken(table_of_counts(kind))
    z = np.random.default_rng(2).normal(size=[40, 2]).astype("float32")
    once, twice = (vae.decode(z, factor * EXPOSURES) for factor in (1.0, 2.0))
    np.testing.assert_allclose(twice, once * [2.0, 1.0, 1.0, 2.0], rtol=1e-5)


def test_a_table_begins_near_the_rates_of_its_columns():
    """A column of numbers gives it a linear path, and rates that share its factors their unit."""
    vae = table_of_counts(missing_values=np.nan)
    vae.adapt(TABLE, EXPOSURES)
    assert vae.encoder.linear_path is not None
    rates = TABLE.sum(axis=0) / EXPOSURES.sum()
    means = vae.decode(np.zeros([40, 2]), EXPOSURES)
    for column in (0, 3):
        of_one = means[:, column] / EXPOSURES
        np.testing.assert_allclose(of_one, of_one[0], rtol=1e-5)
        assert of_one[0] == pytest.approx(rates[column], rel=0.05)
    np.testing.assert_allclose(means[:, 1], TABLE[:, 1].mean(), rtol=1e-4)
    holes = TABLE.copy()
    holes[::2, 3] = np.nan
    terms = vae.elbo(holes, seed=0, condition=EXPOSURES, sample_size=3)
    assert np.isfinite(terms.elbo).all()
    baselines = evaluation.baselines(
        vae, TABLE, TABLE, condition_train=EXPOSURES, condition=EXPOSURES
    )
    columns = [stats.poisson(EXPOSURES * rates[each]).logpmf(TABLE[:, each]) for each in (0, 3)]
    columns.append(stats.poisson(TABLE[:, 1].mean()).logpmf(TABLE[:, 1]))
    columns.append(stats.norm(TABLE[:, 2].mean(), TABLE[:, 2].std()).logpdf(TABLE[:, 2]))
    assert baselines.independent_columns == pytest.approx(np.sum(columns, axis=0).mean(), rel=2e-3)


def test_a_table_of_counts_is_trained_and_saved(tmp_path):
    vae = table_of_counts()
    vae.compile(run_eagerly=True)
    vae.fit(TABLE, EXPOSURES, epochs=1, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    found, expected = (each.elbo(TABLE, seed=0, condition=EXPOSURES).elbo for each in (loaded, vae))
    np.testing.assert_array_equal(found, expected)
    drawn = [vae.sample(2, seed=0, mean=True, condition=[each] * 2).numpy() for each in (1.0, 2.0)]
    np.testing.assert_allclose(drawn[1], drawn[0] * [2.0, 1.0, 1.0, 2.0], rtol=1e-5)
    with pytest.raises(ValueError, match=r"`exposure` must be .* a Product with offset='exposure'"):
        likelihoods.marginal_distribution(vae.decoder.likelihood, TABLE)
    with pytest.raises(ValueError, match="`condition` must hold the exposure of every row, since"):
        vae.elbo(TABLE)
