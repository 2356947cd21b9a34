from collections import Counter

import numpy as np
import tensorflow as tf

from tfp_vae.audit.model_audit import model_binding
from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.terms.declared_changes import Declaration
from tfp_vae.audit.terms.loss_declaration import LossDeclaration


def negative_elbo(x, logits, mean, log_variance):
    x, logits, mean, log_variance = (tf.constant(a) for a in (x, logits, mean, log_variance))
    error = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), -1)
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1.0, -1)
    return error + kl


class Counted:
    """A loss that counts its calls by their inputs."""

    def __init__(self, loss):
        self._loss = loss
        self.calls = Counter()

    def __call__(self, *arrays):
        self.calls[tuple(np.asarray(a).tobytes() for a in arrays)] += 1
        return self._loss(*arrays)


def probed(loss):
    declared = LossDeclaration("bernoulli", "logits", (6,), (2,), Declaration())
    return declared.probe(loss, model_binding(("mean", "log_variance"), 2))


def arguments(point: Point) -> tuple[bytes, ...]:
    return tuple(np.asarray(a).tobytes() for a in point.arrays())


def test_an_exact_loss_is_called_once_with_equal_inputs():
    loss = Counted(negative_elbo)
    probe = probed(loss)
    points = probe.design.likelihood_points()[1:4]
    loss.calls.clear()
    first = [probe.rows(point) for point in points]
    again = [probe.rows(point) for point in points]
    assert [loss.calls[arguments(point)] for point in points] == [1, 1, 1]
    np.testing.assert_array_equal(again, first)
    np.testing.assert_allclose(first, [negative_elbo(*p.arrays()) for p in points], rtol=1e-12)
    assert len({row.tobytes() for row in first}) == 3


def test_a_loss_that_draws_is_called_anew():
    rng = np.random.default_rng(0)
    loss = Counted(lambda *arrays: negative_elbo(*arrays) + rng.normal(size=len(arrays[0])))
    probe = probed(loss)
    assert probe.random
    point = probe.design.likelihood_points()[1]
    loss.calls.clear()
    first, second = probe.rows(point), probe.rows(point)
    assert loss.calls[arguments(point)] == 2
    assert np.all(first != second)
