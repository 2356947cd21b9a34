"""Exponential-family factor analysis, where a model of logits, or of log means, begins."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tfp_vae import factor_analysis, likelihoods, shapes
from tfp_vae.model import parameter_scores

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ITERATIONS = 20
_ITERATIONS_OF_COLUMNS = 1000
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


class _Model(NamedTuple):
    """A linear decoder: every parameter, a constant and its loadings times z.

    Attributes:
      constants: The constants, by name.
      loadings: The loadings W of the linear parameters, `[P, L]`.
      information: The information on a parameter given z, `[P]`.
      slope: By how much the score of a parameter grows with the encoded value, `[P]`.
    """

    constants: dict[str, np.ndarray]
    loadings: np.ndarray
    information: np.ndarray
    slope: np.ndarray

    def damped(self, damping: np.ndarray) -> "_Model":
        """Returns the model with its loadings times numbers `[P]`, rotated for them."""
        loadings = self.loadings * damping[:, None]
        noise = _divided(1.0, self.information, otherwise=1.0)
        return self._replace(loadings=factor_analysis.rotated(loadings, noise))

    def shifted(self, vae: "VAE", names: list[str], shift: np.ndarray) -> "_Model":
        """Returns the model with constants that are larger by `[P]`."""
        moved = parameter_scores.parameters_with(vae, self.constants, names, shift[None])
        return self._replace(constants={name: value[0] for name, value in moved.items()})

    def posterior(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the weights of centred encoded values, `[P, L]`, and the deviations, `[L]`."""
        precision = 1.0 + np.sum(self.loadings**2 * self.information[:, None], axis=0)
        return self.slope[:, None] * self.loadings / precision, 1.0 / np.sqrt(precision)


def fit(
    vae: "VAE",
    rows: parameter_scores.Rows,
    constants: dict[str, np.ndarray],
    located: factor_analysis.LinearModel | None,
    begin: Callable[
        [factor_analysis.LinearModel], tuple[dict[str, np.ndarray], factor_analysis.LinearModel]
    ],
) -> Beginning | None:
    """Finds where a model begins whose decoder is at the marginals of the data.

    At a parameter η of the marginals, with score s = d log p(x|η) / dη, a step W z of η gives s the
    mean F W z to first order, F its variance given z. So factor analysis of the scores, s = A z +
    noise of variance F, has W = F⁻¹A, and the posterior mean of z is (I + WᵀFW)⁻¹ Wᵀs. For a
    canonical η, of which s = x - E[x], A = E[F(z)] W is exact (Stein's lemma). Values with a
    location stand beside the scores as they are: their W is A. No latent moves a parameter without
    location far, and all of these are damped to tW, with the posterior of tW; that of the largest
    ELBO on at most 1,000 rows is kept.

    Args:
      vae: The model, whose heads are zero.
      rows: The rows, of as many encoded values as there are parameters, in the same order.
      constants: What is added to the parameters at the marginals, by name.
      located: Factor analysis of the values with a location, where some have one.
      begin: Sets the likelihood to scales of the noise about locations; returns the constants, and
        the model with the scales that the likelihood has.

    Returns:
      The beginning, for the scales that `begin` has set last; or None if none has a larger ELBO
      than the marginals with factor analysis of the values with a location.

    Source: Collins, Dasgupta & Schapire (2001), "A generalization of principal component analysis
    to the exponential family", for the model.
    """
    names = parameter_scores.linear_parameters(vae.decoder.likelihood)
    places = _places_of_locations(vae.decoder.likelihood, names)
    scores = parameter_scores.scores_at(vae, rows, constants, names)
    analysis = _analysis(vae, rows, scores, places)
    variance = analysis.noise + np.sum(analysis.loadings**2, axis=1)
    left = np.maximum(analysis.noise, _LEAST_NOISE * variance)
    loadings = _divided(analysis.loadings, left[:, None])
    length = np.sqrt(np.sum(loadings**2, axis=1, keepdims=True))
    loadings = loadings * np.minimum(1.0, _divided(_LARGEST_LOADING, length, otherwise=1.0))
    model = _Model(constants, loadings, left, _slopes(scores, rows.encoded))
    trials = _Trials(vae, rows, names, scores)
    is_location = places >= 0
    if located is not None:
        model = _with_locations(vae, model, rows, places, located.analysis)
    best, highest = None, trials.elbo(model.damped(np.where(is_location, 1.0, 0.0)))[0]
    if located is not None:
        joint = located._replace(analysis=analysis.of_columns(is_location))
        constants, joint = begin(joint)
        model = model._replace(constants=constants)
        model = _with_locations(vae, model, rows, places, joint.analysis)
    for damping in _DAMPING:
        damped = model.damped(np.where(is_location, 1.0, damping))
        for _ in range(_SHIFTS):
            elbo, change = trials.elbo(damped)
            if elbo > highest:
                best, highest = damped, elbo
            step = np.clip(_divided(change, variance), -0.5, 0.5)
            damped = damped.shifted(vae, names, np.where(is_location, 0.0, step))
    if best is None:
        return None
    weights, stddev = best.posterior()
    centre = rows.encoded.mean(axis=0)
    kernels = parameter_scores.split(vae, names, best.loadings.T)
    return Beginning(best.constants, kernels, weights, -centre @ weights, stddev)


class _Trials:
    """Rows on which linear decoders are tried, with the same draws of the latents for each."""

    def __init__(
        self, vae: "VAE", rows: parameter_scores.Rows, names: list[str], scores: np.ndarray
    ) -> None:
        generator = np.random.default_rng(0)
        some = generator.permutation(len(rows.x))[:_ROWS_AT_ONCE]
        self.vae, self.names = vae, names
        self.rows, self.scores = rows.some(some), scores[some]
        self.encoded = self.rows.encoded - rows.encoded.mean(axis=0)
        self.noise = generator.normal(size=[len(some), vae.encoder.posterior.latent_size])

    def elbo(self, model: _Model) -> tuple[float, np.ndarray]:
        """Returns the mean ELBO, and by how much the mean scores have grown, `[P]`."""
        weights, stddev = model.posterior()
        mean = self.encoded @ weights
        divergence = 0.5 * np.sum(mean**2 + stddev**2 - 1.0 - 2.0 * np.log(stddev), axis=1)
        added = (mean + stddev * self.noise) @ model.loadings.T
        log_prob, found = parameter_scores.log_prob_and_scores(
            self.vae, self.rows, model.constants, self.names, added
        )
        return float(np.mean(log_prob - divergence)), np.mean(found - self.scores, axis=0)


def _places_of_locations(likelihood: likelihoods.Likelihood, names: list[str]) -> np.ndarray:
    """Returns the index in a row of the value of every location, and -1 of another parameter."""
    of_parameter, locations = likelihood.parameter_shapes(), likelihood.locations()
    return np.concatenate(
        [locations.get(name, np.full(shapes.size_of(of_parameter[name]), -1)) for name in names]
    )


def _analysis(
    vae: "VAE", rows: parameter_scores.Rows, scores: np.ndarray, places: np.ndarray
) -> factor_analysis.FactorAnalysis:
    """Fits factor analysis to the values that have a location and to the scores of the others."""
    latents, likelihood = vae.encoder.posterior.latent_size, vae.decoder.likelihood
    located = places >= 0
    if not located.any():
        return factor_analysis.fit(scores, latents, most_iterations=_ITERATIONS)
    own = places[located]
    values, observed = scores.copy(), np.ones(scores.shape, bool)
    values[:, located] = rows.x[:, own]
    if rows.observed is not None:
        observed[:, located] = rows.observed[:, own]
    groups, fixed = np.arange(len(places)) + rows.x.shape[1] ** 2, np.full(len(places), np.nan)
    groups[located] = likelihood.noise_groups()[own]
    fixed[located] = likelihood.noise_scale()[own]
    return factor_analysis.fit(values, latents, observed, groups, fixed)


def _with_locations(
    vae: "VAE",
    model: _Model,
    rows: parameter_scores.Rows,
    places: np.ndarray,
    analysis: factor_analysis.FactorAnalysis,
) -> _Model:
    """Returns a model with the factor analysis of the values that have a location."""
    located = places >= 0
    own = places[located]
    unit = vae.decoder.likelihood.location_unit()[own]
    loadings, information, slope = (each.copy() for each in model[1:])
    loadings[located] = analysis.loadings / unit[:, None]
    information[located] = unit**2 / analysis.noise
    values = rows.x[:, own]
    if rows.observed is not None:
        values = np.where(rows.observed[:, own], values, analysis.mean)
    slope[located] = _slopes(values * unit / analysis.noise, rows.encoded[:, located])
    return _Model(model.constants, loadings, information, slope)


def _slopes(scores: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    """Returns by how much a score grows with the encoded value of the same place, `[P]`."""
    centred = encoded - encoded.mean(axis=0)
    product, square = np.mean(scores * centred, axis=0), np.mean(centred**2, axis=0)
    return _divided(product, square)


def _divided(value: float | np.ndarray, by: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """Returns the quotient, and another number where there is hardly a divisor."""
    some = by > 1e-12
    quotient: np.ndarray = np.where(some, value / np.where(some, by, 1.0), otherwise)
    return quotient
