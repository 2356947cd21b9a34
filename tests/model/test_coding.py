"""Rows are encoded and latents decoded by the batch, as the distributions of one batch say."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import likelihoods, networks, posteriors

ROWS = np.random.default_rng(0).normal(size=[70, 4]).astype("float32")
CLASSES = np.arange(70) % 3


def model(posterior=None, likelihood=None, **options):
    keras.utils.set_random_seed(1)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([8]), posterior or posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([8]), likelihood or likelihoods.Normal([4])),
        **options,
    )


def conditional_model():
    return model(condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"))


def test_the_mean_and_the_standard_deviation_are_those_of_the_posterior():
    vae = model()
    mean, stddev = vae.encode(ROWS, return_stddev=True)
    posterior = vae.posterior(ROWS)
    np.testing.assert_allclose(mean, posterior.mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(stddev, posterior.stddev(), rtol=1e-5)
    np.testing.assert_array_equal(vae.encode(ROWS), mean)


def test_a_decoded_row_is_the_mean_of_the_likelihood():
    vae = model()
    z = np.random.default_rng(1).normal(size=[40, 2])
    np.testing.assert_allclose(vae.decode(z), vae.decoder(z).mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        vae.decode(vae.encode(ROWS)), vae.predict(ROWS, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_a_class_code_is_decoded_as_the_most_probable_one():
    vae = model(likelihood=likelihoods.Categorical([4], 5))
    codes = vae.decode(np.zeros([3, 2]))
    np.testing.assert_array_equal(
        codes, np.argmax(vae.decoder(np.zeros([3, 2])).distribution.logits, -1)
    )


@pytest.mark.parametrize("kind", ["dataset", "generator", "PyDataset"])
def test_sources_of_batches_give_what_an_array_gives(kind):
    vae = model()
    whole = vae.encode(ROWS, batch_size=32)
    batches = [ROWS[:32], ROWS[32:64], ROWS[64:]]
    source = {
        "dataset": lambda: tf.data.Dataset.from_tensor_slices(ROWS).batch(32),
        "generator": lambda: iter(batches),
        "PyDataset": lambda: Batches(batches),
    }[kind]()
    np.testing.assert_array_equal(vae.encode(source), whole)
    decoded = vae.decode(tf.data.Dataset.from_tensor_slices(whole).batch(32))
    np.testing.assert_array_equal(decoded, vae.decode(whole))


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return (self.batches[index],)


def test_a_seed_gives_draws_and_the_same_seed_the_same_ones():
    vae = model()
    draws = vae.encode(ROWS, seed=3)
    np.testing.assert_array_equal(draws, vae.encode(ROWS, seed=3))
    assert (draws != vae.encode(ROWS, seed=4)).all()
    rows = vae.decode(draws, seed=3)
    np.testing.assert_array_equal(rows, vae.decode(draws, seed=3))
    assert (rows != vae.decode(draws)).all()


def test_the_draws_of_all_batches_are_from_the_posterior():
    """Of 20,000 squares of standard normals the mean is 1 ± 0.01; 6 of that fail once in 10⁹."""
    vae = model()
    rows = np.repeat(ROWS[:1], 10_000, axis=0)
    mean, stddev = vae.encode(rows, return_stddev=True)
    noise = (vae.encode(rows, seed=0, batch_size=500) - mean) / stddev
    assert abs(noise.mean()) < 6 / np.sqrt(noise.size)
    assert abs((noise**2).mean() - 1) < 6 * np.sqrt(2 / noise.size)
    assert len(np.unique(noise)) > 19_900


def test_the_condition_of_every_row_counts():
    vae = conditional_model()
    z = vae.encode(ROWS, CLASSES, batch_size=32)
    expected = vae.posterior(ROWS, condition=CLASSES).mean()
    np.testing.assert_allclose(z, expected, rtol=1e-5, atol=1e-6)
    pairs = tf.data.Dataset.from_tensor_slices((ROWS, CLASSES)).batch(32)
    np.testing.assert_array_equal(vae.encode(pairs), z)
    expected = vae.predict(ROWS, CLASSES, verbose=0)
    np.testing.assert_allclose(vae.decode(z, CLASSES), expected, rtol=1e-5, atol=1e-6)
    pairs = tf.data.Dataset.from_tensor_slices((z, CLASSES)).batch(32)
    np.testing.assert_array_equal(vae.decode(pairs), vae.decode(z, CLASSES))


def test_whole_numbers_are_decoded_and_the_rows_of_the_condition_counted():
    vae = conditional_model()
    z = np.arange(6).reshape(3, 2)
    expected = vae.decode(z.astype("float32"), CLASSES[:3])
    np.testing.assert_array_equal(vae.decode(z, CLASSES[:3]), expected)
    with pytest.raises(ValueError, match="`z` must have one row for each row of `condition`"):
        vae.decode(z, CLASSES)


def test_missing_values_are_encoded_as_the_posterior_sees_them():
    vae = model(missing_values=np.nan)
    holes = np.where(np.random.default_rng(2).random(ROWS.shape) < 0.3, np.nan, ROWS)
    expected = vae.posterior(holes).mean()
    np.testing.assert_allclose(vae.encode(holes), expected, rtol=1e-5, atol=1e-6)


def test_every_layer_of_a_hierarchy_is_encoded():
    keras.utils.set_random_seed(1)
    vae = tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Normal([4]), [3, 2], [[8], [8]])
    z = vae.encode(ROWS)
    assert z.shape == (70, 5)
    np.testing.assert_allclose(vae.decode(z), vae.predict(ROWS, verbose=0), rtol=1e-5, atol=1e-6)
    assert vae.encode(ROWS, seed=0).shape == (70, 5)
    with pytest.raises(ValueError, match="`return_stddev` must be False for a posterior whose"):
        vae.encode(ROWS, return_stddev=True)


def test_a_bar_is_shown_only_where_it_takes_long(capsys):
    vae = model()
    vae.encode(ROWS)
    assert not capsys.readouterr().out
    vae.encode(ROWS, verbose=1)
    assert "3/3" in capsys.readouterr().out
    vae.encode(np.repeat(ROWS, 2, axis=0), batch_size=1)
    assert "140/140" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda vae: vae.encode(ROWS[:, :3]), ValueError, r"`x` must have shape \[batch, 4\]"),
        (lambda vae: vae.encode(ROWS[:0]), ValueError, "`x` must hold at least one row"),
        (lambda vae: vae.encode(None), TypeError, "`x` must be"),
        (lambda vae: vae.encode(ROWS, CLASSES), ValueError, "`condition` must be None"),
        (lambda vae: vae.encode(ROWS, seed=0.5), TypeError, "`seed` must be"),
        (lambda vae: vae.encode(ROWS, seed=0, return_stddev=True), ValueError, "`seed` must be"),
        (lambda vae: vae.encode(ROWS, return_stddev=1), TypeError, "`return_stddev` must be"),
        (lambda vae: vae.encode(ROWS, batch_size=0), ValueError, "`batch_size` must be"),
        (lambda vae: vae.encode(ROWS, epochs=2), TypeError, "epochs"),
        (lambda vae: vae.decode(ROWS), ValueError, r"`z` must have shape \[batch, 2\]"),
        (lambda vae: vae.decode(np.zeros([0, 2])), ValueError, "`z` must hold at least one row"),
        (lambda vae: vae.decode([[np.nan, 0]]), ValueError, "`z` must hold finite numbers"),
        (lambda vae: vae.decode("z"), TypeError, "`z` must be"),
        (lambda vae: vae.decode([[1e30, 0]]), ValueError, "`z` must hold numbers of at most"),
        (lambda vae: vae.decode(iter([np.ones([2, 3])])), ValueError, r"`z` must have shape"),
    ],
)
def test_what_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call(model())


def test_data_without_batches_is_named():
    with pytest.raises(ValueError, match="`x` must hold at least one row; got a source without"):
        small_vae().encode(iter(()), verbose=0)
