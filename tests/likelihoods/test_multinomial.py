"""Rows of counts given their total: the total of draws, where the model begins, missing values."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import eager_vae, small_vae
from tfp_vae import evaluation, likelihoods

pytestmark = pytest.mark.usefixtures("without_xla")

COUNTS = np.random.default_rng(0).negative_binomial(2, 0.3, [40, 4]).astype("float32")
KINDS = [likelihoods.Multinomial, likelihoods.DirichletMultinomial]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_drawn_with_the_mean_total_of_the_data(kind):
    vae = small_vae(kind([4]))
    assert (vae.sample(5, seed=0).numpy().sum(axis=-1) == 1.0).all()
    vae.adapt(COUNTS)
    total = np.round(COUNTS.sum(axis=1).mean())
    assert (vae.sample(5, seed=0).numpy().sum(axis=-1) == total).all()
    np.testing.assert_allclose(vae.predict(COUNTS, verbose=0).sum(axis=-1), total, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_total_that_is_given_stays(kind):
    layer = kind([4], total=30)
    layer.build([None, 3])
    layer.adapt(COUNTS)
    for each in (layer, kind.from_config(layer.get_config())):
        draws = each(np.zeros([5, 3], "float32")).sample(seed=[0, 1]).numpy()
        assert (draws.sum(axis=-1) == 30.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_likelihood_does_not_depend_on_the_total_of_draws(kind):
    layers = [kind([4], total=total) for total in (1, 1000)]
    features = np.zeros([40, 3], "float32")
    one, other = (layer(features) for layer in layers)
    np.testing.assert_allclose(one.mean() * 1000.0, other.mean())
    for layer in layers:
        layer.heads["logits"].set_weights([np.ones([3, 4]), np.arange(4.0)])
    one, other = (layer(features).log_prob(COUNTS) for layer in layers)
    np.testing.assert_array_equal(one, other)


def test_a_multinomial_begins_at_the_shares_of_the_total():
    layer = likelihoods.Multinomial([4])
    layer.build([None, 3])
    x = np.array([[3.0, 1.0, 0.0, 0.0], [2.0, 2.0, 4.0, 0.0]])
    shares = np.exp(layer.adapt(x)["logits"])
    expected = np.array([5.0, 3.0, 4.0, 0.5]) / 12.5
    np.testing.assert_allclose(shares, expected)
    assert layer.mean_total.numpy() == 6.0


def test_the_concentrations_of_simulated_rows_are_found():
    """200 rows: A has a relative standard error of about 7 %, and the shares of 5 %."""
    rng = np.random.default_rng(0)
    alpha = np.array([0.5, 2.0, 1.5])
    probs = rng.dirichlet(alpha, size=200)
    x = np.stack([rng.multinomial(50, each) for each in probs]).astype(float)
    layer = likelihoods.DirichletMultinomial([3], concentration="learned")
    layer.build([None, 3])
    constants = layer.adapt(x)
    found = (np.exp(constants["concentration"]) + 1e-4) * np.exp(constants["logits"])
    np.testing.assert_allclose(found, alpha, rtol=0.3)
    a, psi = found, lambda value: tf.math.digamma(value).numpy()
    gradient = (psi(x + a) - psi(a)).sum(axis=0) - 200 * (psi(50 + a.sum()) - psi(a.sum()))
    assert np.abs(a * gradient).max() < 0.5, "far from the largest likelihood, in nats"


@pytest.mark.parametrize("kind", KINDS)
def test_missing_counts_are_left_out_of_a_row_and_of_its_total(kind):
    vae = eager_vae(kind([4]), missing_values=np.nan)
    holes = np.where(np.random.default_rng(1).uniform(size=COUNTS.shape) < 0.3, np.nan, COUNTS)
    holes[0] = np.nan
    vae.fit(holes, epochs=1, verbose=0)
    z = np.zeros([len(holes), 2], "float32")
    found = vae.distributions(holes).likelihood_fn(z).log_prob(np.nan_to_num(holes))
    again = vae.distributions(holes).likelihood_fn(z).log_prob(np.where(holes >= 0, holes, 7.0))
    np.testing.assert_array_equal(found, again)
    assert found[0] == 0.0
    seen = ~np.isnan(holes[1])
    decoder = vae.decoder(z[:1])
    part = decoder.log_concentration if hasattr(decoder, "log_concentration") else decoder.logits
    own = type(decoder)(tf.boolean_mask(part, seen, axis=1), 1.0).log_prob(holes[1][seen])
    np.testing.assert_allclose(found[1], own[0], rtol=1e-5)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_missing_counts_are_imputed_with_counts(kind):
    vae = eager_vae(kind([4]), missing_values=np.nan)
    holes = np.where(np.random.default_rng(1).uniform(size=COUNTS.shape) < 0.3, np.nan, COUNTS)
    vae.fit(holes, epochs=1, verbose=0)
    draws = vae.impute(holes, sample_size=2, seed=0).draws
    assert (draws == np.floor(draws)).all()
    np.testing.assert_array_equal(np.where(np.isnan(holes), 0, draws - holes), 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [0.5, -1.0])
def test_numbers_that_are_no_counts_are_refused(kind, wrong):
    vae = eager_vae(kind([4]))
    x = COUNTS.copy()
    x[3, 2] = wrong
    with pytest.raises(ValueError, match="whole numbers of at least 0"):
        vae.fit(x, verbose=0)


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_wrong_arguments(kind):
    name = {KINDS[0]: "multinomial", KINDS[1]: "dirichlet_multinomial"}[kind]
    assert type(likelihoods.get(name, [4], total=3)) is kind
    with pytest.raises(ValueError, match="`total` must be"):
        kind([4], total=0)
    with pytest.raises(TypeError, match="`total` must be"):
        kind([4], total=2.5)
    with pytest.raises(ValueError, match="`vae` must have a likelihood with a scale"):
        evaluation.calibration(eager_vae(kind([4])), COUNTS)


def test_a_concentration_that_is_no_kind_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'learned'"):
        likelihoods.DirichletMultinomial([4], concentration="lerned")


@pytest.mark.nightly
def test_training_finds_the_shares_of_two_groups():
    """Each row is of one of two groups; the mean of its own group is nearer than the other's."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    groups = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]])
    labels = rng.integers(0, 2, 200)
    x = np.stack([rng.multinomial(30, groups[label]) for label in labels]).astype("float32")
    vae = small_vae(likelihoods.Multinomial([4]))
    vae.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    vae.fit(x, epochs=30, batch_size=50, verbose=0)
    mean = vae.predict(x, verbose=0) / 30.0
    assert np.abs(mean - groups[labels]).max(axis=1).mean() < 0.15
