"""The marginals of data under any likelihood, by numerical maximum likelihood."""

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from tfp_vae.likelihoods.base import Likelihood

_STEPS = 500
_LEARNING_RATE = 0.05
_MOST_ROWS = 1000


def fitted_constants(
    likelihood: "Likelihood", x: np.ndarray, observed: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Returns the constant network outputs under which rows are most probable.

    Args:
      likelihood: The likelihood.
      x: Rows, `[N, *event]`; at most a thousand of them are used.
      observed: A boolean array of the same shape, false where a value is missing, or None.

    Returns:
      A constant for every parameter, of its shape for one row.
    """
    places = np.linspace(0, len(x) - 1, min(len(x), _MOST_ROWS)).astype(int)
    rows = tf.convert_to_tensor(x[places], likelihood.variable_dtype)
    seen = None if observed is None else tf.convert_to_tensor(observed[places])
    constants = {
        name: keras.Variable(np.zeros([1, *shape]), dtype=likelihood.variable_dtype)
        for name, shape in likelihood.parameter_shapes().items()
    }
    optimizer = keras.optimizers.Adam(_LEARNING_RATE)

    def loss() -> tf.Tensor:
        values = {name: tf.convert_to_tensor(each) for name, each in constants.items()}
        distribution = likelihood.distribution(**values)
        if seen is not None:
            distribution = likelihood.of_observed(distribution, seen)
        return -tf.reduce_mean(distribution.log_prob(rows))

    variables = list(constants.values())
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, variables)
        optimizer.apply(
            [
                tf.zeros_like(each) if slope is None else slope
                for slope, each in zip(gradients, variables, strict=True)
            ],
            variables,
        )

    for _ in range(_STEPS):
        step()
    return {name: each.numpy()[0] for name, each in constants.items()}
