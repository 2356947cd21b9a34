"""Held-out evidence for the likelihood of one column given others, for all columns at once."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import networks, replica_context
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.evidence import HELD_OUT, MOST_ROWS, grid_steps, log_prob_of_values
from tfp_vae.likelihoods.product import Product

_FEATURES = 8
_LEAST_SPREAD = 1e-3
_STEPS = 250
_BATCH = 100
_LEARNING_RATE = 0.02
_CLIP = 10.0


class Group(NamedTuple):
    """Columns that one likelihood is fitted to.

    Attributes:
      columns: Their indices.
      likelihood: A likelihood of their values, not yet built; it is used up.
    """

    columns: list[int]
    likelihood: Likelihood


def held_out_conditional_scores(
    x: np.ndarray, plain: Sequence[Likelihood], groups: Sequence[Group]
) -> list[np.ndarray]:
    """Fits every column given a half of the others to two thirds of the rows, scores the rest.

    The columns are halved, and one of a half is predicted from the first principal components of
    the other half, by linear functions for the parameters of its likelihood, as in a generalised
    linear model. The fits of columns and groups do not depend on each other; they run as one.

    Args:
      x: Rows, `[N, columns]`, in the support of every likelihood.
      plain: For each column a likelihood of one value, which says how a network sees it.
      groups: Columns and their likelihoods; a column may stand in several groups.

    Returns:
      For every group the scores of the rows held out, log-probabilities of the values or of their
      cells where a column lies on a grid, `[M, columns of the group]`, in nats.
    """
    return replica_context.outside_strategy(lambda: _scores(x, plain, groups))


def _scores(
    x: np.ndarray, plain: Sequence[Likelihood], groups: Sequence[Group]
) -> list[np.ndarray]:
    order = np.random.default_rng(0).permutation(len(x))[:MOST_ROWS]
    rows = np.asarray(x, np.float64)[order]
    at = round(len(rows) * HELD_OUT)
    halves = [list(range(start, x.shape[1], 2)) for start in (0, 1)]
    parts = [_principal_components(rows, half, plain, at) for half in halves]
    width = sum(part.shape[1] for part in parts)
    # Row i of block h has the components of half h alone, by which the other half is predicted.
    features = np.zeros([2, len(rows), width], np.float32)
    features[0, :, : parts[0].shape[1]] = parts[0]
    features[1, :, parts[0].shape[1] :] = parts[1]
    models = [_Model(group, rows[at:], width) for group in groups]
    _fit(models, rows[at:].astype(np.float32), features[:, at:])
    steps = grid_steps(rows)
    held_out, seen = tf.convert_to_tensor(rows[:at].astype(np.float32)), features[:, :at]
    return [model.scores(held_out, tf.convert_to_tensor(seen), steps).numpy() for model in models]


def _principal_components(
    x: np.ndarray, columns: list[int], plain: Sequence[Likelihood], held_out: int
) -> np.ndarray:
    """Returns the first standardised components of the encoded columns, `[N, at most 8]`."""
    if not columns:
        return np.zeros([len(x), 0], np.float32)
    product = Product([([at], plain[column]) for at, column in enumerate(columns)])
    encoding = product.input_encoding()
    rows = x[:, columns].astype(product.variable_dtype)
    encoding.adapt(rows[held_out:])
    encoded = networks.compressed_tails(encoding(tf.convert_to_tensor(rows))).numpy()
    encoded = encoded.astype(np.float64) - encoded[held_out:].mean(axis=0)
    right = np.linalg.svd(encoded[held_out:], full_matrices=False)[2][:_FEATURES]
    components = encoded @ right.T
    spread = components[held_out:].std(axis=0)
    # One-hot vectors are linearly dependent: some components are rounding errors.
    kept = spread > _LEAST_SPREAD * spread.max(initial=0.0)
    return np.asarray(components[:, kept] / spread[kept], np.float32)


class _Model:
    """Columns under one likelihood, whose parameters are linear in features.

    Args:
      group: The columns and the likelihood.
      x: The rows to begin at, `[N, all columns]`.
      width: The number of features.
    """

    def __init__(self, group: Group, x: np.ndarray, width: int) -> None:
        self.columns, self._likelihood = group
        # A column is predicted by the half that it is not in.
        self._block = np.array([[column % 2 == 1 for column in self.columns]])
        self._likelihood.take_units()
        self._likelihood.build((None, width))
        self._path = networks.LinearPath(
            self._likelihood.parameter_shapes(), [], dtype=self._likelihood.dtype_policy
        )
        self._path.build((None, width))
        rows = x[:, self.columns].astype(self._likelihood.variable_dtype)
        constants = self._likelihood.adapt(rows)
        self._likelihood.zero_heads(constants)
        self._path.assign(constants)

    @property
    def variables(self) -> list[keras.Variable]:
        """What is fitted."""
        return [*self._likelihood.trainable_variables, *self._path.trainable_variables]

    def scores(self, x: tf.Tensor, features: tf.Tensor, steps: np.ndarray | None) -> tf.Tensor:
        """Returns the log-probability of values, `[M, columns of the group]`.

        Args:
          x: Rows, `[M, all columns]`.
          features: Their features by each half, `[2, M, width]`.
          steps: The step of every column's grid, or None for the density alone.
        """
        own = tf.gather(x, self.columns, axis=-1)
        by_half = [self._log_prob(own, features[half], steps) for half in (1, 0)]
        return tf.where(self._block, by_half[1], by_half[0])

    def _log_prob(self, x: tf.Tensor, features: tf.Tensor, steps: np.ndarray | None) -> tf.Tensor:
        distribution: tfd.Distribution = self._likelihood(features, added=self._path(features))
        if steps is None:
            return distribution.distribution.log_prob(x)
        return log_prob_of_values(distribution, x, steps[self.columns])


def _fit(models: Sequence[_Model], x: np.ndarray, features: np.ndarray) -> None:
    """Takes some steps of Adam on random batches of rows, for all models at once."""
    data, seen = tf.convert_to_tensor(x), tf.convert_to_tensor(features)
    variables = [each for model in models for each in model.variables]
    # The gradient of each weight is clipped by itself, so that no fit can disturb another.
    optimizer = keras.optimizers.Adam(_LEARNING_RATE, clipnorm=_CLIP)
    optimizer.build(variables)
    size = min(_BATCH, len(x))

    def step(index: tf.Tensor) -> tf.Tensor:
        picked = tf.random.stateless_uniform([size], [0, index], 0, len(x), tf.int32)
        rows, own = tf.gather(data, picked), tf.gather(seen, picked, axis=1)
        with tf.GradientTape() as tape:
            loss = tf.add_n(
                [-tf.reduce_sum(model.scores(rows, own, None)) / size for model in models]
            )
        optimizer.apply(tape.gradient(loss, [each.value for each in variables]), variables)
        return index + 1

    @tf.function(autograph=False)
    def steps() -> None:
        tf.while_loop(lambda index: index < _STEPS, step, [tf.constant(0)])

    # TensorFlow warns of repeated tracing where a function is called, not a concrete one.
    steps.get_concrete_function()()
