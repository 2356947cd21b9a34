"""The estimate of a total correlation by telling draws apart."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.objectives.density_ratio import DensityRatio, with_permuted_latents

CORRELATION = 0.8


def test_the_estimate_begins_at_zero():
    ratio = DensityRatio(3, [8], 1e-3, "float32")
    np.testing.assert_array_equal(ratio(tf.random.stateless_normal([2, 5, 3], [1, 2])), 0.0)


def test_a_trained_estimate_is_the_log_ratio_of_the_densities():
    """Of two normal latents of correlation r the total correlation is -log(1 - r²) / 2."""
    keras.utils.set_random_seed(0)
    ratio = DensityRatio(2, [32, 32], 3e-3, "float32")
    mixing = tf.constant(np.linalg.cholesky([[1.0, CORRELATION], [CORRELATION, 1.0]]).T, tf.float32)

    def draws(count, index):
        return tf.random.stateless_normal([count, 2], [index, 0]) @ mixing

    @tf.function
    def steps(first, count):
        for index in tf.range(first, first + count):
            ratio.learn(draws(512, index), tf.stack([index, 1]))

    steps(0, 1500)
    z = draws(20_000, 10_000)
    r = CORRELATION
    exact = -0.5 * np.log(1.0 - r**2) + (
        0.5 * np.sum(z**2, axis=1)
        - 0.5 * (z[:, 0] ** 2 - 2.0 * r * z[:, 0] * z[:, 1] + z[:, 1] ** 2) / (1.0 - r**2)
    )
    found = ratio(z)
    assert np.mean(found) == pytest.approx(-0.5 * np.log(1.0 - r**2), abs=0.05)
    assert np.corrcoef(found, exact)[0, 1] > 0.98


def test_every_latent_is_permuted_by_itself():
    z = tf.reshape(tf.range(60.0), [20, 3])
    permuted = with_permuted_latents(z, tf.constant([1, 2])).numpy()
    np.testing.assert_array_equal(np.sort(permuted, axis=0), z)
    orders = permuted // 3
    for one, another in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(orders[:, one], orders[:, another])
    assert not np.array_equal(orders[:, 0], np.arange(20))


def test_the_weights_are_tracked_and_not_trainable():
    ratio = DensityRatio(3, [8], 1e-3, "float64")
    assert ratio.trainable_variables == []
    moments = [variable for variable in ratio.variables if "momentum" in variable.path]
    assert len(moments) == len(ratio.network.weights) == 4
    ratio.learn(tf.random.stateless_normal([6, 3], [1, 2], dtype=tf.float64), tf.constant([3, 4]))
    assert max(np.abs(moment).max() for moment in moments) > 0.0
