"""Central differences, densities by change of variables, and grids for numerical integrals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.testing.normals import diagonal_normal


def finite_differences(
    function: Callable[[], Any], variable: tf.Variable, step: float = 1e-5
) -> np.ndarray:
    """Returns the derivatives of a scalar with respect to every entry of a variable.

    Args:
      function: Returns the scalar at the present value of the variable. If it draws, it must take
        the same seed at every call.
      variable: A float64 variable; its value is restored.
      step: The step of the central difference.

    Returns:
      An array of the variable's shape, with an error of order `step` squared.

    Example:
      >>> weight = tf.Variable(np.array([1.0, 2.0]))
      >>> tfp_vae.testing.finite_differences(lambda: tf.reduce_sum(weight**2), weight).round(6)
      array([2., 4.])
    """
    value = np.array(variable)
    derivatives = np.empty_like(value)
    try:
        for index in np.ndindex(value.shape):
            sides = []
            for sign in (1.0, -1.0):
                moved = value.copy()
                moved[index] += sign * step
                variable.assign(moved)
                sides.append(float(function()))
            derivatives[index] = (sides[0] - sides[1]) / (2 * step)
    finally:
        variable.assign(value)
    return derivatives


def numerical_log_density(
    forward: Callable[[np.ndarray], np.ndarray], noise: np.ndarray, step: float = 1e-5
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the output of a flow for standard normal noise, and its log density.

    By the change of variables, `log N(u) - log |det dx/du|`, with a Jacobian of central
    differences: the oracle of the `log_prob` of your own flow.

    Args:
      forward: From noise to x, row by row.
      noise: u, in float64, `[N, L]`.
      step: The step of the central difference.

    Returns:
      x, `[N, L]`, and log p(x) in nats, `[N]`.

    Source: Rezende & Mohamed (2015), equation 5.

    Example:
      >>> u = np.random.default_rng(0).normal(size=[3, 2])
      >>> x, log_density = tfp_vae.testing.numerical_log_density(np.exp, u)
      >>> by_formula = tfd.Sample(tfd.LogNormal(np.float64(0.0), np.float64(1.0)), 2).log_prob(x)
      >>> bool(np.allclose(log_density, by_formula))
      True
    """
    size = noise.shape[-1]
    columns = [(forward(noise + s) - forward(noise - s)) / (2 * step) for s in step * np.eye(size)]
    _, log_determinant = np.linalg.slogdet(np.stack(columns, axis=-1))
    standard = diagonal_normal(np.zeros(size), np.ones(size))
    return forward(noise), standard.log_prob(noise).numpy() - log_determinant


def plane_grid(lower: float, upper: float, count: int = 401) -> tuple[np.ndarray, float]:
    """Returns the points of a square grid in the plane, and the area of a cell.

    The sum of a density of two latents over the points, times the area, is 1 if the square holds
    all of its mass; moments are computed alike, without sampling.

    Args:
      lower: The minimum of either coordinate.
      upper: The maximum of either coordinate.
      count: The number of values of each coordinate.

    Returns:
      The points, `[count**2, 2]`, and the area.

    Example:
      >>> points, area = tfp_vae.testing.plane_grid(-8.0, 8.0)
      >>> normal = tfp_vae.testing.diagonal_normal(np.zeros(2), np.ones(2))
      >>> round(float(area * np.exp(normal.log_prob(points)).sum()), 6)
      1.0
    """
    axis = np.linspace(lower, upper, count)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape([-1, 2])
    return points, float(axis[1] - axis[0]) ** 2
