"""Networks of sequences: what follows the end of a row changes nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfp_vae import networks
from tfp_vae.networks.temporal_conv import CausalConv
from tfp_vae.networks.transformer import TransformerBlock

ENCODERS = {
    "gru": lambda: networks.recurrent([4, 3]),
    "lstm both ways": lambda: networks.recurrent([4, 3], "lstm", bidirectional=True),
    "temporal_conv": lambda: networks.temporal_conv([4, 4, 3]),
    "transformer": lambda: networks.transformer(4, blocks=2, heads=2),
}
DECODERS = {
    "recurrent": lambda steps: networks.recurrent_decoder([4, 3], [steps, 2]),
    "temporal_conv": lambda steps: networks.temporal_conv_decoder([4, 4, 3], [steps]),
    "transformer": lambda steps: networks.transformer_decoder(4, [steps, 2, 5], heads=2),
}


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=3)
@given(
    lengths=st.lists(st.integers(0, 6), min_size=2, max_size=4),
    more=st.integers(1, 20),
    seed=st.integers(0, 100),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_steps_beyond_the_end_change_no_bit(name, lengths, more, seed, dtype):
    rng = np.random.default_rng(seed)
    keras.config.set_dtype_policy(dtype)
    network = ENCODERS[name]()
    x = rng.normal(size=[len(lengths), 6 + more, 2]).astype(dtype)
    seen = np.broadcast_to((np.arange(6 + more) < np.c_[lengths])[..., None], x.shape)
    features = network(x, observed=seen).numpy()
    assert np.isfinite(features).all()
    for beyond in (np.nan, np.inf, 1e30):
        changed = network(np.where(seen, x, beyond).astype(dtype), observed=seen)
        np.testing.assert_array_equal(changed, features)
    shorter = network(x[:, :6], observed=seen[:, :6])
    if name == "transformer":
        # A product of matrices of another size may sum in another order.
        rtol = 1e-4 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(shorter, features, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(shorter, features)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_step_before_the_end_counts(name):
    network = ENCODERS[name]()
    x = np.random.default_rng(0).normal(size=[1, 4, 2]).astype("float32")
    seen = np.array([[[True, True], [False, True], [True, False], [False, False]]])
    gradient_of = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(gradient_of)
        total = tf.reduce_sum(network(gradient_of, observed=seen))
    gradient = np.abs(tape.gradient(total, gradient_of).numpy())
    assert (gradient[0, :3].max(axis=-1) > 0.0).all()
    assert (gradient[0, 3] == 0.0).all()


@pytest.mark.parametrize("name", DECODERS)
def test_a_step_of_a_decoder_does_not_depend_on_how_many_follow(name):
    short, long = DECODERS[name](3), DECODERS[name](9)
    z = np.random.default_rng(0).normal(size=[5, 2]).astype("float32")
    short.build([None, 2])
    long.build([None, 2])
    long.set_weights(short.get_weights())
    assert tuple(short(z).shape[:2]) == (5, 3)
    np.testing.assert_allclose(long(z)[:, :3], short(z), rtol=1e-5, atol=1e-6)
    assert len(np.unique(np.round(long(z)[0], 5), axis=0)) > 6, "steps are alike"


@pytest.mark.parametrize(
    "make", [*ENCODERS.values(), *(lambda f=f: f(6) for f in DECODERS.values())]
)
def test_a_network_saved_with_a_model_is_the_same(make, tmp_path):
    network = make()
    again = type(network).from_config(network.get_config())
    x = np.random.default_rng(0).normal(size=[3, 6, 2]).astype("float32")
    expected = network(x)
    again(x)
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(again(x), expected)


def test_a_convolution_over_time_is_that_of_keras():
    layer = CausalConv(3, kernel_size=2, dilation=3, activation=None)
    x = np.random.default_rng(0).normal(size=[2, 8, 5]).astype("float32")
    found = layer(x)
    kernel, bias = layer.dense.get_weights()
    expected = keras.layers.Conv1D(3, 2, padding="causal", dilation_rate=3)
    expected.build([None, 8, 5])
    expected.set_weights([kernel.reshape(2, 5, 3), bias])
    np.testing.assert_allclose(found, expected(x), rtol=1e-5, atol=1e-6)


def test_attention_is_that_of_keras():
    block = TransformerBlock(heads=2)
    x = np.random.default_rng(0).normal(size=[2, 5, 4]).astype("float32")
    mask = np.array([[True, True, True, False, False], [True] * 5])
    block(x)
    attention = keras.layers.MultiHeadAttention(num_heads=2, key_dim=2)
    attention.build(x.shape, x.shape)
    kernel, bias = block.queries_keys_values.get_weights()
    parts = zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True)
    weights = [
        each.reshape(shape)
        for pair in parts
        for each, shape in zip(pair, ([4, 2, 2], [2, 2]), strict=True)
    ]
    # Keras keeps the weights of the queries, the keys and the values, in this order.
    out_kernel, out_bias = np.eye(4).reshape(2, 2, 4), np.zeros(4)
    attention.set_weights([*weights, out_kernel, out_bias])
    expected = attention(x, x, attention_mask=mask[:, None, :])
    found = block._attention(tf.constant(x), tf.constant(mask))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: networks.recurrent([]), ValueError, "`units` must have at least one layer"),
        (lambda: networks.recurrent(8), TypeError, "`units` must be a list"),
        (lambda: networks.recurrent([8], "rnn"), ValueError, "`cell` must be one of"),
        (lambda: networks.recurrent([8], bidirectional=1), TypeError, "`bidirectional` must be"),
        (lambda: networks.recurrent_decoder([8], [0]), ValueError, "`event_shape` must be"),
        (lambda: networks.temporal_conv([]), ValueError, "`filters` must have at least one"),
        (lambda: networks.temporal_conv([4], 0), ValueError, "`kernel_size` must be"),
        (lambda: networks.temporal_conv_decoder([4], 5), TypeError, "`event_shape` must be"),
        (lambda: networks.transformer(6, heads=4), ValueError, "`width` must be a multiple"),
        (lambda: networks.transformer(4, blocks=0), ValueError, "`blocks` must be"),
        (lambda: networks.transformer_decoder(4, [-1]), ValueError, "`event_shape` must be"),
        (lambda: networks.SequenceEncoder([]), ValueError, "`layers` must be a list"),
        (lambda: networks.SequenceEncoder("mlp"), TypeError, "`layers` must be a list"),
        (lambda: networks.SequenceEncoder([3]), TypeError, "`layers` must be a list"),
        (lambda: networks.recurrent([2])(np.zeros([3])), ValueError, "`inputs` must be steps"),
        (
            lambda: TransformerBlock(2)(np.zeros([1, 2, 3])),
            ValueError,
            "`heads` must divide",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
