"""Rows of counts given their totals, and dispersions by condition, against SciPy's pmfs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from tests.support.small_models import eager_vae, small_vae, vae_with
from tfp_vae import likelihoods, posteriors, priors

pytestmark = pytest.mark.usefixtures("without_xla")

COUNTS = 1.0 + np.random.default_rng(0).negative_binomial(2, 0.3, [40, 4]).astype("float32")
COUNTS *= np.random.default_rng(1).integers(1, 20, [40, 1]).astype("float32")
KINDS = [
    likelihoods.Poisson,
    likelihoods.NegativeBinomial,
    likelihoods.ZeroInflatedNegativeBinomial,
]
BATCH = np.arange(40) % 3


def _with_random_weights(vae, seed=0):
    """Sets all weights of the decoder at random, so that nothing is zero."""
    rng = np.random.default_rng(seed)
    for weight in vae.decoder.trainable_variables:
        weight.assign(rng.normal(0.0, 0.5, weight.shape))
    return vae


def _outputs(vae, z):
    layer = vae.decoder.likelihood
    features = vae.decoder.trunk(z)
    added = {} if vae.decoder.linear_path is None else vae.decoder.linear_path(z)
    return {
        name: each.numpy().astype("float64")
        for name, each in layer.parameters(features, added=added).items()
    }


def _pmf(layer, outputs, mean, x, raw=None):
    """SciPy's log-probability of rows for means of counts."""
    if isinstance(layer, likelihoods.ZeroInflatedNegativeBinomial):
        share = special.expit(outputs["zero_logits"])
        inner = _negative_binomial(layer, outputs, mean, x, raw)
        return np.log(share * (x == 0) + (1.0 - share) * np.exp(inner))
    if isinstance(layer, likelihoods.NegativeBinomial):
        return _negative_binomial(layer, outputs, mean, x, raw)
    return stats.poisson(mean).logpmf(x)


def _negative_binomial(layer, outputs, mean, x, raw):
    if raw is None:
        raw = outputs.get("inverse_dispersion", layer.raw_inverse_dispersion.numpy())
    r = np.exp(raw) + 1e-4
    return stats.nbinom(r, r / (r + mean)).logpmf(x)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_scored_by_its_own_total_times_a_softmax(kind):
    vae = _with_random_weights(small_vae(kind([4], offset="total")))
    z = np.random.default_rng(2).normal(size=[40, 2]).astype("float32")
    outputs = _outputs(vae, z)
    first = "log_rate" if kind is likelihoods.Poisson else "log_mean"
    mean = COUNTS.sum(axis=1, keepdims=True) * special.softmax(outputs[first], axis=-1)
    known = vae.distributions(COUNTS)
    expected = _pmf(vae.decoder.likelihood, outputs, mean, COUNTS).sum(axis=-1)
    np.testing.assert_allclose(known.likelihood_fn(z).log_prob(COUNTS), expected, rtol=2e-4)
    # The same rows at many draws of z.
    many = known.likelihood_fn(np.stack([z, z])).log_prob(COUNTS)
    np.testing.assert_allclose(many, np.stack([expected, expected]), rtol=2e-4)


def test_beside_a_multinomial_a_poisson_has_the_totals_own_probability():
    """Poisson counts given their total are multinomial."""
    poisson = likelihoods.Poisson([4], offset="total")
    multinomial = likelihoods.Multinomial([4])
    logits = np.random.default_rng(0).normal(size=[40, 4]).astype("float32")
    known = poisson.known_of(tf.constant(COUNTS), None)
    poisson.build([None, 3])
    multinomial.build([None, 3])
    totals = COUNTS.sum(axis=1)
    expected = multinomial.distribution(logits).log_prob(COUNTS) + stats.poisson(totals).logpmf(
        totals
    )
    found = poisson.distribution(logits, known).log_prob(COUNTS)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_with_missing_counts_is_scored_by_the_total_of_the_others(kind):
    vae = _with_random_weights(
        small_vae(kind([4], offset="total"), missing_values=np.nan),
    )
    holes = COUNTS.copy()
    holes[::2, 1] = np.nan
    z = np.zeros([40, 2], "float32")
    known = vae.distributions(holes)
    seen = ~np.isnan(holes)
    outputs = _outputs(vae, z)
    first = "log_rate" if kind is likelihoods.Poisson else "log_mean"
    share = special.softmax(outputs[first], axis=-1)
    mean = share * np.nansum(holes, axis=1, keepdims=True) / (share * seen).sum(1, keepdims=True)
    log_prob = _pmf(vae.decoder.likelihood, outputs, mean, np.where(seen, COUNTS, 0.0))
    found = known.likelihood_fn(z).log_prob(known.x)
    np.testing.assert_allclose(found, (log_prob * seen).sum(axis=1), rtol=2e-4)
    # What is expected of a missing count is in proportion to the observed ones.
    expected = mean
    if kind is likelihoods.ZeroInflatedNegativeBinomial:
        expected = mean * special.expit(-outputs["zero_logits"])
    np.testing.assert_allclose(known.decoder_fn(z).mean(), expected, rtol=1e-4)


def test_a_missing_count_of_a_value_that_alone_is_likely_stays_finite():
    layer = likelihoods.NegativeBinomial([2], offset="total")
    layer.build([None, 3])
    x = tf.constant([[3.0, 0.0]])
    known = layer.known_of(x, tf.constant([[True, False]]))
    found = layer.distribution(tf.constant([[-500.0, 500.0]]), known=known)
    assert np.isfinite(found.mean()).all()
    assert np.isfinite(found.variance()).all()


@pytest.mark.parametrize("outputs", [[-1e4, 0.0, 1e4, 3.0], [0.0, 0.0, 0.0, 0.0]])
def test_extreme_outputs_have_finite_values_and_gradients(outputs):
    layer = likelihoods.NegativeBinomial([4], offset="total")
    layer.build([None, 3])
    known = layer.known_of(tf.constant(COUNTS), None)
    logits = tf.constant([outputs] * 40)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = layer.distribution(logits, known=known).log_prob(COUNTS)
    assert np.isfinite(value).all()
    assert np.isfinite(tape.gradient(value, logits)).all()


def test_new_rows_have_the_totals_of_the_data():
    """Quantiles of 40 totals; means of 4,000 Poisson totals differ by 5 sigma in 1 of 10^6."""
    vae = small_vae(likelihoods.Poisson([4], offset="total"))
    assert float(vae.sample(1, seed=0, mean=True).numpy().sum()) == pytest.approx(1.0)
    vae.adapt(COUNTS)
    totals = COUNTS.sum(axis=1)
    means = vae.sample(4000, seed=0, mean=True).numpy().sum(axis=1)
    assert np.isclose(np.round(means)[:, None], totals, rtol=1e-3).any(axis=1).all()
    assert abs(means.mean() - totals.mean()) < 5.0 * totals.std() / np.sqrt(4000.0) + 2.0
    draws = vae.sample(5, seed=3).numpy()
    np.testing.assert_array_equal(draws, vae.sample(5, seed=3).numpy())
    assert (draws == np.floor(draws)).all()
    decoded = vae.decode(np.zeros([3, 2]))
    np.testing.assert_allclose(decoded.sum(axis=1), totals.mean(), rtol=0.03)
    predicted = vae.predict(COUNTS, verbose=0)
    np.testing.assert_allclose(predicted.sum(axis=1), totals, rtol=1e-4)


def test_a_total_that_is_given_is_that_of_new_rows():
    vae = small_vae(likelihoods.NegativeBinomial([4], offset="total", total=50))
    vae.adapt(COUNTS)
    means = vae.sample(6, seed=0, mean=True).numpy().sum(axis=1)
    np.testing.assert_allclose(means, 50.0, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_without_a_linear_path_begins_at_the_shares_of_the_totals(kind):
    posterior, prior = posteriors.PowerSpherical(3), priors.SphericalUniform()
    vae = vae_with(posterior, prior, kind([4], offset="total"))
    vae.adapt(COUNTS)
    shares = COUNTS.sum(axis=0) / COUNTS.sum()
    found = vae.decoder(np.eye(1, 3)).mean().numpy()[0]
    np.testing.assert_allclose(found / found.sum(), shares, rtol=0.02)
    # Better than the best columns that know no totals.
    without = small_vae(kind([4]))
    without.adapt(COUNTS)
    assert vae.marginal_elbo > without.marginal_elbo


def test_the_dispersion_of_simulated_rows_is_found():
    """500 rows: log r has a standard error of about 10 %, and a bias since totals are drawn, too.

    The means over 60 columns are then far from both bounds.
    """
    rng = np.random.default_rng(0)
    totals = rng.integers(500, 5000, size=[500, 1])
    mean = totals * rng.dirichlet(np.ones(60))
    r = np.tile([0.5, 2.0, 5.0], 20)
    x = rng.poisson(rng.gamma(r, mean / r)).astype(float)
    layer = likelihoods.NegativeBinomial([60], "learned", offset="total")
    layer.build([None, 3])
    error = np.log(np.exp(layer.adapt(x)["inverse_dispersion"]) / r)
    assert abs(error.mean()) < 0.25
    assert np.abs(error).mean() < 0.35


def test_excess_zeros_are_found_beside_dispersions():
    """300 rows: the share of excess zeros has a standard error of about 3 %; 60 columns."""
    rng = np.random.default_rng(0)
    totals = rng.integers(2000, 8000, size=[300, 1])
    x = rng.poisson(rng.gamma(5.0, totals / 60.0 / 5.0, [300, 60])).astype(float)
    x[:, :10] *= rng.uniform(size=[300, 10]) < 0.7
    likelihood = likelihoods.ZeroInflatedNegativeBinomial([60], offset="total")
    likelihood.build([None, 3])
    share = special.expit(likelihood.adapt(x)["zero_logits"])
    np.testing.assert_allclose(share[:10], 0.3, atol=0.1)
    assert (share[10:] < 0.05).all()


def test_the_shares_of_data_with_missing_counts_are_found():
    """A column that is missing in the rows of the largest totals keeps its share."""
    rng = np.random.default_rng(0)
    totals = np.where(np.arange(4000) % 2, 1000, 100)[:, None]
    x = rng.poisson(totals * np.array([0.2, 0.3, 0.5])).astype(float)
    observed = np.ones(x.shape, bool)
    observed[1::2, 0] = False
    layer = likelihoods.Poisson([3], offset="total")
    layer.build([None, 2])
    np.testing.assert_allclose(
        np.exp(layer.adapt(x, observed)["log_rate"]), [0.2, 0.3, 0.5], rtol=0.02
    )


@pytest.mark.parametrize("kind", [likelihoods.NegativeBinomial, KINDS[2]])
def test_a_dispersion_by_batch_is_a_weight_for_every_value_and_batch(kind):
    condition = keras.layers.CategoryEncoding(3, output_mode="one_hot")
    likelihood = kind([4], dispersion="condition", offset="total")
    vae = _with_random_weights(small_vae(likelihood, condition=condition))
    z = np.zeros([40, 2], "float32")
    seen = np.concatenate([z, np.eye(3, dtype="float32")[BATCH]], axis=1)
    outputs = _outputs(vae, seen)
    layer = vae.decoder.likelihood
    assert layer.dispersion_kernel.shape == (3, 4)
    raw = layer.raw_inverse_dispersion.numpy() + layer.dispersion_kernel.numpy()[BATCH]
    mean = COUNTS.sum(axis=1, keepdims=True) * special.softmax(outputs["log_mean"], axis=-1)
    expected = _pmf(layer, outputs, mean, COUNTS, raw).sum(axis=1)
    batch = vae.distributions(COUNTS, condition=BATCH)
    found = batch.likelihood_fn(z).log_prob(COUNTS)
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    assert vae.sample(3, seed=0, condition=[0, 1, 2]).shape == (3, 4)


def test_training_finds_a_dispersion_by_batch_and_a_file_keeps_it(tmp_path):
    """Counts of mean 20, Poisson in batch 0 and of variance 420 in batch 1."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    batch = np.arange(400) % 2
    rate = np.where(batch[:, None] == 0, 20.0, rng.gamma(1.0, 20.0, [400, 4]))
    x = 1.0 + rng.poisson(rate).astype("float32")
    vae = small_vae(
        likelihoods.NegativeBinomial([4], dispersion="condition"),
        condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"),
    )
    vae.compile(keras.optimizers.Adam(0.05), jit_compile=False)
    vae.fit(x, batch, epochs=12, batch_size=100, verbose=0)
    change = vae.decoder.likelihood.dispersion_kernel.numpy()
    assert (change[0] > change[1] + 1.0).all()
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(
        loaded.elbo(x, seed=0, condition=batch).elbo, vae.elbo(x, seed=0, condition=batch).elbo
    )


@pytest.mark.nightly
def test_a_file_keeps_totals_and_a_row_alone_has_the_same_terms(tmp_path):
    vae = eager_vae(likelihoods.ZeroInflatedNegativeBinomial([4], offset="total"))
    vae.fit(COUNTS, epochs=1, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.sample(5, seed=0), vae.sample(5, seed=0))
    terms = loaded.elbo(COUNTS, seed=0)
    np.testing.assert_array_equal(terms.elbo, vae.elbo(COUNTS, seed=0).elbo)
    whole, alone = loaded.distributions(COUNTS), loaded.distributions(COUNTS[:1])
    z = whole.posterior.sample(seed=0)
    np.testing.assert_allclose(alone.log_weights(z[:1]), whole.log_weights(z)[:1], rtol=1e-4)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_row_without_a_count_is_refused_in_one_sentence(missing):
    vae = eager_vae(likelihoods.NegativeBinomial([4], offset="total"), missing_values=missing)
    x = COUNTS.copy()
    x[[3, 7]] = 0.0
    if missing is not None:
        x[3, 1] = np.nan
    words = r"`x` must have an? .*count above 0 in every row .* none in row 3, and 2 such rows"
    with pytest.raises(ValueError, match=words):
        vae.fit(x, verbose=0)
    with pytest.raises(ValueError, match=words):
        vae.elbo(x)
    x[3] = -1.0
    with pytest.raises(ValueError, match="whole numbers of at least 0"):
        vae.fit(x, verbose=0)


def test_wrong_arguments_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="`offset` must be one of 'total', 'exposure'; got"):
        likelihoods.Poisson([4], offset="totals")
    with pytest.raises(TypeError, match="`offset` must be one of 'total', 'exposure'; got 3"):
        likelihoods.NegativeBinomial([4], offset=3)
    with pytest.raises(ValueError, match="`total` must be None without offset='total'"):
        likelihoods.NegativeBinomial([4], total=100)
    with pytest.raises(ValueError, match="`total` must be"):
        likelihoods.Poisson([4], offset="total", total=0)
    with pytest.raises(ValueError, match="`dispersion` must not be 'condition' in a model"):
        small_vae(likelihoods.NegativeBinomial([4], dispersion="condition"))
    with pytest.raises(ValueError, match="`parts` must have likelihoods that depend on z alone"):
        likelihoods.Product([([0, 1], likelihoods.Poisson([2], offset="total"))])
