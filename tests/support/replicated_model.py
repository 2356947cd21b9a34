"""The model and the fit that one process and several replicas are compared on."""

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from tfp_vae import datasets, likelihoods, networks, objectives, posteriors, priors

ROWS = np.random.default_rng(0).integers(0, 2, [53, 6]).astype("float32")
HELD_OUT = np.random.default_rng(1).integers(0, 2, [21, 6]).astype("float32")
REAL = np.random.default_rng(2).normal(size=[53, 6]).astype("float32")
CODES = datasets.padded(
    [row[: 1 + number % 5].astype(int) for number, row in enumerate(ROWS)], length=6, end=2
)
SERIES = REAL.reshape([-1, 3, 2])
ENDS_EARLY = np.where(np.arange(3)[:, None] <= np.arange(53)[:, None, None] % 3, SERIES, np.nan)
COUNTS = np.random.default_rng(3).negative_binomial(2, 0.2, [53, 6]).astype("float32")
SOME_LABELS = np.maximum(np.arange(53) % 5 - 2, -1)
WITH_A_FAILING_ROW = np.where(np.arange(53)[:, None] == 40, 100.0, REAL).astype("float32")


def binary_vae():
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([6])),
        objective=objectives.ELBO(kl_weight=objectives.LinearWarmUp(10), sample_size=2),
        preprocess=networks.StochasticBinarization(),
    )


def calibrated_vae():
    trunk = keras.Sequential([keras.layers.Dense(5, kernel_regularizer="l2")])
    return tfp_vae.VAE(
        tfp_vae.Encoder(trunk, posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Normal([6], scale="calibrated")),
    )


def labelled_vae():
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([5]),
            posteriors.CategoricalJoint(
                posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2)
            ),
        ),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([6])),
        prior=priors.CategoricalJoint(priors.Categorical(3)),
        classification_weight=2.0,
    )


def controlled_vae():
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([6])),
        objective=objectives.ControlVAE(0.05, integral_gain=0.1),
    )


def sequence_vae():
    """Sequences of unequal length, of whose codes training hides some."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.recurrent([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(
            networks.mlp([5]),
            likelihoods.AutoregressiveCategorical(
                [6], classes=3, recurrent_units=4, word_dropout=0.3, end=2
            ),
        ),
        missing_values=-1,
    )


def quantized_vae(codebook):
    """A codebook, whose codes are restarted at rows of all replicas."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([5]),
            posteriors.VectorQuantized(6, 2, positions=2, codebook=codebook, decay=0.5),
        ),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([6])),
        prior=priors.VectorQuantized(6, positions=2),
    )


def state_space_vae():
    """Series of three steps, whose draws are keyed by row."""
    return tfp_vae.StateSpaceVAE.from_gru(
        likelihoods.Normal([3, 2], scale="calibrated"),
        state_size=2,
        units=3,
        prior=priors.GaussianProcess(3),
    )


def recurrent_vae():
    """Series that end early, with a state that carries them."""
    return tfp_vae.VariationalRNN.from_gru(
        likelihoods.Normal([2], scale="calibrated"),
        time_steps=3,
        state_size=2,
        units=3,
        missing_values=np.nan,
    )


def views_vae():
    """Two views, of which every row has one, dropped in training."""
    return tfp_vae.MultimodalVAE.from_mlps(
        {"a": likelihoods.Bernoulli([4]), "b": likelihoods.Bernoulli([2])},
        latent_size=2,
        units=[5],
        view_dropout=0.5,
    )


def drawn_vae():
    """Makes a model of categories that are drawn, with a baseline that learns from all rows."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.Categorical(2, 3)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([6])),
        prior=priors.Categorical(2, 3),
        objective=objectives.ELBO(gradient_estimator="score_function", baseline="learned"),
    )


def counts_vae():
    """Counts that are scaled by the totals of their own rows."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.NegativeBinomial([6], offset="total")),
    )


class NanWhereLarge(keras.layers.Layer):
    def call(self, x):
        return tf.where(x > 50.0, np.nan, x)


def failing_vae():
    trunk = keras.Sequential([NanWhereLarge(), keras.layers.Dense(5)])
    return tfp_vae.VAE(
        tfp_vae.Encoder(trunk, posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Normal([6], scale="calibrated")),
        adaptive=False,
    )


def far_vae():
    """A model whose gradients are large in a batch with a row that is far away."""
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5], "tanh"), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Normal([6], scale=1.0)),
        adaptive=False,
    )


def entropy(batch, terms):
    """A metric of the rows."""
    return batch.posterior.entropy()


def fitted(make, compiled, x, seed=2, **options):
    """Returns the weights after two epochs, the history, and what `evaluate` says."""
    keras.utils.set_random_seed(1)
    vae = make()
    settings = {"metrics": {"entropy": entropy}, **options.pop("compile", {})}
    vae.compile(keras.optimizers.Adam(0.01, **compiled), **settings)
    keras.utils.set_random_seed(seed)
    settings = {"epochs": 2, "batch_size": 9, "verbose": 0, **options}
    history = vae.fit(x, **settings).history
    measured = vae.evaluate(x[:20], batch_size=7, verbose=0, return_dict=True)
    return vae, history, measured


def assert_same(one, other):
    # The rounding of a sum in another order, magnified by steps that divide by small numbers.
    (vae, history, measured), (other_vae, other_history, other_measured) = one, other
    for weight, other_weight in zip(vae.get_weights(), other_vae.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other_weight, rtol=1e-5, atol=1e-5)
    assert history.keys() == other_history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(values, other_history[name], rtol=1e-5, err_msg=name)
    assert measured.keys() == other_measured.keys()
    for name, value in measured.items():
        np.testing.assert_allclose(value, other_measured[name], rtol=1e-5, err_msg=name)


def plain():
    """Returns how the model of one process is compiled: without XLA, which is slow to start."""
    return {"jit_compile": False}


def with_devices(count):
    """Gives this process several logical devices; only before TensorFlow has used its CPU."""
    physical = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        physical, [tf.config.LogicalDeviceConfiguration()] * count
    )
