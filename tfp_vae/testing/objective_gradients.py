"""Gradients of an objective, one copy of every parameter for each row.

Their mean over the rows is compared by z-scores, so that an estimator can be tested for bias.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.objectives import Objective, ObjectiveTerms
from tfp_vae.testing.linear_gaussian import LinearGaussian
from tfp_vae.testing.normals import diagonal_normal

PRIOR_LOC, PRIOR_SCALE = 0.2, 1.3
"""The prior of `gradients` unless `exact`."""

DRAWS = 4000
"""The number of rows by default, enough for z-scores."""


class Gradients(NamedTuple):
    """The terms of an objective for N copies of one x, and its gradients for every copy.

    Attributes:
      terms: The terms, `[N]` each, in nats.
      z: The draws, `[S, N, L]`.
      encoder: The gradient with respect to the posterior's loc and scale, `[N, 2, L]`.
      decoder: The gradient with respect to the decoder's weights, `[N, D, L]`.
      prior: The gradient with respect to the prior's loc, `[N, L]`.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn(latent_size=2)
      >>> found = objective_properties.gradients(objectives.IWAE(3), model, count=5)
      >>> found.z.shape, found.encoder.shape
      ((3, 5, 2), (5, 2, 2))
    """

    terms: ObjectiveTerms
    z: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray
    prior: np.ndarray


def gradients(
    objective: Objective,
    model: LinearGaussian,
    exact: bool = False,
    count: int = DRAWS,
    seed: int = 13,
) -> Gradients:
    """Differentiates an objective with respect to parameters of which every row has a copy.

    Args:
      objective: The objective.
      model: A linear-Gaussian model.
      exact: Whether the posterior is the exact one, and the prior that of the model. Otherwise the
        posterior is shifted by 0.3 and 1.4 times as wide, and the prior is N(0.2, 1.3²).
      count: The number N of rows.
      seed: The seed of the draws.

    Returns:
      `Gradients`.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn(event_size=4, latent_size=2)
      >>> objective_properties.gradients(objectives.ELBO(), model, count=5).decoder.shape
      (5, 4, 2)
    """
    row = model.draws(1)
    error = {} if exact else {"loc_shift": 0.3, "scale_factor": 1.4}
    mean, stddev = (moment[0] for moment in model.posterior_moments(row, **error))
    prior_mean = np.full(model.latent_size, 0.0 if exact else PRIOR_LOC)
    parameters = [
        tf.constant(np.repeat(value[None], count, axis=0))
        for value in (mean, stddev, model.weights, prior_mean)
    ]
    draws = []
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loc, scale, weights, prior_loc = parameters

        def likelihood_fn(z: tf.Tensor) -> tfd.Distribution:
            draws.append(z.numpy())
            return diagonal_normal(
                tf.linalg.matvec(weights, z) + model.offset, np.full(model.event_size, model.scale)
            )

        prior_scale = (1.0 if exact else PRIOR_SCALE) * tf.ones_like(prior_loc)
        terms = objective(
            np.repeat(row, count, axis=0),
            posterior=distributions.MultivariateNormalDiag(loc, scale),
            prior=diagonal_normal(prior_loc, prior_scale),
            likelihood_fn=likelihood_fn,
            seed=seed,
        )
        total = tf.reduce_sum(terms.objective)
    by_loc, by_scale, by_weights, by_prior_loc = (
        gradient.numpy() for gradient in tape.gradient(total, parameters)
    )
    encoder = np.stack([by_loc, by_scale], axis=1)
    return Gradients(terms, draws[0], encoder, by_weights, by_prior_loc)
