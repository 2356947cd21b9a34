import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfp_vae import networks
from tfp_vae.testing.strategies.network import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=8)
@given(data=st.data())
def test_a_network_keeps_the_batch_and_is_the_same_for_the_same_input(name, data):
    entry = NETWORKS[name]
    network = data.draw(entry.networks)
    x = np.random.default_rng(0).uniform(size=[3, *entry.input_shape]).astype("float32")
    draws = ("GaussianCorruption", "MaskingCorruption", "StochasticBinarization")
    options = {"seed": 0} if name in draws else {}
    output, again = (np.asarray(network(x, **options)) for _ in range(2))
    assert output.shape[0] == 3
    assert output.shape == tuple(network.compute_output_shape(x.shape))
    assert np.isfinite(output).all()
    np.testing.assert_array_equal(output, again)


@settings(max_examples=10)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 3),
)
def test_transposed_convolutions_end_at_the_size_of_the_event(filters, height, width, strides):
    network = networks.conv_transpose(filters, [height, width, 2], strides=strides)
    assert network(np.zeros([2, 3], "float32")).shape == (2, height, width, filters[-1])


def test_every_layer_of_a_perceptron_is_penalised_for_its_matrix():
    network = networks.mlp([3, 2], kernel_regularizer=keras.regularizers.L2(0.25))
    network(np.zeros([1, 4], "float32"))
    squares = [float((weight.numpy() ** 2).sum()) for weight in network.weights if weight.ndim == 2]
    np.testing.assert_allclose(
        [float(loss) for loss in network.losses], 0.25 * np.array(squares), rtol=1e-5
    )
    assert networks.mlp([3]).losses == []


def test_no_units_make_the_identity():
    x = np.arange(6.0, dtype="float32").reshape(1, 2, 3)
    np.testing.assert_array_equal(networks.mlp([])(x), x.reshape(1, 6))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: networks.mlp(200), TypeError, "`units` must be a list"),
        (
            lambda: networks.mlp([3], kernel_regularizer=1e-4),
            TypeError,
            "`kernel_regularizer` must be a Keras regularizer",
        ),
        (
            lambda: networks.mlp([3], kernel_regularizer="l3"),
            ValueError,
            "`kernel_regularizer` must be a Keras regularizer",
        ),
        (
            lambda: networks.mlp([3], kernel_regularizer=lambda matrix: np.nan),
            ValueError,
            "`kernel_regularizer` must be a Keras regularizer.*which is nan for ones",
        ),
        (lambda: networks.mlp("200"), TypeError, "`units` must be a list"),
        (lambda: networks.mlp([200.0]), TypeError, "`units` must be a positive int"),
        (lambda: networks.mlp([0]), ValueError, "`units` must be a positive int"),
        (lambda: networks.mlp([2], dropout=1.0), ValueError, "`dropout` must be"),
        (lambda: networks.mlp([2], activation="rellu"), ValueError, "rellu"),
        (lambda: networks.conv([]), ValueError, "`filters` must have at least one"),
        (lambda: networks.conv(32), TypeError, "`filters` must be a list"),
        (lambda: networks.conv([8], kernel_size=0), ValueError, "`kernel_size` must be"),
        (lambda: networks.conv_transpose([8], [4]), ValueError, "`event_shape` must be"),
        (lambda: networks.conv_transpose([8], [4, 0]), ValueError, "`event_shape` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
