"""Masked networks: what an output depends on, by its derivatives."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_probability import bijectors as tfb

from tests.support import flow_properties
from tfp_vae import networks
from tfp_vae.testing import with_random_weights

pytestmark = pytest.mark.usefixtures("float64")

orders = st.one_of(
    st.sampled_from(["left_to_right", "right_to_left"]),
    st.integers(1, 6).flatmap(lambda size: st.permutations(range(size))),
)


@pytest.mark.nightly
@settings(max_examples=12)
@given(st.data(), orders, st.lists(st.integers(1, 9), max_size=3), st.integers(0, 3))
def test_an_output_sees_the_inputs_before_it_and_the_context(data, order, units, context_size):
    size = data.draw(st.integers(1, 6)) if isinstance(order, str) else len(order)
    flow_properties.check_autoregressive(order, size, units, context_size)


@settings(max_examples=10)
@given(st.integers(1, 4), st.integers(0, 2))
def test_a_network_without_hidden_layers_is_linear(size, context_size):
    network = networks.MADE(1, [])
    network.build((None, size), (None, context_size) if context_size else None)
    with_random_weights(network)
    rng = np.random.default_rng(2)
    x, context = rng.normal(size=[5, size]), rng.normal(size=[5, context_size])
    kernel, bias, *context_kernel = network.get_weights()
    # Column i of the kernel is what output i sees: the rows above i.
    expected = x @ np.triu(kernel, 1) + bias
    if context_size:
        expected += context @ context_kernel[0]
    found = network(x, context if context_size else None)[..., 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_context_broadcasts_over_leading_axes():
    network = networks.MADE(2, [7], activation="tanh")
    network.build((None, 3), (None, 4))
    with_random_weights(network)
    rng = np.random.default_rng(3)
    inputs, context = rng.normal(size=[2, 5, 3]), rng.normal(size=[5, 4])
    together = network(inputs, context)
    assert together.shape == [2, 5, 3, 2]
    for sample in range(2):
        np.testing.assert_allclose(together[sample], network(inputs[sample], context), rtol=1e-12)


def test_equal_arguments_make_equal_networks():
    network = networks.MADE(2, [5, 4], activation="elu", order=[2, 0, 1])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
    for copy in (network, again):
        copy.build((None, 3))
    again.set_weights(with_random_weights(network).get_weights())
    x = np.random.default_rng(4).normal(size=[6, 3])
    np.testing.assert_array_equal(network(x), again(x))


def test_a_network_is_saved_with_the_model_it_is_in(tmp_path):
    inputs = [keras.Input([3]), keras.Input([2])]
    network = networks.MADE(2, [5])
    model = keras.Model(inputs, network(*inputs))
    with_random_weights(network)
    model.save(tmp_path / "made.keras")
    loaded = keras.models.load_model(tmp_path / "made.keras")
    x = [np.ones([2, 3]), np.ones([2, 2])]
    np.testing.assert_array_equal(model(x), loaded(x))


def test_it_is_a_network_for_the_flow_of_tensorflow_probability():
    network = networks.MADE(2, [8], activation="tanh")
    network.build((None, 3))
    with_random_weights(network)
    flow = tfb.MaskedAutoregressiveFlow(network)
    u = np.random.default_rng(5).normal(size=[4, 3])
    # An equal tensor, not the same, as the flow remembers what it computed.
    np.testing.assert_allclose(flow.inverse(tf.identity(flow.forward(u))), u, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: networks.MADE(0, [4]), ValueError, "`parameters` must be a positive int"),
        (lambda: networks.MADE(2, 4), TypeError, "`units` must be a list"),
        (lambda: networks.MADE(2, [4.0]), TypeError, "`units` must be a positive int"),
        (lambda: networks.MADE(2, [4], order="left-to-right"), ValueError, "Did you mean"),
        (lambda: networks.MADE(2, [4], order=[0, 2]), ValueError, "`order` must be"),
        (lambda: networks.MADE(2, [4], order=3), ValueError, "`order` must be"),
        (lambda: networks.MADE(2, [4], order=np.array(3)), ValueError, "`order` must be"),
        (
            lambda: networks.MADE(2, [4], order=[0, 1])(np.zeros([1, 3])),
            ValueError,
            "position for each of the 3 inputs; got 2 positions",
        ),
        (lambda: networks.MADE(2, [4]).build((None, None)), ValueError, "a known last axis"),
        (lambda: networks.MaskedDense([0.5], [1]), TypeError, "`input_degrees` must be a list"),
        (lambda: networks.MaskedDense([1], 2), TypeError, "`degrees` must be a list"),
        (
            lambda: networks.MaskedDense([1, 2], [1])(np.zeros([1, 3])),
            ValueError,
            "as many features as `input_degrees`, 2; got 3",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_context_is_given_if_and_only_if_there_was_one():
    with_context, without = networks.MADE(1, [4]), networks.MADE(1, [4])
    with_context.build((None, 2), (None, 3))
    without.build((None, 2))
    with pytest.raises(TypeError, match="`context` must be a tensor"):
        with_context(np.zeros([1, 2]))
    with pytest.raises(TypeError, match="`context` must be None"):
        without(np.zeros([1, 2]), np.zeros([1, 3]))
