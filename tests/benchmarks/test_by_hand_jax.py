"""A network in JAX is that in Keras: with its weights and noise it has the same bound."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import architectures
from tests.support.by_hand_models import built, noise

jax = pytest.importorskip("jax", reason="the extra `frameworks` is not installed")

from benchmarks import by_hand_jax, jax_epochs  # noqa: E402

B = 4


def layer_of(layer, values):
    return tuple(values[id(each)] for each in layer.trainable_weights)


def converted(parts, values):
    """Returns the values of a Keras model's weights as the tree of weights in JAX."""
    tree = {}
    for name, part in parts.items():
        head, _, half = name.partition("_")
        if name == "pseudo_inputs":
            tree[name] = values[id(part)]
        elif isinstance(part, keras.Sequential):
            layers = [layer for layer in part.layers if layer.trainable_weights]
            tree[name] = [layer_of(layer, values) for layer in layers]
        elif half:
            tree.setdefault(head, {})[half] = layer_of(part, values)
        else:
            tree[name] = layer_of(part, values)
    return tree


def test_the_networks_are_among_those_of_the_benchmark():
    assert set(jax_epochs.KINDS) < set(architectures.KINDS)


@pytest.mark.parametrize("kind", by_hand_jax.KINDS)
def test_equal_weights_and_noise_give_an_equal_bound_and_gradient(kind):
    ours = built(kind)
    rng = np.random.default_rng(0)
    values = {}
    for weights in ours.trainable_weights:
        # Of no layer are the biases zeros now.
        values[id(weights)] = rng.normal(0.0, 0.1, weights.shape).astype("float32")
        weights.assign(values[id(weights)])
    x = rng.integers(0, 2, [B, *architectures.KINDS[kind][0]]).astype("float32")
    with tf.GradientTape() as tape:
        expected = ours.hand_written(ours.parts, x, noise(tf.convert_to_tensor))
    gradients = tape.gradient(expected, ours.trainable_weights)

    _, loss = jax_epochs.KINDS[kind]
    weights = converted(ours.parts, values)
    found, back = jax.vjp(lambda weights: loss(weights, x, noise(jax.numpy.asarray)), weights)
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    (theirs,) = back(jax.numpy.ones_like(found))
    by_weight = {
        id(weights): gradient.numpy()
        for weights, gradient in zip(ours.trainable_weights, gradients, strict=True)
    }
    pairs = jax.tree.map(
        lambda one, other: np.linalg.norm(one - other) / np.linalg.norm(other),
        *(theirs, converted(ours.parts, by_weight)),
    )
    assert max(jax.tree.leaves(pairs)) < 1e-4


@pytest.mark.parametrize("kind", by_hand_jax.KINDS)
def test_the_first_weights_are_spread_alike(kind):
    ours = built(kind)
    values = {id(weights): weights.numpy() for weights in ours.trainable_weights}
    shapes, _ = jax_epochs.KINDS[kind]
    first = jax_epochs.first_weights(shapes, jax.random.key(0))

    def check(found, expected):
        assert found.shape == expected.shape
        # Of 32 uniform numbers or more, from fixed seeds; biases are zeros.
        assert np.square(found).mean() == pytest.approx(np.square(expected).mean(), rel=0.5)

    jax.tree.map(check, first, converted(ours.parts, values))


def test_steps_are_those_of_adam_in_keras():
    rng = np.random.default_rng(0)
    start = rng.normal(size=5).astype("float32")
    variable = keras.Variable(start)
    optimizer = keras.optimizers.Adam(1e-3)
    zeros = jax.numpy.zeros(5)
    state = jax_epochs.State(jax.numpy.zeros([]), jax.numpy.asarray(start), zeros, zeros)
    for _ in range(5):
        # One is so small that epsilon counts.
        gradient = rng.normal(size=5).astype("float32") * [1.0, 10.0, 1e-3, 1e-6, 0.0]
        optimizer.apply_gradients([(tf.constant(gradient, "float32"), variable)])
        state = jax_epochs.adam(state, jax.numpy.asarray(gradient, "float32"))
    np.testing.assert_allclose(state.weights, variable.numpy(), rtol=1e-6)
    assert np.abs(state.weights - start)[:3].min() > 1e-4


def test_an_epoch_trains_and_counts_the_weights():
    x = architectures.drawn_shapes((784,))[:300]
    epoch, size = jax_epochs.epochs("dense", x, 50)
    losses = [epoch() for _ in range(3)]
    assert size == sum(np.prod(each.shape) for each in built("dense").trainable_weights)
    assert losses[0] > losses[1] > losses[2]


@pytest.mark.parametrize("shape", [(784,), (28, 28, 1)])
def test_the_loss_of_an_epoch_is_the_mean_of_its_rows(monkeypatch, shape):
    x = architectures.drawn_shapes(shape)[:100]

    def means(weights, rows, draw):
        return rows.reshape(len(rows), -1).mean(-1) + 0.0 * weights.sum()

    monkeypatch.setattr(jax_epochs, "KINDS", {"means": (by_hand_jax.Uniform((7,)), means)})
    epoch, size = jax_epochs.epochs("means", x, 20)
    assert size == 7
    assert epoch() == pytest.approx(x.mean(), rel=1e-5)
