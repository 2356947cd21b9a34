"""Masked convolutions over codes: what a place sees, all grids of codes, draws, and the fit."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY
from tfp_vae import distributions, likelihoods, networks, posteriors, priors
from tfp_vae.priors import masked_convolution
from tfp_vae.priors.masked_convolution import MaskedConvolution
from tfp_vae.testing import assert_mean

GRID, CODES = (2, 3), 2
X = np.tile(BINARY, [5, 1])


def network(grid=GRID, codes=CODES, layers=2, spread=0.5):
    made = MaskedConvolution(grid, codes, 5, layers, "float32")
    rng = np.random.default_rng(0)
    made.set_weights([rng.normal(scale=spread, size=each.shape) for each in made.weights])
    return made


def model(**options):
    keras.utils.set_random_seed(0)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([6]), posteriors.VectorQuantized(CODES, 2, GRID)),
        tfp_vae.Decoder(networks.mlp([6]), likelihoods.Bernoulli([BINARY.shape[1]])),
        prior=priors.VectorQuantized(CODES, GRID, **options),
    )


def test_a_place_sees_those_before_it_alone():
    grid = (4, 5)
    made = network(grid, layers=3)
    codes = np.random.default_rng(1).integers(0, CODES, 20)
    vectors = np.eye(CODES)[codes].astype("float32")
    logits = made(vectors[None]).numpy()[0]
    sees = np.zeros([20, 20], bool)
    for place in range(20):
        changed = vectors.copy()
        changed[place] = changed[place, ::-1]
        sees[:, place] = np.any(made(changed[None]).numpy()[0] != logits, axis=-1)
    assert not np.triu(sees).any()
    # The neighbours to the left and above.
    for place in range(20):
        row, column = divmod(place, 5)
        near = [place - 1] * (column > 0) + [place - 5] * (row > 0)
        assert sees[place, near].all()


def test_all_grids_of_codes_have_a_sum_of_1_and_draws_their_frequencies():
    """64 means, each off by chance once in 26 million."""
    d = distributions.OneHotAutoregressive(network(spread=0.2), 6, CODES)
    codes = np.array(list(itertools.product(range(CODES), repeat=6)))
    vectors = np.eye(CODES)[codes].reshape([64, -1]).astype("float32")
    probs = np.exp(d.log_prob(vectors))
    np.testing.assert_allclose(probs.sum(), 1.0, rtol=1e-5)
    drawn = tf.function(lambda: d.sample(4000, seed=0), jit_compile=True, autograph=False)()
    drawn = drawn.numpy()
    assert_mean((drawn[:, None] == vectors).all(axis=-1).astype(float), probs.astype(float))


@pytest.mark.nightly
def test_a_refitted_prior_begins_at_independent_codes_and_improves():
    vae = model()
    z = vae.encode(X, verbose=0)
    begun = {}
    for kind in ("independent", "masked_convolution"):
        made = model(model=kind)
        made.prior_layer.adapt_to_latents(z)
        begun[kind] = made.prior().log_prob(z).numpy()
    np.testing.assert_allclose(begun["masked_convolution"], begun["independent"], rtol=1e-4)
    prior = priors.VectorQuantized(CODES, GRID, "masked_convolution", filters=8, layers=1)
    refitted = vae.refit_prior(prior, X, seed=0, epochs=3, learning_rate=0.01)
    after = refitted.prior().log_prob(z).numpy()
    assert after.mean() > begun["independent"].mean() + 0.05
    np.testing.assert_allclose(refitted.elbo(X, seed=0).kl_divergence, -after, rtol=1e-4)
    assert refitted.sample(3, seed=0).shape == (3, 4)


def test_a_file_keeps_it(tmp_path):
    vae = model(model="masked_convolution", filters=3, layers=1)
    vae.prior_layer.adapt_to_latents(vae.encode(X, verbose=0))
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    for one, other in zip(vae.elbo(X, seed=0), loaded.elbo(X, seed=0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert loaded.prior_layer.get_config() == vae.prior_layer.get_config()
    assert loaded.encoder.posterior.grid == GRID


def test_features_on_the_grid_give_its_codes_row_by_row():
    layer = posteriors.VectorQuantized(4, 2, [2, 3])
    features = np.random.default_rng(0).normal(size=[5, 2, 3, 7]).astype("float32")
    found = layer(features)
    flat = posteriors.VectorQuantized(4, 2, 6)
    flat.build([None, 6, 7])
    flat.set_weights(layer.get_weights())
    np.testing.assert_array_equal(found.codes, flat(features.reshape([5, 6, 7])).codes)
    assert layer.get_config()["positions"] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((4, 3, "masked_convolution"), ValueError, "`positions` must be height and width .* got 3"),
        ((4, [2, 2, 2]), ValueError, "`positions` must be a number, or height and width"),
        ((4, [2, 0]), ValueError, "`positions` must be"),
        ((4, "22"), TypeError, "`positions` must be"),
        ((4, [2, 2], "masked_convolution", 0), ValueError, "`filters` must be"),
        ((4, [2, 2], "masked_convolution", 2, 0), ValueError, "`layers` must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        priors.VectorQuantized(*arguments)


def test_a_place_that_sees_itself_fails_its_check():
    before = masked_convolution._places_before
    seeing = masked_convolution, "_places_before", lambda reach: [*before(reach), (0, 0)]
    assert_killed([seeing], {"order": test_a_place_sees_those_before_it_alone})
