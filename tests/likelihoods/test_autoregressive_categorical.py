"""The autoregressive likelihood in a model: word dropout, ends of rows, where it begins."""

import keras
import numpy as np
import pytest

from tests.support.small_models import small_vae
from tfp_vae import datasets, likelihoods, networks, objectives
from tfp_vae.testing import check_elbo

RNG = np.random.default_rng(0)
ROWS = [RNG.integers(0, 3, size=count) for count in RNG.integers(1, 6, size=30)]


def code_vae(word_dropout=0.0, end=3, steps=6, **options):
    return small_vae(
        likelihoods.AutoregressiveCategorical(
            [steps], classes=4, recurrent_units=4, word_dropout=word_dropout, end=end
        ),
        networks.recurrent([4]),
        **{"missing_values": -1, **options},
    )


X = datasets.padded(ROWS, length=6, end=3)


def test_a_model_of_codes_trains_saves_and_loads(tmp_path):
    vae = code_vae(word_dropout=0.3, objective=objectives.ELBO(free_bits=0.1))
    vae.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    log = vae.fit(X, epochs=3, verbose=0, validation_data=X).history
    assert np.isfinite(log["loss"]).all()
    terms = vae.elbo(X, seed=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.elbo(X, seed=0).elbo, terms.elbo)
    z = np.random.default_rng(0).normal(size=[5, 2]).astype("float32")
    np.testing.assert_array_equal(loaded.decoder(z).sample(seed=0), vae.decoder(z).sample(seed=0))
    assert vae.predict(X, verbose=0).shape == X.shape


def test_rows_that_are_drawn_end():
    vae = code_vae()
    vae.adapt(X)
    draws = vae.sample(200, seed=0).numpy()
    after = np.cumsum(draws == 3, axis=1) > 0
    assert (draws[after] == 3).all()
    lengths = [len(row) for row in datasets.unpadded(draws, end=3)]
    assert len(np.unique(lengths)) == 7


def test_a_model_begins_at_the_frequencies_of_the_codes():
    vae = code_vae()
    vae.adapt(X)
    seen = X[X >= 0]
    counts = np.bincount(seen, minlength=4) + 0.5
    expected = np.log(counts / counts.sum())
    z = np.random.default_rng(0).normal(size=[len(X), 2]).astype("float32")
    scored = vae.decoder.likelihood.of_observed(vae.decoder(z), X >= 0)
    by_row = np.where(X >= 0, expected[np.maximum(X, 0)], 0.0).sum(axis=1)
    np.testing.assert_allclose(scored.log_prob(np.maximum(X, 0)), by_row, rtol=1e-5)
    np.testing.assert_allclose(vae.marginal_elbo, by_row.mean(), rtol=1e-5)


def test_codes_after_the_end_are_as_good_as_missing_ones():
    vae = code_vae()
    vae.adapt(X)
    full = np.where(X < 0, 3, X)
    z = np.zeros([len(X), 2], "float32")
    layer = vae.decoder.likelihood
    np.testing.assert_allclose(
        layer.of_observed(vae.decoder(z), X >= 0).log_prob(np.maximum(X, 0)),
        vae.decoder(z).log_prob(full),
        rtol=1e-5,
    )
    assert np.isfinite(vae.elbo(full, seed=0).elbo).all()


def test_codes_are_hidden_in_training_alone():
    vae = code_vae(word_dropout=0.9)
    rng = np.random.default_rng(0)
    network = vae.decoder.likelihood.network
    network.set_weights([rng.normal(size=weight.shape) for weight in network.get_weights()])
    z = np.zeros([len(X), 2], "float32")
    scores = {}
    for name, training, seed in (("off", False, 0), ("on", True, 0), ("other", True, 1)):
        batch = vae.distributions(X, seed, training=training)
        scores[name] = batch.likelihood_fn(z).log_prob(batch.x).numpy()
    assert not np.allclose(scores["on"], scores["off"])
    assert not np.allclose(scores["on"], scores["other"])
    again = vae.distributions(X, 1, training=True)
    np.testing.assert_array_equal(again.likelihood_fn(z).log_prob(again.x), scores["other"])


@pytest.mark.nightly
def test_the_elbo_passes_the_check():
    vae = code_vae()
    vae.adapt(X)
    assert check_elbo(vae, X[:5]).ok


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0, 1, -1, 2, -1, -1]], r"`x` must have missing codes only at the end.*\[0, 2\]"),
        ([[-1, 1, 2, 2, 2, 2]], r"`x` must have missing codes only at the end.*\[0, 0\]"),
        ([[0, 3, 1, 3, 3, 3]], r"`x` must have only the code `end`, 3.*got 1 at index \[0, 2\]"),
        ([[0, 4, 3, 3, 3, 3]], "`x` must hold only values"),
    ],
)
def test_rows_without_a_likelihood_are_refused(x, message):
    vae = code_vae()
    vae.compile(run_eagerly=True)
    for call in (vae.elbo, vae.encode, lambda x: vae.fit(np.repeat(x, 2, axis=0))):
        with pytest.raises(ValueError, match=message):
            call(np.array(x))


def test_what_is_missing_is_drawn_after_what_is_observed():
    """A code repeats the one before it: a draw that ignored the row would differ half the time."""
    vae = small_vae(
        likelihoods.AutoregressiveCategorical([4], classes=2, recurrent_units=2), missing_values=-1
    )
    network = vae.decoder.likelihood.network
    network.vectors.assign([[9.0, 0.0], [0.0, 9.0], [0.0, 0.0], [0.0, 0.0]])
    kernel = np.zeros(network.cell.kernel.shape)
    kernel[:2, :2], kernel[:2, 4:] = -9.0, 9.0 * np.eye(2)
    network.cell.kernel.assign(kernel)
    network.cell.recurrent_kernel.assign(np.zeros([2, 6]))
    network.logits.kernel.assign(30.0 * np.eye(2))
    x = np.array([[0, -1, -1, -1], [1, 1, -1, -1]])
    found = vae.impute(x, sample_size=5, importance_sample_size=10, seed=0)
    assert (found.draws[:, 0] == 0.0).all()
    assert (found.draws[:, 1] == 1.0).all()


def test_every_row_may_be_missing():
    vae = code_vae()
    assert (vae.elbo(np.full([2, 6], -1), seed=0).log_likelihood.numpy() == 0.0).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"event_shape": [3, 2]}, ValueError, r"`event_shape` must be \[T\]"),
        ({"classes": 1}, ValueError, "`classes` must be at least 2"),
        ({"recurrent_units": 0}, ValueError, "`recurrent_units` must be"),
        ({"word_dropout": 1.0}, ValueError, "`word_dropout` must be below 1"),
        ({"word_dropout": -0.1}, ValueError, "`word_dropout` must be"),
        ({"end": 4}, ValueError, "`end` must be a class"),
        ({"end": -1}, ValueError, "`end` must be a class"),
        ({"end": 1.0}, TypeError, "`end` must be a class"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        likelihoods.AutoregressiveCategorical(**{"event_shape": [3], "classes": 4, **arguments})


def test_it_is_no_part_of_a_table():
    layer = likelihoods.AutoregressiveCategorical([2], classes=3)
    with pytest.raises(ValueError, match="`parts` must be likelihoods of independent columns"):
        likelihoods.Product([([0, 1], layer)])
    named = likelihoods.get("autoregressive_categorical", [2], classes=3)
    assert named.recurrent_units == 64
