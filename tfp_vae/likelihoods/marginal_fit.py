"""The marginals of data under any likelihood, by numerical maximum likelihood."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae.likelihoods import marginal_statistics

if TYPE_CHECKING:
    from tfp_vae.likelihoods.base import Likelihood

_STEPS = 150
_LEARNING_RATE = 0.3
_DECAYS = (0.9, 0.99)
_MOST_VALUES, _LEAST_ROWS = 20_000, 50


class _State(NamedTuple):
    """Constants, the moments of their gradients, and the best constants so far."""

    step: tf.Tensor
    constants: Sequence[tf.Tensor]
    first: Sequence[tf.Tensor]
    second: Sequence[tf.Tensor]
    best: Sequence[tf.Tensor]
    best_loss: tf.Tensor


def fitted_constants(
    likelihood: "Likelihood", x: np.ndarray, observed: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Returns the constant network outputs under which rows are most probable.

    By 150 steps of Adam with a decaying step size, from outputs of zero to at most about
    20: Kingma & Ba (2015), "Adam: a method for stochastic optimization". The constants are the best
    of all steps with a finite log-probability; zeros where there is none.

    Args:
      likelihood: The likelihood.
      x: Rows, `[N, *event]`; where there are many, a regular subset is used.
      observed: A boolean array of the same shape, false where a value is missing, or None.

    Returns:
      A constant for every parameter, of its shape for one row.
    """
    x, observed = marginal_statistics.thinned(x, observed, _MOST_VALUES, _LEAST_ROWS)
    dtype = likelihood.variable_dtype
    rows = tf.convert_to_tensor(x, dtype)
    seen = None if observed is None else tf.convert_to_tensor(observed)
    shapes = likelihood.parameter_shapes()

    def loss(constants: Sequence[tf.Tensor]) -> tf.Tensor:
        distribution = likelihood.distribution(**dict(zip(shapes, constants, strict=True)))
        if seen is not None:
            distribution = likelihood.of_observed(distribution, seen)
        return -tf.reduce_mean(distribution.log_prob(rows))

    def advanced(*state: tf.Tensor) -> _State:
        now = _State(*state)
        with tf.GradientTape() as tape:
            tape.watch(now.constants)
            value = loss(now.constants)
        gradients = [
            tf.where(tf.math.is_finite(each), each, tf.zeros_like(each))
            for each in tape.gradient(value, now.constants, unconnected_gradients="zero")
        ]
        return _adam_step(now, value, gradients)

    @tf.function(autograph=False)
    def fitted() -> Sequence[tf.Tensor]:
        zeros = [tf.zeros([1, *shape], dtype) for shape in shapes.values()]
        start = _State(tf.constant(0), zeros, zeros, zeros, zeros, tf.constant(np.inf, dtype))
        end = tf.while_loop(lambda *state: _State(*state).step < _STEPS, advanced, start)
        return _State(*end).best

    return {name: each.numpy()[0] for name, each in zip(shapes, fitted(), strict=True)}


def _adam_step(now: _State, value: tf.Tensor, gradients: Sequence[tf.Tensor]) -> _State:
    """Returns the state after a step, given loss and gradients at the present constants."""
    better = value < now.best_loss
    step = now.step + 1
    time = tf.cast(step, value.dtype)
    of_first, of_second = _DECAYS
    first = [
        of_first * old + (1.0 - of_first) * each
        for old, each in zip(now.first, gradients, strict=True)
    ]
    second = [
        of_second * old + (1.0 - of_second) * each**2
        for old, each in zip(now.second, gradients, strict=True)
    ]
    rate = _LEARNING_RATE * (1.0 - time / (_STEPS + 1.0))
    rate *= tf.sqrt(1.0 - of_second**time) / (1.0 - of_first**time)
    constants = [
        each - rate * mean / (tf.sqrt(square) + 1e-12)
        for each, mean, square in zip(now.constants, first, second, strict=True)
    ]
    best = [tf.where(better, each, old) for each, old in zip(now.constants, now.best, strict=True)]
    return _State(
        step,
        constants,
        first,
        second,
        best,
        tf.where(better, value, now.best_loss),
    )
