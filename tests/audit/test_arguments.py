"""Losses and arguments that cannot be audited end in one clear error."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.audit import audit, load_callable

SIZES = {"event_shape": (6,), "latent_size": 3}


def right(x, p, m, s):
    cross_entropy = tf.reduce_sum(tf.keras.losses.binary_crossentropy(x, p)) * 6
    return cross_entropy + 0.5 * tf.reduce_sum(m**2 + tf.exp(s) - s - 1)


def raises(x, p, m, s):
    raise ZeroDivisionError("nothing to divide")


def mutates(x, p, m, s):
    x[0] = 0.0
    return np.sum(x) + np.sum(m)


def only_two(m, s):
    return m


@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (raises, ValueError, r"`loss` must accept .* got ZeroDivisionError: nothing to divide"),
        (lambda x, p, m, s: None, TypeError, r"`loss` .* got None"),
        (lambda x, p, m, s: "loss", TypeError, r"`loss` .* got a str"),
        (lambda x, p, m, s: (1.0, 2.0), TypeError, r"`loss` .* got a tuple"),
        (
            lambda x, p, m, s: object(),
            TypeError,
            r"`loss` must return an array of floats; got a obj",
        ),
        (lambda x, p, m, s: 3, TypeError, r"`loss` .* got int"),
        (lambda x, p, m, s: tf.zeros([3, 1]), ValueError, r"`loss` .* got shape \[3, 1\]"),
        (mutates, ValueError, r"`loss` .* got `x` changed in place"),
        ("loss", TypeError, r"`loss` must be a function"),
        (lambda x: x, TypeError, r"`loss` .* got one of 1 arguments"),
        (lambda a, b, c, e, f: a, TypeError, r"`loss` .* got one of 5 arguments"),
        (lambda x, d, m, s, epoch: m, TypeError, r"`loss` .* got epoch could be anything"),
        (lambda x, inputs, mu, s: x, TypeError, r"x and inputs could both be x"),
        (lambda x, d, mu, logvar, z: tf.reduce_sum(z), TypeError, r"got 'z', a draw of z"),
    ],
)
def test_a_hostile_loss_ends_in_one_clear_error(loss, error, words):
    with pytest.raises(error, match=words) as caught:
        audit(loss, **SIZES)
    assert "\n" not in str(caught.value)


def test_the_users_own_exception_is_the_cause():
    with pytest.raises(ValueError) as caught:
        audit(raises, **SIZES)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__cause__.__traceback__.tb_next is not None


@pytest.mark.parametrize(
    ("sampler", "error", "words"),
    [
        (lambda m, s: 1 / 0, ValueError, r"`sampler` .* ZeroDivisionError"),
        (lambda m, s: None, TypeError, r"`sampler` .* None"),
        (lambda m, s: tf.reduce_sum(m, -1), ValueError, r"`sampler` .* shape"),
        (7, TypeError, r"`sampler` must be a function"),
    ],
)
def test_a_hostile_sampler_ends_in_one_clear_error(sampler, error, words):
    with pytest.raises(error, match=words):
        audit(right, sampler, **SIZES)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"likelihood": "poisson"}, ValueError, "`likelihood`"),
        ({"decoder_output": "rate"}, ValueError, "`decoder_output`"),
        ({"likelihood": "normal", "decoder_output": "logits"}, ValueError, "`decoder_output`"),
        ({"event_shape": 6}, TypeError, "`event_shape`"),
        ({"event_shape": ()}, ValueError, "`event_shape`"),
        ({"event_shape": (0,)}, ValueError, "`event_shape`"),
        ({"latent_size": 0}, ValueError, "`latent_size`"),
        ({"latent_size": 2.5}, ValueError, "`latent_size`"),
        ({"expected_kl_weight": -1.0}, ValueError, "`expected_kl_weight`"),
        ({"latent_size": (2, 0)}, ValueError, "`latent_size`"),
        ({"prior": (0.0, 0.0)}, ValueError, "`prior`"),
        ({"prior": 1.0}, ValueError, "`prior`"),
        ({"kl_floor": -1.0}, ValueError, "`kl_floor`"),
        ({"kl_capacity": "5"}, ValueError, "`kl_capacity`"),
        ({"batch_size": 0}, ValueError, "`batch_size`"),
        ({"arguments": ["x"]}, TypeError, "`arguments`"),
        ({"arguments": {1: 2.0}}, TypeError, "`arguments`"),
        ({"arguments": {"beta": 2.0}}, ValueError, "`arguments`"),
        ({"returns": "loss"}, ValueError, "`returns`"),
        ({"data": np.zeros((3, 5))}, ValueError, "`data`"),
        ({"data": "digits"}, TypeError, "`data`"),
    ],
)
def test_a_wrong_declaration_ends_in_one_clear_error(arguments, error, words):
    with pytest.raises(error, match=words):
        audit(right, **{**SIZES, **arguments})


@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [
        ("math", ValueError, "module:function"),
        (":sqrt", ValueError, "module:function"),
        ("no_such_module_here:loss", ImportError, "no_such_module_here"),
        ("math:no_such_function", ValueError, "no_such_function"),
        ("math:pi", ValueError, "is a float"),
    ],
)
def test_a_function_is_found_by_name_or_not(reference, error, words):
    with pytest.raises(error, match=words):
        load_callable(reference)


@pytest.mark.nightly
def test_a_function_in_the_current_directory_is_found(tmp_path):
    (tmp_path / "my_losses.py").write_text("def loss(x):\n    return 2 * x\n")
    code = "from tfp_vae.audit import load_callable; print(load_callable('my_losses:loss')(21))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "42"


def test_a_likelihood_that_takes_more_than_it_uses_is_a_part():
    def likelihood(x, logits, *args, **kwargs):
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), -1)

    def without_kl(x, logits, *encoder_outputs):
        return likelihood(x, logits)

    sizes = {"event_shape": (12,), "latent_size": 3, "decoder_output": "logits"}
    assert audit(likelihood, **sizes).codes == {"part"}
    assert audit(without_kl, **sizes).codes == {"kl-missing"}
