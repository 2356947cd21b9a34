"""Losses of (y_true, y_pred) whose y_pred holds the outputs of decoder and encoder."""

import keras
import pytest
import tensorflow as tf

from tfp_vae.audit import audit

D, K = 12, 3
SIZES = {"event_shape": (D,), "latent_size": K}


def loss_of(x, p, mean, s, sign=1.0):
    error = tf.reduce_sum(keras.ops.binary_crossentropy(x, p), -1)
    return error + sign * 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1, -1)


def decoder_first(y_true, y_pred):
    return loss_of(y_true, *y_pred)


def decoder_last(y_true, y_pred):
    mean, s, p = y_pred
    return loss_of(y_true, p, mean, s)


def prediction_first(y_pred, y_true):
    return loss_of(y_true, y_pred[0], y_pred[1], y_pred[2])


class LossOfKeras(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return decoder_first(y_true, y_pred)


@pytest.mark.parametrize("loss", [decoder_first, decoder_last, prediction_first, LossOfKeras()])
def test_a_tuple_of_outputs_is_taken_apart(loss):
    report = audit(loss, **SIZES)
    assert report.codes == frozenset()
    assert report.clean
    assert report.binding.startswith("x = x, decoder_output = the decoder's output, mean")


def test_a_draw_of_z_in_the_tuple_may_give_its_shape():
    def draw_second(y_true, y_pred):
        p, z, mean, s = y_pred
        return loss_of(y_true, p, mean, s) + 0.0 * tf.cast(tf.shape(z)[1], p.dtype)

    def draw_third(y_true, y_pred):
        mean, s, _, p = y_pred
        return loss_of(y_true, p, mean, s, sign=-1.0)

    assert audit(draw_second, **SIZES).codes == frozenset()
    assert audit(draw_third, **SIZES).codes == {"kl-sign", "unbounded"}


def test_a_draw_of_z_in_the_tuple_that_the_loss_uses_is_refused():
    def loss(y_true, y_pred):
        p, mean, s, z = y_pred
        return loss_of(y_true, p, mean, s) + tf.reduce_sum(z**2, -1)

    with pytest.raises(TypeError, match="got 'z', a draw of z"):
        audit(loss, **SIZES)


def test_a_kl_of_y_pred_alone_is_read_as_one():
    def kl_of_distribution(y_true, y_pred):
        mean, s = tf.split(y_pred, 2, axis=-1)
        return -0.5 * tf.reduce_sum(1 + tf.math.log(s**2) - mean**2 - s**2, -1)

    report = audit(kl_of_distribution, **SIZES)
    assert report.codes == {"part"}, report
    assert not report.undetermined


def test_a_mistake_beside_a_tuple_is_found():
    def loss(y_true, y_pred):
        return loss_of(y_true, *y_pred, sign=-1.0)

    assert audit(loss, **SIZES).codes == {"kl-sign", "unbounded"}


@pytest.mark.parametrize("latents", [K, D])
def test_a_likelihood_alone_is_still_a_part(latents):
    def loss(y_true, y_pred):
        return tf.reduce_sum(keras.ops.binary_crossentropy(y_true, y_pred), -1)

    assert audit(loss, event_shape=(D,), latent_size=latents).codes == {"part"}


def test_a_loss_of_one_list_is_told_how_to_be_handed_over():
    def loss(tensors):
        return loss_of(*tensors)

    with pytest.raises(TypeError, match=r"if tensors is a list, hand over lambda x, .*\[x, dec"):
        audit(loss, **SIZES)
    report = audit(lambda x, decoder_output, mean, s: loss([x, decoder_output, mean, s]), **SIZES)
    assert report.codes == frozenset()
