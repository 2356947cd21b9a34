"""Arguments that hold two outputs: one array in any order, and tuples."""

import pytest
import tensorflow as tf

from tests.audit.written_losses import NORMAL, SIZES, D, K, cross_entropy, kl, noise, squares
from tfp_vae.audit import audit

KL_OF_HALVES = {
    "the mean first": lambda both: kl(both[:, :K], both[:, K:]),
    "the second output first": lambda both: kl(both[:, K:], both[:, :K]),
    "one mean beside its second output": lambda both: kl(both[:, ::2], both[:, 1::2]),
    "one second output beside its mean": lambda both: kl(both[:, 1::2], both[:, ::2]),
}


@pytest.mark.parametrize("layout", KL_OF_HALVES)
def test_both_outputs_in_one_array_are_read_in_their_order(layout):
    def loss(x, x_hat, encoded):
        return cross_entropy(x, x_hat) + KL_OF_HALVES[layout](encoded)

    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert layout in report.binding or layout == "the mean first"

    def wrong(x, x_hat, encoded):
        return cross_entropy(x, x_hat) - KL_OF_HALVES[layout](encoded)

    assert audit(wrong, **SIZES).codes == {"kl-sign", "unbounded"}


@pytest.mark.parametrize(("exponent", "codes"), [(0.5, set()), (1.0, {"scale-mismatch"})])
def test_a_sampler_of_the_same_array_is_read_in_the_same_order(exponent, codes):
    def loss(x, x_hat, encoded):
        log_variance, mean = tf.split(encoded, 2, -1)
        return cross_entropy(x, x_hat) + kl(mean, log_variance)

    def draw(encoded):
        log_variance, mean = tf.split(encoded, 2, -1)
        return mean + tf.exp(exponent * log_variance) * noise(mean)

    assert audit(loss, draw, **SIZES).codes == codes


def test_a_term_of_one_array_that_is_no_kl_in_any_order_is_accused_in_the_usual_one():
    def loss(x, x_hat, encoded):
        mean, s = tf.split(encoded, 2, -1)
        return cross_entropy(x, x_hat) + 0.5 * tf.reduce_sum(mean**2 + s**2 + tf.exp(s), -1)

    report = audit(loss, **SIZES)
    assert report.codes == {"kl-formula"}
    assert "both encoder outputs [B, 2Z]" in report.binding


def test_a_tuple_is_not_taken_for_rows():
    def loss(x, x_hat, params):
        mean, log_variance = params
        return tf.reduce_sum(cross_entropy(x, x_hat)) + tf.reduce_sum(kl(mean, log_variance))

    report = audit(loss, **SIZES)
    assert report.codes == {"overall-factor"}, report
    assert "params = both encoder outputs, a tuple (mean, s)" in report.binding


def test_the_entries_of_a_tuple_may_be_taken_by_their_places():
    def loss(x, x_hat, encoded):
        return cross_entropy(x, x_hat) + kl(encoded[0], encoded[1])

    assert audit(loss, **SIZES).codes == frozenset()


@pytest.mark.parametrize(
    ("term", "codes"),
    [
        (lambda x, m, v: (x - m) ** 2 / tf.exp(v) + v, {"constant"}),
        # A scale that is not used.
        (lambda x, m, v: (x - m) ** 2, {"fixed-scale"}),
    ],
)
def test_a_tuple_of_the_decoder_is_a_mean_and_a_scale(term, codes):
    def loss(x, reconstruction, mu, logvar):
        mean, log_variance = reconstruction
        nll = 0.5 * tf.reduce_sum(term(x, mean, log_variance), -1)
        return tf.reduce_mean(nll) + tf.reduce_mean(kl(mu, logvar))

    report = audit(loss, **NORMAL)
    assert report.codes == codes, report
    assert "reconstruction = the decoder's mean and scale, a tuple" in report.binding


@pytest.mark.parametrize("name", ["args", "inputs"])
def test_a_kl_of_one_list_is_a_part(name):
    space = {"kl": kl}
    exec(f"def divergence({name}):\n    mean, s = {name}\n    return kl(mean, s)", space)
    report = audit(space["divergence"], **SIZES)
    assert report.codes == {"part"}, report
    assert report.formula.startswith("[½ Σ(μ² + eˢ - s - 1)]")


def test_another_term_of_one_list_accuses_nobody():
    def error(args):
        x, x_hat = args
        return squares(x, x_hat)

    with pytest.raises(TypeError, match="got one of 1 arguments"):
        audit(error, **NORMAL)


def test_rows_that_are_taken_apart_for_another_reason_are_still_read():
    def loss(x, x_hat, mu, logvar):
        first, second = cross_entropy(x, x_hat)
        return 0.5 * (first + second) + tf.reduce_mean(kl(mu, logvar))

    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert any("values to unpack" in reason for reason in report.not_checked)


def test_the_sizes_of_these_tests_tell_the_outputs_apart():
    assert D != K
