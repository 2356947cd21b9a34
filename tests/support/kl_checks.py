"""What the KL must be: of normals by its formula, of other distributions by integration."""

import itertools

import numpy as np
import tensorflow as tf
from scipy import integrate

from tfp_vae import distributions, divergences
from tfp_vae.testing import (
    assert_close,
    assert_mean,
    diagonal_normal,
    normal_kl_divergence,
    repeated,
)


def _ours(loc, scale):
    return distributions.MultivariateNormalDiag(loc, scale)


def _standard_normal(size):
    return diagonal_normal(np.zeros(size), np.ones(size))


def check_kl_divergence(mean, stddev):
    """Non-negative, zero for q = p, the sum over latents, and as the formula has it."""
    size = np.shape(mean)[-1]
    q, p = _ours(mean, stddev), _ours(np.zeros(size), np.ones(size))
    value = divergences.exact_kl_divergence(q, p)
    assert (value.numpy() >= 0.0).all()
    assert_close(value, normal_kl_divergence(mean, stddev).sum(axis=-1))
    assert_close(divergences.exact_kl_divergence(q, q), 0.0)
    per_dimension = divergences.kl_divergence_per_dimension(q, p)
    assert per_dimension.shape == np.shape(mean)
    assert_close(tf.reduce_sum(per_dimension, -1), value)
    halves = [
        divergences.exact_kl_divergence(
            _ours(mean[:, part], stddev[:, part]), _standard_normal(mean[:, part].shape[1])
        )
        for part in (slice(None, 1), slice(1, None))
        if mean[:, part].shape[1]
    ]
    assert_close(sum(halves), value)


def check_exact_kl_agrees_with_sampled(mean, stddev):
    mean, stddev = repeated(mean), repeated(stddev)
    q, p = _ours(mean, stddev), _standard_normal(mean.shape[1])
    sampled = divergences.sampled_kl_divergence(q, p, q.sample(1, seed=[3, 4]))
    assert_mean(sampled, divergences.exact_kl_divergence(q, p)[0])


def check_posterior_draws_are_normal(mean, stddev):
    """The first four moments of the standardised draws, of all draws of one row."""
    draws = _ours(mean, stddev).sample(16_000, seed=[5, 6]).numpy()
    standard = (draws - mean) / stddev
    for power, moment in enumerate([0.0, 1.0, 0.0, 3.0], start=1):
        assert_mean(standard**power, moment)


def integral(law, function):
    """Returns the expectation of a function under a continuous law of SciPy."""
    cuts = law.ppf([1e-14, 1e-9, 1e-3, 0.3, 0.7, 1 - 1e-3, 1 - 1e-9, 1 - 1e-14])
    return sum(
        integrate.quad(lambda z: function(z) * law.pdf(z), low, high)[0]
        for low, high in itertools.pairwise(cuts)
    )


def check_kl_is_the_integral(q, p, laws):
    """For all latents and for each, of which `laws` has the pair of q and p by SciPy."""
    expected = [
        integral(one, lambda z, one=one, other=other: one.logpdf(z) - other.logpdf(z))
        for one, other in laws
    ]
    np.testing.assert_allclose(
        divergences.kl_divergence_per_dimension(q, p), expected, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(divergences.exact_kl_divergence(q, p), sum(expected), rtol=1e-5)


def check_terms_and_gradients_are_finite(posterior, prior, outputs):
    """Of the KL, exact and sampled, for outputs of a posterior's heads, `[2, 3]` each."""
    outputs = [tf.fill([2, 3], each) for each in outputs]
    prior.build([3])
    p = prior.distribution()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(outputs)
        q = posterior.distribution(*outputs)
        exact = divergences.exact_kl_divergence(q, p)
        sampled = divergences.sampled_kl_divergence(q, p, q.sample(50, seed=[3, 4]))
    for value in (exact, sampled):
        for number in (value, *tape.gradient(value, outputs)):
            assert np.isfinite(number).all()
