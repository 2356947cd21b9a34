import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfp_vae import networks

TABLES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.integers(1, 4)),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(TABLES)
def test_an_adapted_column_has_mean_0_and_standard_deviation_1(x):
    layer = networks.Standardization(x.shape[1:], dtype="float64")
    layer.adapt(x)
    encoded = layer(x).numpy()
    spread = x.std(axis=0)
    # Rounding of the mean is a small share of the standard deviation there.
    clear = spread > 1e-6 * np.abs(x).max(axis=0)
    np.testing.assert_allclose(encoded.mean(axis=0)[clear], 0.0, atol=1e-8)
    np.testing.assert_allclose(encoded.std(axis=0)[clear], 1.0, rtol=1e-8)


def test_columns_of_any_scale_come_to_the_same():
    x = np.random.default_rng(0).normal(size=[50, 3]) * [1e-12, 1.0, 1e12]
    layer = networks.Standardization([3], dtype="float64")
    layer.adapt(x)
    np.testing.assert_allclose(layer(x).numpy().std(axis=0), 1.0, rtol=1e-9)


def test_a_constant_column_is_only_centred():
    layer = networks.Standardization([2])
    layer.adapt(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]))
    np.testing.assert_allclose(layer(np.array([[0.1, 2.0]])).numpy(), [[0.0, 0.0]], atol=1e-7)


def test_pooled_values_keep_their_ratios():
    x = np.random.default_rng(0).normal(size=[50, 2]) * [0.01, 1.0]
    layer = networks.Standardization([2], pooled=True, dtype="float64")
    layer.adapt(x)
    spread = layer(x).numpy().std(axis=0)
    np.testing.assert_allclose(spread[0] / spread[1], x[:, 0].std() / x[:, 1].std())
    np.testing.assert_allclose(np.mean(spread**2), 1.0)


@pytest.mark.parametrize(("transform", "function"), [("log", np.log), ("log1p", np.log1p)])
def test_a_transform_comes_first(transform, function):
    x = np.random.default_rng(0).gamma(2.0, size=[50, 2])
    layer = networks.Standardization([2], transform=transform, dtype="float64")
    layer.adapt(x)
    values = function(x)
    expected = (values - values.mean(axis=0)) / values.std(axis=0)
    np.testing.assert_allclose(layer(x).numpy(), expected)
    assert len(layer.affine_map().values) == 0


def test_missing_values_neither_count_nor_show():
    x = np.array([[1.0, 5.0], [3.0, 7.0], [99.0, 9.0]])
    observed = np.array([[True, True], [True, True], [False, True]])
    layer = networks.Standardization([2], dtype="float64")
    layer.adapt(x, observed)
    encoded = layer(x, observed).numpy()
    np.testing.assert_allclose(encoded[:, 0], [-1.0, 1.0, 0.0])
    codes = networks.OneHot(3)(np.array([[2.0, 1.0]]), np.array([[False, True]])).numpy()
    np.testing.assert_array_equal(codes, [[0, 0, 0, 0, 1, 0]])


def test_groups_of_columns_are_encoded_apart_and_say_where_they_are():
    x = np.array([[10.0, 2.0, 7.0], [30.0, 0.0, 9.0]])
    layer = networks.ColumnEncodings(
        [([1], networks.OneHot(3)), ([2, 0], networks.Standardization([2])), ([1], None)]
    )
    layer.build((None, 3))
    layer.adapt(x)
    encoded = layer(x).numpy()
    expected = [[0, 0, 1, -1, -1, 2], [1, 0, 0, 1, 1, 0]]
    np.testing.assert_allclose(encoded, expected)
    assert layer.compute_output_shape((None, 3)) == (None, 6)
    affine = layer.affine_map()
    np.testing.assert_allclose(
        (x[:, affine.values] - affine.shift) / affine.scale, encoded[:, affine.places]
    )
    assert list(affine.values) == [2, 0]


@pytest.mark.parametrize(
    "layer",
    [
        networks.Standardization([2], transform="log1p", pooled=True),
        networks.OneHot(4),
        networks.ColumnEncodings([([0], networks.OneHot(2)), ([1], None)]),
    ],
)
def test_a_config_makes_an_equal_layer(layer):
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(again) == config


# TensorFlow takes subnormal numbers for zero on some processors.
@given(st.floats(-1e6, 1e6, allow_subnormal=False))
def test_compressed_tails_keep_order_sign_and_small_values(value):
    small = float(networks.compressed_tails(np.float64(value)))
    if abs(value) <= 10.0:
        assert small == value
    else:
        expected = np.sign(value) * (10.0 + np.log1p(abs(value) - 10.0))
        assert small == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: networks.Standardization(3), TypeError, "`event_shape` must"),
        (lambda: networks.Standardization([3], transform="sqrt"), ValueError, "`transform` must"),
        (lambda: networks.OneHot(0), ValueError, "`classes` must"),
    ],
)
def test_wrong_arguments_are_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_between_codes_one_hot_vectors_are_interpolated_with_a_gradient():
    layer = networks.OneHot(3, dtype="float64")
    codes = tf.Variable([[0.25, 2.0]], dtype=tf.float64)
    with tf.GradientTape() as tape:
        vectors = layer(codes)
        loss = tf.reduce_sum(vectors * [[0.0, 4.0, 0.0, 0.0, 0.0, 5.0]])
    np.testing.assert_allclose(vectors, [[0.75, 0.25, 0.0, 0.0, 0.0, 1.0]])
    assert tape.gradient(loss, codes).numpy()[0, 0] == 4.0
