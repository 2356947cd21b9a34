"""What callers bring in the place of a number, a word, a list, a path or an object."""

import datetime
import fractions
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st
from tensorflow_probability import distributions as tfd

import tfp_vae
from tfp_vae import likelihoods, objectives, posteriors, priors

INTS = (0, 1, 2, 3, 7, -1, -7, 2**31, -(2**31), 2**63, -(2**63), 2**64, 10**30)
FLOATS = (
    0.0, -0.0, 0.5, 1.0, 1.5, 3.0, -1.0, 1e-8, 1e-40, 5e-324, 1e19, 1e38, 1e300, -1e300, 1e-300,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
WORDS = (
    "",
    "x",
    "4",
    "relu",
    "RELU",
    "softplus",
    "ELBO",
    "bernoulli",
    "None",
    "\n",
    "é" * 400,
    "\0",
)
LISTS = (
    [], [0], [2], [4], [2, 2], [3, 3, 1], [-1], [1.5], [2.0], [True], ["a"], [None], [[4]], [2, -2],
    (3,), (), [2**31], [2**16, 2**16], [2**40, 2**40], [np.nan], [0.5], [0.2, 0.8], [3, "b"],
    range(2), {4}, {"a": 2}, {}, [[2], [3]], [[2], []], [[], []],
)  # fmt: skip


class Thing:
    """A value that is made anew every time, with a name for a report."""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def __repr__(self):
        return self.name


THINGS = {
    "object()": object,
    "a function": lambda: len,
    "a class": lambda: dict,
    "lambda: None": lambda: lambda *_, **__: None,
    "np.int64(3)": lambda: np.int64(3),
    "np.uint8(200)": lambda: np.uint8(200),
    "np.float32(0.5)": lambda: np.float32(0.5),
    "np.float64(nan)": lambda: np.float64("nan"),
    "np.bool_(True)": lambda: np.bool_(True),
    "np.str_('relu')": lambda: np.str_("relu"),
    "array(3)": lambda: np.array(3),
    "array([4])": lambda: np.array([4]),
    "array([2, 3])": lambda: np.array([2, 3]),
    "array([0.5, nan])": lambda: np.array([0.5, np.nan]),
    "array([])": lambda: np.array([]),
    "array of objects": lambda: np.array([None, "a"], object),
    "zeros([3, 0])": lambda: np.zeros([3, 0]),
    "tf.constant(3)": lambda: tf.constant(3),
    "tf.constant(0.5)": lambda: tf.constant(0.5),
    "tf.constant([1, 2])": lambda: tf.constant([1, 2]),
    "tf.constant(text)": lambda: tf.constant("relu"),
    "tf.Variable(2.0)": lambda: tf.Variable(2.0),
    "tf.TensorShape([4])": lambda: tf.TensorShape([4]),
    "tf.TensorShape([None, 4])": lambda: tf.TensorShape([None, 4]),
    "tf.TensorShape(None)": lambda: tf.TensorShape(None),
    "tf.RaggedTensor": lambda: tf.ragged.constant([[1.0], [1.0, 2.0]]),
    "KerasTensor": lambda: keras.KerasTensor((None, 4)),
    "a dataset": lambda: tf.data.Dataset.range(3),
    "a generator": lambda: (each for each in [1, 2]),
    "a date": lambda: datetime.date(2020, 1, 1),
    "Fraction(1, 2)": lambda: fractions.Fraction(1, 2),
    "1j": lambda: 1j,
    "bytes": lambda: b"relu",
    "bytearray": lambda: bytearray(b"4"),
    "memoryview": lambda: memoryview(b"4"),
    "slice": lambda: slice(2),
    "...": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "an exception": lambda: ValueError("not me"),
    "a path": lambda: Path("nowhere") / "x.npy",
    "a folder": lambda: Path("/"),
    "a layer": lambda: keras.layers.Dense(3),
    "a network": lambda: keras.Sequential([keras.layers.Dense(3)]),
    "a built network": lambda: keras.Sequential([keras.Input([7]), keras.layers.Dense(3)]),
    "a schedule of Keras": lambda: keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9),
    "an optimizer": keras.optimizers.SGD,
    "a callback": keras.callbacks.Callback,
    "a distribution": lambda: tfd.Normal(0.0, 1.0),
    "a distribution of pairs": lambda: tfd.MultivariateNormalDiag([0.0, 0.0], [1.0, 1.0]),
    "a posterior": lambda: posteriors.MultivariateNormalDiag(3),
    "a prior": priors.Normal,
    "a prior on a sphere": priors.SphericalUniform,
    "a VampPrior": lambda: priors.VampPrior(2),
    "a likelihood": lambda: likelihoods.Normal([4]),
    "a likelihood of 5": lambda: likelihoods.Poisson([5]),
    "an objective": lambda: objectives.IWAE(2),
    "a warm-up": lambda: objectives.LinearWarmUp(10),
    "an encoder": lambda: tfp_vae.Encoder(
        tfp_vae.networks.mlp([3]), posteriors.MultivariateNormalDiag(3)
    ),
    "a decoder": lambda: tfp_vae.Decoder(tfp_vae.networks.mlp([3]), likelihoods.Normal([5])),
    "the class VAE": lambda: tfp_vae.VAE,
    "a module": lambda: tfp_vae,
}


def every_value():
    """Returns what is named here, each once."""
    things = [Thing(name, make) for name, make in THINGS.items()]
    return [*INTS, *FLOATS, *WORDS, *LISTS, True, False, None, *things]


def values():
    """Draws what a caller may bring for an argument that is no array of rows."""
    return st.one_of(
        st.sampled_from(INTS),
        st.integers(-9, 9),
        st.sampled_from(FLOATS),
        st.floats(width=32),
        st.sampled_from(WORDS),
        st.text(max_size=5),
        st.sampled_from(LISTS),
        st.booleans(),
        st.none(),
        st.sampled_from([Thing(name, make) for name, make in THINGS.items()]),
        st.sampled_from([Thing(name, make) for name, make in THINGS.items()]),
    )
