"""Losses of (y_true, y_pred) that close over the tensors of a graph, wherever they do."""

import pytest
import tensorflow as tf
import tf_keras
from tf_keras import backend, layers

from tfp_vae.audit import audit, audit_model

D, K = 12, 3


def graph():
    inputs = tf_keras.Input((D,))
    h = layers.Dense(8)(inputs)
    return inputs, layers.Dense(K)(h), layers.Dense(K)(h)


def through_another_function(sign=1.0):
    """The KL is a function of its own, which holds the tensors."""
    _, z_mean, z_log_var = graph()

    def divergence(y_true, y_pred):
        terms = 1 + z_log_var - backend.square(z_mean) - backend.exp(z_log_var)
        return -0.5 * backend.sum(terms, axis=-1)

    def loss(y_true, y_pred):
        error = D * tf_keras.losses.binary_crossentropy(y_true, y_pred)
        return error + sign * divergence(y_true, y_pred)

    return loss


@pytest.mark.parametrize(("sign", "codes"), [(1.0, set()), (-1.0, {"kl-sign", "unbounded"})])
def test_a_loss_that_calls_what_closes_over_tensors_is_read(sign, codes):
    assert audit(through_another_function(sign), event_shape=(D,)).codes == codes


def of_the_own_tensors(scale=float(D)):
    """The loss uses the model's input and output instead of what it is called with."""
    inputs, z_mean, z_log_var = graph()
    noise = layers.Lambda(lambda m: tf.random.normal(tf.shape(m)))(z_mean)
    outputs = layers.Dense(D, activation="sigmoid")(z_mean + tf.exp(0.5 * z_log_var) * noise)

    def loss(y_true, y_pred):
        terms = 1 + z_log_var - backend.square(z_mean) - backend.exp(z_log_var)
        error = scale * tf_keras.losses.binary_crossentropy(inputs, outputs)
        return backend.mean(error - 0.5 * backend.sum(terms, axis=-1))

    model = tf_keras.Model(inputs, outputs)
    model.compile("adam", loss=loss)
    return model


@pytest.mark.parametrize(("scale", "codes"), [(float(D), set()), (1.0, {"likelihood-reduction"})])
def test_a_loss_of_the_models_own_tensors_is_read(scale, codes):
    model = of_the_own_tensors(scale)
    assert audit(model.loss, event_shape=(D,)).codes == codes
    x = tf.cast(tf.random.uniform([4, D]) > 0.5, tf.float32).numpy()
    assert audit_model(model, x).codes == codes
