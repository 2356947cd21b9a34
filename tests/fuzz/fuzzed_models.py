"""The models that are fuzzed, each made once, and right data for them."""

import functools

import keras
import numpy as np
import pandas as pd

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors, priors

_GENERATOR = np.random.default_rng(0)
ROWS = 6
BINARY = np.array(
    [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 1]]
)
# Numbers that float16 holds as they are, so that a cast changes nothing.
REAL = _GENERATOR.integers(-8, 9, [ROWS, 4]) / 4.0
UNIT = _GENERATOR.integers(0, 9, [ROWS, 4]) / 8.0
COUNTS = _GENERATOR.integers(0, 7, [ROWS, 4])
CODES = _GENERATOR.integers(0, 3, [ROWS, 4])
IMAGES = _GENERATOR.integers(0, 9, [ROWS, 2, 2, 1]) / 8.0
VIEWS = np.concatenate([BINARY[:, :3], REAL[:, :1]], axis=1)
VIEWS[1, :3] = VIEWS[2, 3] = np.nan
HOLES = np.where(_GENERATOR.random([ROWS, 4]) < 0.2, np.nan, REAL)
LABELS = np.array([0, 1, 2, 0, 1, 2])

LATENTS = 2


def _flat(likelihood, activation="tanh", **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([3], activation), posteriors.MultivariateNormalDiag(LATENTS)),
        tfp_vae.Decoder(networks.mlp([3], activation), likelihood),
        **options,
    )


def _of_clusters(**options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([3], "tanh"),
            posteriors.CategoricalJoint(
                posteriors.Categorical(3), posteriors.MultivariateNormalDiag(LATENTS)
            ),
        ),
        tfp_vae.Decoder(networks.mlp([3], "tanh"), likelihoods.Bernoulli([4])),
        prior=priors.CategoricalJoint(priors.Categorical(3)),
        **options,
    )


_MADE = {
    "binary": lambda: _flat(likelihoods.Bernoulli([4])),
    "real": lambda: _flat(likelihoods.Normal([4]), "relu"),
    "heavy": lambda: _flat(likelihoods.StudentT([4]), "relu"),
    "unit": lambda: _flat(likelihoods.ContinuousBernoulli([4])),
    "counts": lambda: _flat(likelihoods.Poisson([4]), "relu"),
    "dispersed": lambda: _flat(likelihoods.NegativeBinomial([4]), "relu"),
    "codes": lambda: _flat(likelihoods.Categorical([4], 3)),
    "levels": lambda: _flat(likelihoods.DiscretizedLogistic([4], 8)),
    "images": lambda: _flat(likelihoods.ContinuousBernoulli([2, 2, 1])),
    "holes": lambda: _flat(likelihoods.Normal([4]), "relu", missing_values=np.nan),
    "grey": lambda: _flat(
        likelihoods.Bernoulli([4]), preprocess=networks.StochasticBinarization()
    ),
    "conditional": lambda: _flat(
        likelihoods.Bernoulli([4]),
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    ),
    "clusters": _of_clusters,
    "labelled": lambda: _of_clusters(classification_weight=1.0),
    "hierarchical": lambda: tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[2, 2], units=[[3], [3]]
    ),
    "series": lambda: tfp_vae.StateSpaceVAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.LinearMarkovChain(2, 1)),
        tfp_vae.Decoder(keras.layers.Reshape([2, 1]), likelihoods.Normal([2, 2])),
        prior=priors.LinearMarkovChain(2),
    ),
    "recurrent": lambda: tfp_vae.VariationalRNN.from_gru(likelihoods.Normal([2]), 2, 1, units=3),
    "views": lambda: tfp_vae.MultimodalVAE.from_mlps(
        {"a": likelihoods.Bernoulli([3]), "b": likelihoods.Normal([1])}, latent_size=LATENTS,
        units=[3], view_dropout=0.5,
    ),
    "ladder": lambda: tfp_vae.HierarchicalVAE.ladder_from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[2, 2], units=[[3], [3]]
    ),
}  # fmt: skip
DATA = {
    "binary": BINARY, "real": REAL, "heavy": REAL, "unit": UNIT, "counts": COUNTS,
    "dispersed": COUNTS, "codes": CODES, "levels": COUNTS, "images": IMAGES, "holes": HOLES,
    "grey": UNIT, "conditional": BINARY, "clusters": BINARY, "labelled": BINARY,
    "hierarchical": BINARY, "series": REAL.reshape([ROWS, 2, 2]), "views": VIEWS,
    "recurrent": REAL.reshape([ROWS, 2, 2]), "ladder": BINARY,
}  # fmt: skip
KINDS = tuple(DATA)
WITH_Y = ("conditional", "labelled")


@functools.cache
def model(kind):
    """Returns the model of a kind, compiled to run eagerly, always the same one."""
    keras.utils.set_random_seed(0)
    vae = _MADE[kind]()
    vae.compile("sgd", run_eagerly=True)
    return vae


@functools.cache
def _weights(kind):
    return [np.array(each) for each in model(kind).get_weights()]


def fresh(kind):
    """Returns the model of a kind with the weights and the optimizer that it was made with."""
    vae = model(kind)
    vae.set_weights(_weights(kind))
    vae.compile("sgd", run_eagerly=True)
    keras.utils.set_random_seed(0)
    return vae


def labels_of(kind, argument="condition"):
    """Returns the labels that a model of a kind takes beside its rows, as an argument; or none."""
    return {argument: LABELS} if kind in WITH_Y else {}


def people():
    """Returns a frame of a number and a category."""
    return pd.DataFrame({"age": [3, 4, 5, 9], "city": ["a", "b", "a", "b"]})
