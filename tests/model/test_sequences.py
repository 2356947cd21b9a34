"""Models of rows of unequal length, with one latent vector a row."""

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import datasets, likelihoods, networks, posteriors
from tfp_vae.testing import check_elbo

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 7, size=20)
ROWS = [np.cumsum(RNG.normal(size=[count, 2]), axis=0).astype("float32") for count in LENGTHS]
CODES = [RNG.integers(0, 3, size=count) for count in LENGTHS]
PAIRS = {
    "recurrent": (
        lambda: networks.recurrent([4]),
        lambda shape: networks.recurrent_decoder([4], shape),
    ),
    "temporal_conv": (
        lambda: networks.temporal_conv([4, 4]),
        lambda shape: networks.temporal_conv_decoder([4, 4], shape),
    ),
    "transformer": (
        lambda: networks.transformer(4, 1, 2),
        lambda shape: networks.transformer_decoder(4, shape, 1, 2),
    ),
}


def sequence_vae(name, likelihood=None, **options):
    likelihood = likelihood or likelihoods.Normal([6, 2], "shared")
    encoder, decoder = PAIRS[name]
    return small_vae(
        likelihood,
        encoder(),
        decoder(likelihood.event_shape),
        **{"missing_values": np.nan, **options},
    )


@pytest.mark.nightly
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("adaptive", [True, False])
def test_a_model_of_unequal_rows_trains_saves_and_loads(name, adaptive, tmp_path):
    x = datasets.padded(ROWS)
    vae = sequence_vae(name, adaptive=adaptive)
    vae.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    vae.fit(x, epochs=2, verbose=0)
    terms = vae.elbo(x, seed=0)
    assert np.isfinite(terms.elbo).all()
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.elbo(x, seed=0).elbo, terms.elbo)


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*PAIRS, "codes"])
def test_training_under_xla_reaches_the_same_weights(name):
    weights = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(0)
        if name == "codes":
            likelihood = likelihoods.AutoregressiveCategorical([6], 4, 4, word_dropout=0.3, end=3)
            vae = small_vae(likelihood, networks.recurrent([4]), missing_values=-1)
            x = datasets.padded(CODES, length=6, end=3)
        else:
            vae, x = sequence_vae(name), datasets.padded(ROWS)
        vae.compile(keras.optimizers.SGD(1e-3), jit_compile=jit_compile)
        vae.fit(x, epochs=2, batch_size=10, verbose=0)
        weights.append(vae.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_layers_follow_a_network_of_sequences_in_a_chain():
    x = datasets.padded(ROWS)
    chain = networks.SequenceEncoder([networks.recurrent([4]), keras.layers.Dense(3)])
    vae = small_vae(likelihoods.Normal([6, 2]), chain, missing_values=np.nan)
    assert vae.encoder.takes_steps
    inner = chain.chain[0]
    steps = np.where(np.isnan(x), 0.0, x)
    found = chain.chain[1](inner(np.concatenate([steps, ~np.isnan(x)], -1), observed=~np.isnan(x)))
    np.testing.assert_allclose(
        chain(np.concatenate([steps, ~np.isnan(x)], -1), observed=~np.isnan(x)), found, rtol=1e-6
    )
    with pytest.raises(ValueError, match="`trunk` must not be a Keras model around a network"):
        tfp_vae.Encoder(
            keras.Sequential([networks.recurrent([4]), keras.layers.Dense(3)]),
            posteriors.MultivariateNormalDiag(2),
        )


@pytest.mark.parametrize("name", PAIRS)
def test_a_model_of_class_codes_reads_them_step_by_step(name):
    likelihood = likelihoods.Categorical([6], classes=3)
    vae = sequence_vae(name, likelihood, missing_values=-1)
    x = datasets.padded(CODES)
    assert vae.encoder.encoded_sizes((6,)) == (6, 4)
    terms = vae.elbo(x, seed=0)
    z = vae.posterior(x).mean()
    by_hand = vae.decoder(z).distribution.log_prob(np.maximum(x, 0)).numpy()
    mean_terms = vae.distributions(x).likelihood_fn(z).log_prob(np.maximum(x, 0))
    np.testing.assert_allclose(mean_terms, np.where(x >= 0, by_hand, 0.0).sum(axis=1), rtol=1e-5)
    assert np.isfinite(terms.elbo).all()


@pytest.mark.parametrize("name", ["recurrent", "temporal_conv"])
def test_rows_filled_up_further_have_the_same_posterior_bit_for_bit(name):
    """Without what `adapt` adds for every value of a row, a model has no weights for a step."""
    models = {
        length: sequence_vae(name, likelihoods.Normal([length, 2], 0.5), adaptive=False)
        for length in (6, 11)
    }
    models[11].set_weights(models[6].get_weights())
    short, long = (
        model.posterior(datasets.padded(ROWS, length)).parameters["loc"].numpy()
        for length, model in models.items()
    )
    np.testing.assert_array_equal(short, long)
    short, long = (
        model.elbo(datasets.padded(ROWS, length), seed=0).elbo for length, model in models.items()
    )
    np.testing.assert_allclose(short, long, rtol=1e-5)


def test_the_number_that_stands_for_missing_changes_no_bit():
    x = datasets.padded(ROWS)
    vae = sequence_vae("recurrent")
    vae.adapt(x)
    batch = vae.distributions(x)
    z = batch.posterior.mean()
    expected = batch.likelihood_fn(z).log_prob(batch.x).numpy()
    other = np.where(np.isnan(x), np.float32(77.0), x)
    np.testing.assert_array_equal(batch.likelihood_fn(z).log_prob(other), expected)
    seen = ~np.isnan(x)
    posterior = vae.encoder.of_tensors(other, observed=seen)
    np.testing.assert_array_equal(posterior.mean(), batch.posterior.mean())
    assert not np.array_equal(vae.encoder.of_tensors(other).mean(), batch.posterior.mean())


@pytest.mark.parametrize("shape", [[6], [6, 2]])
def test_a_condition_is_seen_at_every_step(shape):
    vae = sequence_vae(
        "recurrent",
        likelihoods.Normal(shape),
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    )
    x = datasets.padded([row if len(shape) == 2 else row[:, 0] for row in ROWS])
    y = np.arange(len(x)) % 3
    vae.compile(run_eagerly=True)
    vae.fit(x, y, epochs=1, verbose=0)
    width = 1 if len(shape) == 1 else 2
    assert vae.encoder.encoded_sizes(vae.encoder.sizes_in) == (6, 2 * width + 3)
    one, another = (vae.posterior(x, condition=given).mean() for given in (y, (y + 1) % 3))
    assert np.abs(one - another).max() > 0.0


@pytest.mark.nightly
def test_the_elbo_of_unequal_rows_passes_the_check():
    x = datasets.padded(ROWS)
    vae = sequence_vae("recurrent")
    vae.adapt(x)
    assert check_elbo(vae, x[:5]).ok


def test_parts_of_different_kinds_have_no_steps():
    table = likelihoods.Product(
        [([0], likelihoods.Normal([1])), ([1], likelihoods.Categorical([1], classes=3))]
    )
    with pytest.raises(ValueError, match="are of one kind"):
        tfp_vae.VAE(
            tfp_vae.Encoder(networks.recurrent([3]), posteriors.MultivariateNormalDiag(2)),
            tfp_vae.Decoder(networks.mlp([3]), table),
        )
