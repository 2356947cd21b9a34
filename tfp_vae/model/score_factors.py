"""Exponential-family factor analysis, where a model begins whose likelihood has no location."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import factor_analysis, shapes

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ITERATIONS = 20
_LEAST_NOISE = 0.1
"""The smallest information that the latents leave of a parameter, as a share."""
_LARGEST_LOADING = 2.0
"""By how much the latents move a parameter at most, one standard deviation."""
_DAMPING = (1.0, 0.7, 0.5, 0.35, 0.2, 0.1)
_ROWS_AT_ONCE = 1000
_SHIFTS = 3


class Beginning(NamedTuple):
    """A linear decoder with the encoder that goes with it, for latents that are standard normal.

    Attributes:
      constants: What is added to the parameters, by name.
      loadings: The loadings of the linear ones, `[latent_size, size]` each, by name.
      weights: What the encoded values of a row are multiplied by for the posterior mean, `[P, L]`.
      offset: What is added to that, `[L]`.
      stddev: The standard deviation of the latents given a row, `[L]`.
    """

    constants: dict[str, np.ndarray]
    loadings: dict[str, np.ndarray]
    weights: np.ndarray
    offset: np.ndarray
    stddev: np.ndarray


class Rows(NamedTuple):
    """Prepared rows.

    Attributes:
      x: Rows, `[N, *event_shape]`.
      observed: A boolean array of the same shape, false where a value is missing, or None.
      exposure: The exposures of the rows, `[N]`, of a likelihood that takes them, or None.
      encoded: The rows as the encoder sees them, flat, `[N, P]`.
    """

    x: np.ndarray
    observed: np.ndarray | None
    exposure: np.ndarray | None
    encoded: np.ndarray

    def some(self, rows: slice | np.ndarray) -> "Rows":
        """Returns a part of the rows."""
        observed, exposure = (
            None if each is None else each[rows] for each in (self.observed, self.exposure)
        )
        return Rows(self.x[rows], observed, exposure, self.encoded[rows])


def fit(vae: "VAE", rows: Rows, constants: dict[str, np.ndarray]) -> Beginning | None:
    """Finds where a model begins whose decoder is at the marginals of the data.

    At a parameter η of the marginals, with score s = d log p(x|η) / dη, a step W z of η gives s the
    mean F W z to first order, F its variance given z. So factor analysis of the scores, s = A z +
    noise of variance F, has W = F⁻¹A, and the posterior mean of z is (I + WᵀFW)⁻¹ Wᵀs. For a
    canonical η, of which s = x - E[x], A = E[F(z)] W is exact (Stein's lemma). No latent moves a
    parameter far, and both are damped to tW, with the posterior of tW; that of the largest ELBO on
    at most 1,000 rows is kept.

    Args:
      vae: The model, whose heads are zero.
      rows: The rows, of as many encoded values as there are scores, in the same order.
      constants: What is added to the parameters at the marginals, by name.

    Returns:
      The beginning, or None if none has a larger ELBO than the marginals.

    Source: Collins, Dasgupta & Schapire (2001), "A generalization of principal component analysis
    to the exponential family", for the model.
    """
    latents = vae.encoder.posterior.latent_size
    names = vae.decoder.likelihood.mean_parameters()
    scores = np.concatenate(
        [_scored(vae, rows.some(part), constants, names)[1] for part in _blocks(len(rows.x))]
    )
    analysis = factor_analysis.fit(scores, latents, most_iterations=_ITERATIONS)
    information = analysis.noise + np.sum(analysis.loadings**2, axis=1)
    left = np.maximum(analysis.noise, _LEAST_NOISE * information)
    loadings = _divided(analysis.loadings, left[:, None])
    length = np.sqrt(np.sum(loadings**2, axis=1, keepdims=True))
    loadings = loadings * np.minimum(1.0, _divided(_LARGEST_LOADING, length, otherwise=1.0))
    loadings = factor_analysis.rotated(loadings, _divided(1.0, left, otherwise=1.0))
    slope = _slopes(scores, rows.encoded)
    centre = rows.encoded.mean(axis=0)
    generator = np.random.default_rng(0)
    some = generator.permutation(len(rows.x))[:_ROWS_AT_ONCE]
    tried, scores = rows.some(some), scores[some]
    noise = generator.normal(size=[len(some), latents])
    best, highest = None, float(np.mean(_scored(vae, tried, constants, names)[0]))
    for damping in _DAMPING:
        damped = damping * loadings
        precision = 1.0 + np.sum(damped**2 * left[:, None], axis=0)
        weights, stddev = slope[:, None] * damped / precision, 1.0 / np.sqrt(precision)
        mean = (tried.encoded - centre) @ weights
        divergence = 0.5 * np.sum(mean**2 + stddev**2 - 1.0 - 2.0 * np.log(stddev), axis=1)
        added = (mean + stddev * noise) @ damped.T
        shift = np.zeros(len(left))
        for _ in range(_SHIFTS):
            log_prob, found = _scored(vae, tried, constants, names, added + shift)
            elbo = float(np.mean(log_prob - divergence))
            if elbo > highest:
                moved = _added(vae, constants, names, shift[None])
                highest = elbo
                best = Beginning(
                    {name: value[0] for name, value in moved.items()},
                    _split(vae, names, damped.T),
                    weights,
                    -centre @ weights,
                    stddev,
                )
            change = np.mean(found - scores, axis=0)
            shift = shift + np.clip(_divided(change, information), -0.5, 0.5)
    return best


def _slopes(scores: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    """Returns by how much a score grows with the encoded value of the same place, `[P]`."""
    centred = encoded - encoded.mean(axis=0)
    product, square = np.mean(scores * centred, axis=0), np.mean(centred**2, axis=0)
    return _divided(product, square)


def _split(vae: "VAE", names: list[str], values: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the values `[K, P]` of all parameters as those of each, `[K, size]`."""
    of_parameter = vae.decoder.likelihood.parameter_shapes()
    sizes = [shapes.size_of(of_parameter[name]) for name in names]
    return dict(zip(names, np.split(values, np.cumsum(sizes)[:-1], axis=1), strict=True))


def _added(
    vae: "VAE", constants: dict[str, np.ndarray], names: list[str], added: np.ndarray
) -> dict[str, np.ndarray]:
    """Returns all parameters, some with what is added in every row, `[N, P]`: `[N, *shape]`."""
    of_names = _split(vae, names, added)
    parameters = {}
    for name, shape in vae.decoder.likelihood.parameter_shapes().items():
        whole = np.broadcast_to(constants[name], [len(added), *shape])
        more = of_names.get(name)
        parameters[name] = whole if more is None else whole + more.reshape(whole.shape)
    return parameters


def _scored(
    vae: "VAE",
    rows: Rows,
    constants: dict[str, np.ndarray],
    names: list[str],
    added: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns log p(x|η) of rows, `[N]`, and its derivatives by some parameters, `[N, P]`.

    Args:
      vae: The model, whose heads are zero.
      rows: The rows.
      constants: η, by the name of the parameter.
      names: The parameters of the derivatives.
      added: What is added to them in every row, `[N, P]`, or None.
    """
    decoder = vae.decoder
    likelihood = decoder.likelihood
    count, dtype = len(rows.x), likelihood.variable_dtype
    if added is None:
        added = np.zeros([count, rows.encoded.shape[1]])
    parameters = {
        name: tf.constant(value, dtype)
        for name, value in _added(vae, constants, names, added).items()
    }
    x = tf.convert_to_tensor(rows.x)
    seen = None if rows.observed is None else tf.convert_to_tensor(rows.observed)
    exposure = None if rows.exposure is None else tf.convert_to_tensor(rows.exposure)
    known = likelihood.known_of(x, seen, exposure)
    given = {} if known is None else {"known": known}
    # The heads are zero, whatever the features.
    z = tf.zeros([1, int(decoder.latent_size or 0)], decoder.compute_dtype)
    features = tf.repeat(decoder.trunk(z), count, axis=0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        of_names = [parameters[name] for name in names]
        tape.watch(of_names)
        distribution = likelihood(features, added=parameters, **given)
        if seen is not None:
            distribution = likelihood.of_observed(distribution, seen)
        log_prob = distribution.log_prob(x)
    gradients = [each.numpy().reshape(count, -1) for each in tape.gradient(log_prob, of_names)]
    scores = np.concatenate(gradients, axis=1).astype(np.float64)
    return log_prob.numpy().astype(np.float64), np.where(np.isfinite(scores), scores, 0.0)


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, _ROWS_AT_ONCE):
        yield slice(start, start + _ROWS_AT_ONCE)


def _divided(value: float | np.ndarray, by: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """Returns the quotient, and another number where there is hardly a divisor."""
    some = by > 1e-12
    quotient: np.ndarray = np.where(some, value / np.where(some, by, 1.0), otherwise)
    return quotient
