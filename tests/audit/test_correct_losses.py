"""No false alarms: correct losses, written in the many ways in which people write them."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.audit import audit
from tfp_vae.audit.probes.likelihood_forms import DECLARED_FORMS
from tfp_vae.audit.reports.corrected_code import Correction, distribution_object_code
from tfp_vae.audit.scales.readings import READINGS
from tfp_vae.audit.terms.kl_model import KLModel

tfd = tfp.distributions
ops = keras.ops
D = 48


def kl(m, s):
    return 0.5 * tf.reduce_sum(m**2 + tf.exp(s) - s - 1.0, axis=-1)


def keras_example(x, p, m, s):
    cross_entropy = ops.mean(D * keras.losses.binary_crossentropy(x, p))
    return cross_entropy - 0.5 * ops.mean(ops.sum(1 + s - ops.square(m) - ops.exp(s), axis=1))


def keras_loss_object(x, p, m, s):
    return D * keras.losses.BinaryCrossentropy()(x, p) + tf.reduce_mean(kl(m, s))


def keras_sum_over_batch(x, p, m, s):
    cross_entropy = keras.losses.BinaryCrossentropy(reduction="sum")(x, p) * D
    return (cross_entropy + tf.reduce_sum(kl(m, s))) / tf.cast(tf.shape(x)[0], x.dtype)


def compiled(x, p, m, s):
    return tf.function(keras_example)(x, p, m, s)


def numpy_scalar(x, p, m, s):
    likelihood = np.sum(x * np.log(p + 1e-10) + (1 - x) * np.log(1 - p + 1e-10), axis=1)
    return np.mean(-likelihood + 0.5 * np.sum(m**2 + np.exp(s) - s - 1, axis=1))


def numpy_loop(x, p, m, s):
    out = np.zeros(len(x))
    for i in range(len(x)):
        q = np.clip(np.asarray(p[i]), 1e-6, 1 - 1e-6)
        out[i] = -np.sum(np.where(np.asarray(x[i]) == 1, np.log(q), np.log1p(-q)))
        out[i] += 0.5 * np.sum(np.square(m[i]) + np.exp(s[i]) - s[i] - 1)
    return out


def distributions(x, p, m, s):
    likelihood = tfd.Independent(tfd.Bernoulli(probs=tf.clip_by_value(p, 1e-6, 1 - 1e-6)), 1)
    posterior = tfd.MultivariateNormalDiag(m, tf.exp(s / 2))
    prior = tfd.MultivariateNormalDiag(tf.zeros_like(m), tf.ones_like(m))
    return -(likelihood.log_prob(x) - tfd.kl_divergence(posterior, prior))


def softplus_with_a_floor(x, p, m, s):
    scale = 1e-3 + tf.nn.softplus(s)
    each = tfd.kl_divergence(tfd.Normal(m, scale), tfd.Normal(tf.zeros_like(m), 1.0))
    return D * keras.losses.binary_crossentropy(x, p) + tf.reduce_sum(each, -1)


def scale_with_an_epsilon(x, p, m, s):
    terms = m**2 + s**2 - 2 * tf.math.log(s + 1e-8) - 1
    return D * keras.losses.binary_crossentropy(x, p) + 0.5 * tf.reduce_sum(terms, -1)


def clipped_log_variance(x, p, m, s):
    return D * keras.losses.binary_crossentropy(x, p) + kl(m, tf.clip_by_value(s, -10.0, 30.0))


def float32_inside(x, p, m, s):
    x, p, m, s = (tf.cast(a, tf.float32) for a in (x, p, m, s))
    return tf.cast(
        tf.reduce_mean(D * keras.losses.binary_crossentropy(x, p) + kl(m, s)), tf.float64
    )


def printing(x, p, m, s):
    print("x", x.shape)  # noqa: T201
    return keras_example(x, p, m, s)


def any_arguments(*arguments):
    return keras_example(*arguments)


class LossObject:
    def __call__(self, x, p, m, s, weight=1.0):
        return keras_example(x, p, m, weight * s)


@pytest.mark.parametrize(
    "loss",
    [
        keras_example,
        keras_loss_object,
        keras_sum_over_batch,
        compiled,
        numpy_scalar,
        numpy_loop,
        distributions,
        softplus_with_a_floor,
        scale_with_an_epsilon,
        clipped_log_variance,
        float32_inside,
        printing,
        LossObject(),
        any_arguments,
    ],
)
def test_a_correct_loss_is_clean(loss, capsys):
    report = audit(loss, event_shape=(D,), latent_size=4)
    assert report.codes == frozenset(), report
    assert report.ok
    assert report.clean
    assert report.exit_code == 0
    assert report.undetermined == ()
    assert report.not_checked == ()
    report.assert_ok()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("declaration", sorted(DECLARED_FORMS))
@pytest.mark.parametrize("reading", READINGS, ids=lambda r: r.name)
@pytest.mark.parametrize("event_shape", [(30,), (5, 6, 1)])
def test_the_code_that_a_report_offers_is_itself_clean(declaration, reading, event_shape):
    likelihood, decoder_output = declaration
    correction = Correction(likelihood, decoder_output, len(event_shape), KLModel(reading), 4.0, 2)
    names = {"tf": tf, "tfd": tfd}
    exec(correction.code(), names)

    def sampler(mean, s):
        line = correction.sampler_line().replace("(mean))", "(mean), dtype=mean.dtype)")
        return eval(line.removeprefix("z = "), {"tf": tf, "mean": mean, "s": s})

    report = audit(
        names["loss"],
        sampler,
        likelihood=likelihood,
        decoder_output=decoder_output,
        event_shape=event_shape,
        latent_size=3,
        expected_kl_weight=4.0,
    )
    assert report.codes <= {"fixed-scale"}, report
    assert report.clean


@pytest.mark.parametrize("likelihood", ["bernoulli", "normal", "continuous_bernoulli"])
@pytest.mark.parametrize("kl_weight", [1.0, 4.0])
def test_the_model_that_a_report_offers_can_be_built_and_trained(likelihood, kl_weight):
    names = {}
    exec(distribution_object_code(likelihood, (5, 6, 1), 3, kl_weight), names)
    x = np.full((4, 5, 6, 1), 0.0, np.float32)
    terms = names["vae"].elbo(x)
    np.testing.assert_allclose(
        terms.elbo, terms.log_likelihood - terms.kl_divergence, rtol=1e-5, atol=1e-4
    )
    assert terms.kl_divergence.shape == (4,)
    assert names["vae"].objective.kl_weight == kl_weight


def test_an_image_summed_after_keras_averaged_one_channel_is_right():
    def loss(x, p, m, s):
        return tf.reduce_sum(keras.losses.binary_crossentropy(x, p), axis=(1, 2)) + kl(m, s)

    assert audit(loss, event_shape=(6, 8, 1), latent_size=4).codes == frozenset()
    report = audit(loss, event_shape=(6, 8, 3), latent_size=4)
    assert report.codes == {"likelihood-reduction"}
    assert "1 / number of channels" in report.findings[0].evidence
    assert "multiply by 3" in report.findings[0].fix


def test_a_density_above_one_is_no_warning():
    def loss(x, d, m, s):
        return -tf.reduce_sum(tfd.Normal(d, tf.cast(0.01, d.dtype)).log_prob(x), -1) + kl(m, s)

    report = audit(loss, likelihood="normal", decoder_output="mean", event_shape=(20,))
    assert report.codes == {"fixed-scale"}
    assert "scale 0.01" in report.findings[0].evidence
    x, m = np.zeros((1, 20)), tf.zeros([1, 4], tf.float64)
    assert loss(tf.constant(x), tf.constant(x), m, m) < 0


def test_a_normal_density_without_two_pi_has_no_constant():
    def loss(x, d, m, s):
        # As PyTorch's gaussian_nll_loss is, with a variance of ½.
        return tf.reduce_sum(0.5 * (math.log(0.5) + (x - d) ** 2 / 0.5), -1) + kl(m, s)

    report = audit(loss, likelihood="normal", event_shape=(20,), latent_size=4)
    assert report.codes == {"fixed-scale"}


def test_the_constant_of_a_formula_with_a_squared_error_is_what_is_added_to_it():
    def loss(x, d, m, s):
        return tf.reduce_sum((x - d) ** 2, -1) + 3.25 + kl(m, s)

    report = audit(loss, likelihood="normal", event_shape=(20,), latent_size=4)
    assert report.codes == {"constant", "fixed-scale"}
    assert "+ 3.25" in report.formula


@pytest.mark.parametrize(("weight", "scale"), [(1.0, math.sqrt(0.5)), (0.5, 1.0), (50.0, 0.1)])
def test_the_fixed_scale_of_a_squared_error_is_named(weight, scale):
    def loss(x, d, m, s):
        return weight * tf.reduce_sum((x - d) ** 2, -1) + kl(m, s)

    report = audit(loss, likelihood="normal", event_shape=(20,), latent_size=4)
    assert report.codes == {"fixed-scale"}
    assert f"scale {scale:.4g}" in report.findings[0].evidence
