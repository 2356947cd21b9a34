"""The VQ-VAE: its bound, its losses, and a codebook that training changes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import BINARY
from tfp_vae import (
    distributions,
    likelihoods,
    networks,
    objectives,
    posteriors,
    priors,
    replica_context,
)

KEY = tf.constant([3, 4])
CODES, POSITIONS = 5, 3


def layer(**options):
    """Returns a built layer of 5 codes of 2 values, at 3 positions."""
    made = posteriors.VectorQuantized(CODES, 2, POSITIONS, **options)
    made(np.zeros([1, 4], "float32"))
    return made


def model(objective=None, prior=None, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([6]), posteriors.VectorQuantized(CODES, 2, POSITIONS, **options)
        ),
        tfp_vae.Decoder(networks.mlp([6]), likelihoods.Bernoulli([BINARY.shape[1]])),
        prior=priors.VectorQuantized(CODES, POSITIONS) if prior is None else prior,
        objective=objective,
    )


def features(rows=7, seed=0):
    return np.random.default_rng(seed).normal(size=[rows, 4]).astype("float32")


def parts(q):
    """Returns vectors, codes and code vectors in float64, one for each position of each row."""
    vectors = q.vectors.numpy().astype(np.float64).reshape([-1, 2])
    codes = q.codes.numpy().ravel()
    return vectors, codes, q.codebook.numpy().astype(np.float64)


@pytest.mark.parametrize(
    "objective", [objectives.ELBO(), objectives.ELBO(sample_size=3), objectives.IWAE(4)]
)
def test_the_bound_is_that_of_the_codes(objective):
    """log p(x|z) of the nearest code vectors less P log K, whatever the draws."""
    vae = model(objective)
    q = vae.posterior(BINARY)
    known = vae.decoder(q.code_vectors.numpy().reshape([-1, 2 * POSITIONS])).log_prob(BINARY)
    terms = vae.elbo(BINARY, seed=0)
    np.testing.assert_array_equal(terms.log_likelihood, known)
    np.testing.assert_allclose(terms.kl_divergence, POSITIONS * np.log(CODES), rtol=1e-6)
    expected = known - POSITIONS * np.log(CODES)
    np.testing.assert_allclose(terms.elbo, expected, rtol=1e-6)
    own = vae.objective_terms(tf.cast(BINARY, tf.float32), KEY, 0, training=False)
    cost = vae.encoder.posterior.cost(q)
    np.testing.assert_allclose(own.objective, expected - cost, rtol=1e-5)
    np.testing.assert_allclose(own.elbo, expected, rtol=1e-5)
    assert vae.kl_declaration == "KL: exact"


@pytest.mark.parametrize(("codebook", "weights"), [("gradient", 1.3), ("moving_average", 0.3)])
def test_the_cost_is_the_squared_distances(codebook, weights):
    made = layer(codebook=codebook, commitment_weight=0.3)
    q = made(features())
    vectors, codes, codebook = parts(q)
    square = np.sum((vectors - codebook[codes]) ** 2, axis=-1).reshape([7, -1]).sum(axis=-1)
    np.testing.assert_allclose(made.cost(q), weights * square, rtol=1e-5)


@pytest.mark.parametrize("codebook", ["gradient", "moving_average"])
def test_gradients_are_those_of_the_paper(codebook):
    """That of the decoder's input for the encoder, and of the two distances, by hand."""
    vae = model(codebook=codebook, commitment_weight=0.3)
    made, x = vae.encoder.posterior, tf.cast(BINARY, tf.float32)
    q = vae.posterior(x)
    z = tf.constant(q.mode())
    with tf.GradientTape() as tape:
        tape.watch(z)
        log_likelihood = vae.decoder(z).log_prob(x)
    by_input = tape.gradient(log_likelihood, z).numpy().reshape([len(BINARY), POSITIONS, 2])
    vectors, code_vectors = q.vectors.numpy(), q.code_vectors.numpy()
    by_vectors = by_input - 0.3 * 2.0 * (vectors - code_vectors)
    head = made.heads["vectors"]
    with tf.GradientTape() as tape:
        objective = vae.objective_terms(x, KEY, 0, training=True).objective
    weights = [head.bias, *([made.code_vectors] if codebook == "gradient" else [])]
    found = tape.gradient(objective, weights)
    np.testing.assert_allclose(found[0], by_vectors.sum(axis=0).ravel(), rtol=1e-4, atol=1e-5)
    if codebook == "gradient":
        expected = np.zeros([CODES, 2])
        np.add.at(expected, q.codes.numpy(), 2.0 * (vectors - code_vectors))
        np.testing.assert_allclose(found[1], expected, rtol=1e-4, atol=1e-5)


def test_moving_averages_are_those_of_numpy():
    made = layer(codebook="moving_average", decay=0.9, restart_below=0.0)
    counts, sums = np.zeros(CODES), np.zeros([CODES, 2])
    for batch in range(4):
        q = made(features(seed=batch))
        vectors, codes, codebook = parts(q)
        used = np.eye(CODES)[codes]
        counts = 0.9 * counts + 0.1 * used.sum(axis=0)
        sums = 0.9 * sums + 0.1 * used.T @ vectors
        made.learn(q, KEY)
        seen = counts > 0
        expected = np.where(seen[:, None], sums / np.maximum(counts, 1e-9)[:, None], codebook)
        np.testing.assert_allclose(made.current_codebook(), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(made.average_counts, counts, rtol=1e-5)
    assert made.trainable_weights == made.heads["vectors"].trainable_weights


@pytest.mark.parametrize("codebook", ["gradient", "moving_average"])
def test_dead_codes_are_restarted_at_vectors_of_the_batch(codebook):
    made = layer(codebook=codebook, decay=0.5, restart_below=0.1)
    # Two codes near, three far away.
    far = np.array([[0, 0], [0.1, 0.1], [90, 0], [0, 90], [90, 90]], "float32")
    made.code_vectors.assign(far)
    q = made(features())
    used = np.bincount(q.codes.numpy().ravel(), minlength=CODES) > 0
    assert used.tolist() == [True, True, False, False, False]
    made.learn(q, KEY)
    vectors, *_ = parts(q)
    found = made.current_codebook().numpy()
    for code in (2, 3, 4):
        apart = np.abs(vectors - found[code]).sum(axis=-1)
        assert apart.min() < 1e-4
    assert len(np.unique(found[2:].round(3), axis=0)) == 3
    if codebook == "gradient":
        np.testing.assert_array_equal(made.code_vectors, far)
        np.testing.assert_array_equal(found[:2], far[:2])
    # They count as codes of average use, and live for some batches.
    mean = 0.5 * 7 * POSITIONS / CODES
    np.testing.assert_allclose(made.average_counts[2:], mean, rtol=1e-6)
    restarted = made.current_codebook().numpy()[2:]
    made.learn(q, KEY + 1)
    if codebook == "gradient":
        np.testing.assert_array_equal(made.current_codebook()[2:], restarted)


def test_nothing_is_restarted_without_a_limit():
    made = layer(restart_below=0.0)
    before = made.current_codebook().numpy()
    made.learn(made(features()), KEY)
    np.testing.assert_array_equal(made.current_codebook(), before)


def test_a_shard_picks_what_the_whole_batch_picks():
    """The sum over shards of the vectors picked from each, one of which is empty."""
    made, vectors = layer(), np.random.default_rng(0).normal(size=[7 * POSITIONS, 2])
    whole = made._picked(tf.constant(vectors), KEY)
    assert len(np.unique(whole, axis=0)) == CODES
    shards = []
    for first, last in ((0, 3), (3, 3), (3, 7)):
        with replica_context.shard_scope(replica_context.BatchShard(first, 7)):
            own = vectors[first * POSITIONS : last * POSITIONS]
            shards.append(made._picked(tf.constant(own), KEY))
    np.testing.assert_array_equal(sum(shards), whole)


@pytest.mark.parametrize("codebook", ["gradient", "moving_average"])
def test_training_raises_the_bound_and_changes_the_codebook_only_in_training(codebook):
    vae = model(codebook=codebook, decay=0.9)
    x = np.tile(BINARY, [4, 1])
    vae.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    before = np.mean(vae.elbo(x, seed=0).elbo)
    vae.fit(x, epochs=15, verbose=0)
    assert np.mean(vae.elbo(x, seed=0).elbo) > before + 0.5
    weights = vae.get_weights()
    vae.evaluate(x, verbose=0)
    for one, other in zip(weights, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("codebook", ["gradient", "moving_average"])
def test_a_skipped_step_changes_no_code(codebook):
    class Nan(keras.layers.Layer):
        def call(self, x):
            return tf.where(x[:, :1] > 50.0, np.nan, x)

    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            keras.Sequential([keras.layers.Dense(4)]),
            posteriors.VectorQuantized(CODES, 2, POSITIONS, codebook=codebook),
        ),
        tfp_vae.Decoder(keras.Sequential([Nan(), keras.layers.Dense(4)]), likelihoods.Normal([2])),
        prior=priors.VectorQuantized(CODES, POSITIONS),
        adaptive=False,
    )
    vae.encoder.posterior.heads["vectors"].bias.assign(np.full(6, 100.0))
    vae.encoder.posterior.code_vectors.assign(np.full([CODES, 2], 99.0))
    vae.compile("sgd", jit_compile=False, on_nonfinite="skip")
    before = vae.encoder.posterior.current_codebook().numpy()
    history = vae.fit(np.ones([4, 2]), verbose=0).history
    assert history["skipped_steps"] == [1]
    np.testing.assert_array_equal(vae.encoder.posterior.current_codebook(), before)
    assert not np.any(vae.encoder.posterior.average_counts)


def test_features_of_positions_are_taken_as_they_are():
    q = posteriors.VectorQuantized(4, 2, positions=3)(np.ones([5, 3, 8], "float32"))
    assert q.batch_shape == [5]
    assert q.event_shape == [6]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"codes": 1}, ValueError, "`codes` must be at least 2; got 1"),
        ({"code_size": 0}, ValueError, "`code_size` must be"),
        ({"positions": 2.5}, TypeError, "`positions` must be"),
        ({"positions": 600_000}, ValueError, "`positions \\* code_size` must be at most 1,000,000"),
        ({"commitment_weight": -1.0}, ValueError, "`commitment_weight` must be"),
        ({"codebook": "mean"}, ValueError, "`codebook` must be"),
        ({"decay": 1.0}, ValueError, "`decay` must be below 1; got 1"),
        ({"restart_below": -0.1}, ValueError, "`restart_below` must be"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        posteriors.VectorQuantized(**{"codes": 4, "code_size": 2, **options})


def test_the_summary_says_how_many_codes_are_in_use(capsys):
    vae = model(decay=0.5)
    vae.summary()
    assert " Codes: 5, not trained yet\n" in capsys.readouterr().out
    made = vae.encoder.posterior
    near, far = [[0, 0], [0.1, 0.1]], [[90, 0], [0, 90], [90, 90]]
    made.code_vectors.assign(np.array(near + far, "float32"))
    for batch in range(6):
        q = distributions_of(made, [0, 0, 1] if batch < 2 else [0])
        made.learn(q, KEY)
        if batch == 1:
            assert made.use == "2 of 5 in use in the last 2 batches of training"
    # Of code 1 a 16th of a half is left; a vector two batches ago leaves an 8th.
    assert made.use == "1 of 5 in use in the last 2 batches of training"


def distributions_of(made, codes):
    """Returns the distribution of a row whose codes are given ones, the near code vectors."""
    near = np.array([[0, 0], [0.1, 0.1]], "float32")
    vectors = near[np.resize(codes, POSITIONS)][None]
    codebook = np.array([[0, 0], [0.1, 0.1], [90, 0], [0, 90], [90, 90]], "float32")
    return distributions.VectorQuantized(tf.constant(vectors), tf.constant(codebook))
