"""Held-out evidence for a likelihood, from a quick fit of a linear model."""

import itertools
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, factor_analysis, networks, replica_context, shapes
from tfp_vae.likelihoods.base import Likelihood

MIN_ROWS = 30
"""With fewer rows, a third of them says nothing of ten others."""

MOST_ROWS = 1500
HELD_OUT = 1 / 3
_LATENTS = 8
_ROWS_PER_LATENT = 4
_STAGES = (25, 75, 200)
"""The numbers of steps after which a fit is scored, of which the best counts: of a few rows with
many columns, the last one may have learned nothing but these rows."""

_ITERATIONS = 50
_BATCH = 100
_LEARNING_RATE = 0.02
_DRAWS = 4
_STEP_SIZES = (1.0, 0.5, 0.25, 0.1, 1 / 255, 0.01, 1e-3)
_GRID_ERROR = 1e-3
_LEAST_MASS = 1e-3


def held_out_scores(likelihood: Likelihood, x: np.ndarray) -> np.ndarray:
    """Fits a model with linear networks to two thirds of the rows, and scores the others.

    The score is the ELBO of a row, at the stage of the fit at which its mean is largest: the
    marginals of the columns, some numbers of steps of training and, of wide rows under a likelihood
    with locations, factor analysis. Where the values of a column lie on a grid, such as whole
    numbers or multiples of 1/255, log p(x|z) of a density is the probability of the grid's cell, so
    that densities and probabilities compare, and no density gains by a scale below the grid.

    Args:
      likelihood: A likelihood of the rows, not yet built; it is used up.
      x: Rows in its support, `[N, *event]`, at least `MIN_ROWS`.

    Returns:
      The scores of the rows held out, in nats, `[M]`.
    """
    return replica_context.outside_strategy(lambda: _held_out_scores(likelihood, x))


def _held_out_scores(likelihood: Likelihood, x: np.ndarray) -> np.ndarray:
    order = np.random.default_rng(0).permutation(len(x))[:MOST_ROWS]
    rows = np.asarray(x)[order].astype(likelihood.variable_dtype)
    at = round(len(rows) * HELD_OUT)
    model = _LinearModel(likelihood, rows[at:])
    held_out, steps = tf.convert_to_tensor(rows[:at]), grid_steps(rows)
    stages = [model.scores(held_out, steps).numpy() for _ in model.stages(rows[at:])]
    scores: np.ndarray = max(stages, key=_mean)
    return scores


def _mean(scores: np.ndarray) -> float:
    """Returns the mean, and the lowest of all numbers where it is not finite."""
    mean = float(scores.mean(dtype=np.float64))
    return mean if np.isfinite(mean) else -np.inf


def grid_steps(x: np.ndarray) -> np.ndarray:
    """Returns the largest step of which all values of a column are multiples, or NaN if none is.

    Args:
      x: Rows, `[N, *event]`.

    Returns:
      A step for every column, `[*event]`.
    """
    steps = np.full(x.shape[1:], np.nan)
    values = np.asarray(x, np.float64)
    for step in _STEP_SIZES:
        multiples = values / step
        on_grid = np.abs(multiples - np.round(multiples)).max(axis=0) < _GRID_ERROR
        steps = np.where(np.isnan(steps) & on_grid, step, steps)
    return steps


class _LinearModel:
    """A VAE with linear encoder and decoder that begins at the data.

    Args:
      likelihood: A likelihood, not yet built.
      x: The rows to begin at, `[N, *event]`.
    """

    def __init__(self, likelihood: Likelihood, x: np.ndarray) -> None:
        self._likelihood = likelihood
        varying = int((x != x[:1]).any(axis=0).sum())
        latents = min(_LATENTS, max(1, varying // 2), max(1, len(x) // _ROWS_PER_LATENT))
        self._encoding = likelihood.input_encoding()
        if self._encoding is not None:
            self._encoding.adapt(x)
        likelihood.take_units()
        likelihood.build((None, latents))
        self._latents = latents
        self._path = networks.LinearPath(
            likelihood.parameter_shapes(),
            list(likelihood.locations()),
            dtype=likelihood.dtype_policy,
        )
        self._path.build((None, latents))
        constants = likelihood.adapt(x)
        likelihood.zero_heads(constants)
        self._path.assign(constants)
        encoded = self._encoded(tf.convert_to_tensor(x)).numpy().astype(np.float64)
        kernel, stddev = _principal_posterior(encoded, latents)
        dtype = likelihood.variable_dtype
        self._kernel = keras.Variable(kernel, dtype=dtype)
        self._offset = keras.Variable(-encoded.mean(axis=0) @ kernel, dtype=dtype)
        self._log_stddev = keras.Variable(np.log(stddev), dtype=dtype)

    def stages(self, x: np.ndarray) -> Iterator[None]:
        """Fits the model to rows, and yields at every stage.

        Of rows with more columns than there are rows, factor analysis is the last stage: so few
        steps do not find its loadings.
        """
        yield
        for _ in self._training(x):
            yield
        is_wide = shapes.size_of(x.shape[1:]) > len(x)
        if is_wide and self._likelihood.locations() and self._encoding is not None:
            self._take_factor_analysis(x, self._encoding.affine_map())
            yield

    def _take_factor_analysis(self, x: np.ndarray, affine: networks.AffineMap) -> None:
        """Sets the decoder to factor analysis, and the encoder to its exact posterior."""
        likelihood = self._likelihood
        linear = factor_analysis.fit_locations(
            likelihood, x, self._latents, most_iterations=_ITERATIONS
        )
        constants = likelihood.adapt(x, stddev=linear.stddev())
        likelihood.zero_heads(constants)
        self._path.assign(constants)
        anywhere = self._decoded(tf.zeros([1, self._latents], likelihood.variable_dtype))
        linear = linear.with_stddev(likelihood.stddev_of(anywhere).numpy()[0])
        self._path.assign({}, linear.kernels(likelihood, self._latents))
        weights, offset = linear.encoder(affine)
        kernel = np.zeros(self._kernel.shape)
        kernel[affine.places] = weights
        self._kernel.assign(kernel)
        self._offset.assign(offset)
        self._log_stddev.assign(-0.5 * np.log(linear.analysis.precision))

    def _training(self, x: np.ndarray) -> Iterator[int]:
        """Takes some steps of Adam on random batches of rows, and yields after some of them."""
        data = tf.convert_to_tensor(x)
        variables = [
            *(self._kernel, self._offset, self._log_stddev),
            *self._likelihood.trainable_variables,
            *self._path.trainable_variables,
        ]
        optimizer = keras.optimizers.Adam(_LEARNING_RATE, clipnorm=10.0 * np.sqrt(x[0].size))
        optimizer.build(variables)
        size = min(_BATCH, len(x))

        def step(index: tf.Tensor) -> tf.Tensor:
            picked = tf.random.stateless_uniform([size], [0, index], 0, len(x), tf.int32)
            rows = tf.gather(data, picked)
            with tf.GradientTape() as tape:
                posterior = self._posterior(rows)
                z = posterior.sample(seed=[1, index])
                likelihood = self._likelihood.fitted_to(self._decoded(z), rows)
                elbo = likelihood.log_prob(rows) - self._kl(posterior)
                loss = -tf.reduce_mean(elbo)
            values = [each.value for each in variables]
            optimizer.apply(tape.gradient(loss, values), variables)
            return index + 1

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.int32)] * 2)
        def steps(first: tf.Tensor, last: tf.Tensor) -> None:
            tf.while_loop(lambda index: index < last, step, [first])

        # TensorFlow warns of repeated tracing where a function is called, not a concrete one.
        take = steps.get_concrete_function()
        for first, last in itertools.pairwise((0, *_STAGES)):
            take(tf.constant(first), tf.constant(last))
            yield last

    def scores(self, x: tf.Tensor, steps: np.ndarray) -> tf.Tensor:
        """Returns the ELBO of rows `[M, *event]`, in nats, `[M]`."""
        posterior = self._posterior(x)
        z = posterior.sample(_DRAWS, seed=[2, 0])
        log_prob = _log_prob_of_cells(self._decoded(z), x, steps)
        return tf.reduce_mean(log_prob, axis=0) - self._kl(posterior)

    def _posterior(self, x: tf.Tensor) -> tfd.Distribution:
        loc = tf.matmul(self._encoded(x), self._kernel) + self._offset
        stddev = tf.broadcast_to(tf.exp(self._log_stddev), tf.shape(loc))
        return distributions.MultivariateNormalDiag(loc, stddev)

    def _kl(self, posterior: tfd.Distribution) -> tf.Tensor:
        zeros = tf.zeros_like(posterior.loc[0])
        prior = distributions.MultivariateNormalDiag(zeros, tf.ones_like(zeros))
        return tfd.kl_divergence(posterior, prior)

    def _decoded(self, z: tf.Tensor) -> tfd.Distribution:
        return self._likelihood(z, added=self._path(z))

    def _encoded(self, x: tf.Tensor) -> tf.Tensor:
        encoded = x if self._encoding is None else self._encoding(x)
        flat = tf.reshape(encoded, [-1, shapes.size_of(encoded.shape[1:])])
        return networks.compressed_tails(flat)


def _principal_posterior(x: np.ndarray, latents: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the posterior of probabilistic PCA: the matrix `[D, L]` of its mean, and its scale.

    Tipping & Bishop (1999), "Probabilistic principal component analysis", equation 6. One column,
    of which a latent would leave no noise, has half of its variance as noise.
    """
    variance, directions, total = _principal_components(x - x.mean(axis=0), latents)
    least = 0.5 if x.shape[1] == 1 else 1e-6
    noise = max((total - variance.sum()) / max(x.shape[1] - latents, 1), least * total, 1e-12)
    variance = np.maximum(variance, noise)
    return directions * np.sqrt(variance - noise) / variance, np.sqrt(noise / variance)


def _principal_components(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the largest variances `[K]`, their directions `[D, K]`, and the total variance.

    They are of the smaller of the two Gram matrices, of columns or of rows; zeros stand for the
    components that the rows lack.
    """
    by_columns = centred.shape[1] <= len(centred)
    gram = (centred.T @ centred if by_columns else centred @ centred.T) / len(centred)
    values, vectors = np.linalg.eigh(gram)
    variance = np.maximum(values[::-1][:count], 0.0)
    directions = vectors[:, ::-1][:, :count]
    if not by_columns:
        length = np.sqrt(np.maximum(variance * len(centred), np.finfo(np.float64).tiny))
        directions = centred.T @ directions / length
    lacking = count - len(variance)
    return (
        np.pad(variance, (0, lacking)),
        np.pad(directions, [(0, 0), (0, lacking)]),
        float(np.trace(gram)),
    )


def _log_prob_of_cells(likelihood: tfd.Distribution, x: tf.Tensor, steps: np.ndarray) -> tf.Tensor:
    """Returns log p(x|z), where a value on a grid counts with the probability of its cell."""
    axes = list(range(-(len(x.shape) - 1), 0))
    return tf.reduce_sum(log_prob_of_values(likelihood, x, steps), axis=axes)


def log_prob_of_values(likelihood: tfd.Distribution, x: tf.Tensor, steps: np.ndarray) -> tf.Tensor:
    """Returns the log-probability of every value, of its cell where it lies on a grid.

    Args:
      likelihood: Independent values, batch `[..., M]`, event `[*event]`.
      x: Rows, `[M, *event]`.
      steps: The step of every value's grid, `[*event]`, NaN where there is none.
    """
    values = likelihood.distribution
    log_prob = values.log_prob(x)
    if values.dtype.is_floating and _has_density(values):
        on_grid = np.isfinite(steps)
        half = 0.5 * tf.constant(np.where(on_grid, steps, 1.0), x.dtype)
        mass = values.cdf(x + half) - values.cdf(x - half)
        # In the tails the difference is lost to rounding, and the cell is narrow beside the scale.
        exact = tf.math.log(tf.maximum(mass, _LEAST_MASS))
        near = tf.minimum(log_prob + tf.math.log(2.0 * half), tf.math.log(_LEAST_MASS))
        of_cell = tf.where(mass > _LEAST_MASS, exact, near)
        log_prob = tf.where(on_grid, of_cell, log_prob)
    return log_prob


def _has_density(distribution: tfd.Distribution) -> bool:
    """Returns whether a distribution is continuous, so that its cdf gives the mass of a cell."""
    kinds = (tfd.Normal, tfd.Laplace, tfd.StudentT, tfd.Gamma, tfd.ContinuousBernoulli)
    return isinstance(distribution, kinds)
