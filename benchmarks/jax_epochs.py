"""Trains the networks of `benchmarks.by_hand_jax`, an epoch at a time.

An epoch is one compiled function, or where rows are images, a loop of compiled steps.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import by_hand_jax

VERSION = jax.__version__
KINDS = by_hand_jax.KINDS
RATE, DECAYS, EPSILON = 1e-3, (0.9, 0.999), 1e-7


class State(NamedTuple):
    """Weights, and what Adam keeps of their gradients."""

    step: jax.Array
    weights: Any
    means: Any
    squares: Any


Stepped = tuple[State, jax.Array]
Step = Callable[[State, jax.Array, jax.Array, jax.Array], Stepped]
Train = Callable[[State, jax.Array, jax.Array], Stepped]


def adam(state: State, gradients: Any) -> State:
    """Takes a step of Adam as Keras does (Kingma & Ba 2015, the end of section 2)."""
    step = state.step + 1
    means = _decayed(state.means, gradients, DECAYS[0])
    squares = _decayed(state.squares, jax.tree.map(jnp.square, gradients), DECAYS[1])
    rate = RATE * jnp.sqrt(1.0 - DECAYS[1] ** step) / (1.0 - DECAYS[0] ** step)
    weights = jax.tree.map(
        lambda weight, mean, square: weight - rate * mean / (jnp.sqrt(square) + EPSILON),
        *(state.weights, means, squares),
    )
    return State(step, weights, means, squares)


def _decayed(kept: Any, new: Any, decay: float) -> Any:
    return jax.tree.map(lambda old, value: decay * old + (1.0 - decay) * value, kept, new)


def first_weights(shapes: Any, key: jax.Array) -> Any:
    """Draws weights of the shapes: kernels are Glorot uniform and biases zeros."""
    leaves, tree = jax.tree.flatten(shapes)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(tree, list(map(_first, leaves, keys)))


def epochs(kind: str, x: np.ndarray, batch_size: int) -> tuple[Callable[[], float], int]:
    """Makes a model of a kind, and what trains it.

    Args:
      kind: One of `KINDS`.
      x: The rows, channels last.
      batch_size: A divisor of their number.

    Returns:
      A function that trains for an epoch and returns its mean loss, in nats, and the number of
      trainable weights.
    """
    shapes, loss = KINDS[kind]
    rows = jnp.asarray(x)

    def step(state: State, rows: jax.Array, order: jax.Array, key: jax.Array) -> Stepped:
        keys = iter(jax.random.split(key))

        def mean_loss(weights: Any) -> jax.Array:
            batch = rows[order]
            return loss(weights, batch, lambda shape: jax.random.normal(next(keys), shape)).mean()

        value, gradients = jax.value_and_grad(mean_loss)(state.weights)
        return adam(state, gradients), value

    train = (_by_steps if x.ndim == 4 else _at_once)(step, batch_size)
    key, first_key = jax.random.split(jax.random.key(0))
    weights = first_weights(shapes, first_key)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = State(jnp.zeros([]), weights, zeros, zeros)

    def epoch() -> float:
        nonlocal state, key
        key, epoch_key = jax.random.split(key)
        state, losses = train(state, rows, epoch_key)
        return float(losses.mean())

    return epoch, sum(each.size for each in jax.tree.leaves(weights))


def _at_once(step: Step, batch_size: int) -> Train:
    """Compiles an epoch."""

    @jax.jit
    def train(state: State, rows: jax.Array, key: jax.Array) -> Stepped:
        batches = _batches(key, len(rows), batch_size)
        return jax.lax.scan(lambda state, batch: step(state, rows, *batch), state, batches)

    return train


def _by_steps(step: Step, batch_size: int) -> Train:
    """Compiles a step: on a processor, convolutions are slow inside a compiled loop."""
    compiled = jax.jit(step)

    def train(state: State, rows: jax.Array, key: jax.Array) -> Stepped:
        losses = []
        for order, noise_key in zip(*_batches(key, len(rows), batch_size), strict=True):
            state, loss = compiled(state, rows, order, noise_key)
            losses.append(loss)
        return state, jnp.stack(losses)

    return train


def _batches(key: jax.Array, rows: int, batch_size: int) -> tuple[jax.Array, jax.Array]:
    """Returns the rows of each batch of an epoch, and its key for noise."""
    order_key, noise_key = jax.random.split(key)
    order = jax.random.permutation(order_key, rows).reshape(-1, batch_size)
    return order, jax.random.split(noise_key, len(order))


def _first(shape: by_hand_jax.Layer | by_hand_jax.Uniform, key: jax.Array) -> Any:
    if isinstance(shape, by_hand_jax.Uniform):
        return jax.random.uniform(key, shape.shape, minval=-0.05, maxval=0.05)
    *receptive, inputs, outputs = shape.kernel
    limit = math.sqrt(6.0 / (math.prod(receptive) * (inputs + outputs)))
    kernel = jax.random.uniform(key, shape.kernel, minval=-limit, maxval=limit)
    return kernel, jnp.zeros(shape.bias)
