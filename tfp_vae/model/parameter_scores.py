"""Scores of the parameters that begin linear in the latents, the derivatives of log p(x)."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import likelihoods, shapes

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ROWS_AT_ONCE = 1000


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


def linear_parameters(likelihood: likelihoods.Likelihood) -> list[str]:
    """Returns the parameters that are locations or that means increase with, in their order."""
    linear = {*likelihood.locations(), *likelihood.mean_parameters()}
    return [name for name in likelihood.parameter_shapes() if name in linear]


def scores_at(
    vae: "VAE", rows: Rows, constants: dict[str, np.ndarray], names: list[str]
) -> np.ndarray:
    """Returns the derivatives of log p(x|η) by some parameters at constants, `[N, P]`."""
    parts = []
    for start in range(0, len(rows.x), _ROWS_AT_ONCE):
        some = rows.some(slice(start, start + _ROWS_AT_ONCE))
        parts.append(log_prob_and_scores(vae, some, constants, names)[1])
    return np.concatenate(parts)


def log_prob_and_scores(
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
        for name, value in parameters_with(vae, constants, names, added).items()
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


def split(vae: "VAE", names: list[str], values: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the values `[K, P]` of all parameters as those of each, `[K, size]`."""
    of_parameter = vae.decoder.likelihood.parameter_shapes()
    sizes = [shapes.size_of(of_parameter[name]) for name in names]
    return dict(zip(names, np.split(values, np.cumsum(sizes)[:-1], axis=1), strict=True))


def parameters_with(
    vae: "VAE", constants: dict[str, np.ndarray], names: list[str], added: np.ndarray
) -> dict[str, np.ndarray]:
    """Returns all parameters, some with what is added in every row, `[N, P]`: `[N, *shape]`."""
    of_names = split(vae, names, added)
    parameters = {}
    for name, shape in vae.decoder.likelihood.parameter_shapes().items():
        whole = np.broadcast_to(constants[name], [len(added), *shape])
        more = of_names.get(name)
        parameters[name] = whole if more is None else whole + more.reshape(whole.shape)
    return parameters
