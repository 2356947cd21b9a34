"""Gradients that an optimizer cannot take."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.training.steps import all_usable


@pytest.mark.parametrize(
    ("dtype", "optimizer", "largest"),
    [
        (tf.bfloat16, keras.optimizers.Adam(), 1.8e19),
        (tf.float16, keras.optimizers.Adam(), 65504),
        (tf.float32, keras.optimizers.Adam(), 1.8e19),
        (tf.float32, keras.optimizers.Adam(global_clipnorm=1.0), 2.8e14),
        (tf.float32, keras.optimizers.Adam(clipnorm=1.0), 3.4e38),
        (tf.float32, keras.optimizers.SGD(), 3.4e38),
        (tf.float64, keras.optimizers.Adam(), 1.3e154),
    ],
)
def test_what_an_optimizer_cannot_take_is_seen_in_every_dtype(dtype, optimizer, largest):
    taken = tf.constant([largest, -largest, 0.0, 1e-30], dtype)
    assert all_usable([taken, taken[:1]], optimizer)
    for value in (np.nan, -np.nan, np.inf, -np.inf, 1.05 * largest):
        if value < 3.4e38 or dtype == tf.float64 or not np.isfinite(value):
            assert not all_usable([taken, tf.constant([0.0, value], dtype)], optimizer)
