"""A loss is found in what a function returns."""

import dataclasses
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import SIZES, cross_entropy, finding, kl, wrong_codes
from tfp_vae.audit import audit

tfd = tfp.distributions


def row_terms(x, p, m, s):
    return cross_entropy(x, p), kl(m, s)


@dataclasses.dataclass(frozen=True)
class Terms:
    error: tf.Tensor
    total: tf.Tensor


@pytest.mark.parametrize(
    ("form", "entry"),
    [
        (lambda a, b: Terms(a, a + b), "'total' of the Terms"),
        (lambda a, b: SimpleNamespace(kl=b, loss=a + b), "'loss' of the SimpleNamespace"),
        (lambda a, b: {"loss": a + b, "kl": b}, "'loss' of the dict"),
        (lambda a, b: {"kl": b, "Total": a + b}, "'Total' of the dict"),
        (lambda a, b: (a + b, a, b), "0 of the tuple"),
        (lambda a, b: (a, b, tf.reduce_mean(a + b)), "2 of the tuple"),
        (lambda a, b: (tf.reduce_mean(a + b), {"kl": b}), "0 of the tuple"),
    ],
)
def test_the_loss_is_found_in_a_tuple_or_dict(form, entry):
    report = audit(lambda x, p, m, s: form(*row_terms(x, p, m, s)), **SIZES)
    assert report.codes == frozenset()
    assert f"loss = entry {entry}" in report.binding


def test_a_tuple_without_the_whole_is_refused_until_an_entry_is_named():
    with pytest.raises(TypeError, match="name the entry with returns="):
        audit(row_terms, **SIZES)
    assert audit(row_terms, returns=1, **SIZES).codes == {"likelihood-formula"}
    with pytest.raises(ValueError, match="`returns` must be one of 0, 1; got 2"):
        audit(row_terms, returns=2, **SIZES)


@pytest.mark.parametrize(
    "shaped",
    [
        lambda rows: rows[:, None],
        lambda rows: rows[:, None, None],
        lambda rows: tf.reduce_mean(rows)[None],
        lambda rows: tf.repeat(rows[:, None], 5, 1),
    ],
)
def test_results_of_more_axes_are_averaged_as_keras_does(shaped):
    loss = lambda x, p, m, s: shaped(cross_entropy(x, p) + kl(m, s))  # noqa: E731
    assert audit(loss, **SIZES).codes == frozenset()


def test_a_keras_loss_of_sequences_is_averaged_over_time():
    def loss(x, y, m, s):
        return keras.losses.mean_squared_error(x, y) + tf.reduce_mean(kl(m, s))

    report = audit(loss, likelihood="normal", event_shape=(4, 6), latent_size=6)
    assert wrong_codes(report) == {"likelihood-reduction"}
    assert report.formula.startswith("1/12 · [½ Σ(x - d)²] + [½ Σ")


def test_terms_that_meet_in_wrong_shapes_are_told():
    loss = lambda x, p, m, s: cross_entropy(x, p)[:, None] + kl(m, s)  # noqa: E731
    assert audit(loss, **SIZES).codes == {"broadcast"}

    def images(x, y, m, s):
        return tf.reduce_mean(keras.losses.mean_squared_error(x, y) + kl(m, s))

    report = audit(images, likelihood="normal", event_shape=(6, 5, 3), latent_size=6)
    assert wrong_codes(report) == {"broadcast", "likelihood-reduction"}
    assert "batches of 1, or of 5" in finding(report, "broadcast").evidence
