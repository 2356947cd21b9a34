"""Mixtures of levels: probabilities that add up to one, also over colours, and their draws."""

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae import distributions
from tfp_vae.testing import assert_close, assert_mean

RNG = np.random.default_rng(0)


def colours(levels, channels=3, components=2, dtype="float64"):
    """A pixel of which every channel depends on those before."""
    pairs = channels * (channels - 1) // 2
    made = {
        "logits": RNG.normal(size=[components]),
        "loc": RNG.uniform(0, levels - 1, [components, channels]),
        "scale": RNG.uniform(0.2, 0.3 * levels, [components, channels]),
        "coefficients": RNG.uniform(-1.0, 1.0, [components, pairs]),
    }
    tensors = {name: tf.constant(value, dtype) for name, value in made.items()}
    return distributions.DiscretizedLogisticMixture(levels=levels, **tensors)


def test_all_levels_add_up_to_one_and_have_the_mean():
    mixture = distributions.DiscretizedLogisticMixture(
        tf.constant([0.3, -1.0, 2.0], tf.float64),
        tf.constant([10.0, -30.0, 250.0], tf.float64),
        tf.constant([0.05, 40.0, 3.0], tf.float64),
        256,
    )
    levels = np.arange(256.0)
    probs = mixture.prob(levels).numpy()
    assert_close(probs.sum(), 1.0, 1e-12)
    assert_close(mixture.mean(), probs @ levels, 1e-9)
    draws = mixture.sample(20_000, seed=[1, 2]).numpy()
    assert set(np.unique(draws)) <= set(range(256))
    frequent = probs > 1e-2
    assert_mean(draws[:, None] == levels[frequent], probs[frequent])


def test_all_colours_of_few_levels_add_up_to_one():
    pixel = colours(levels=5)
    every = np.stack(np.meshgrid(*[np.arange(5.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    probs = pixel.prob(every).numpy()
    assert_close(probs.sum(), 1.0, 1e-12)
    draws = pixel.sample(20_000, seed=[3, 4]).numpy()
    frequent = probs > 1e-2
    assert_mean((draws[:, None] == every[frequent]).all(-1), probs[frequent])
    # The mean of the first channel is exact.
    assert_close(pixel.mean()[0], probs @ every[:, 0], 1e-9)


@pytest.mark.parametrize("given", [[0.0, 255.0], [17.0, 200.0]])
def test_256_levels_of_a_colour_add_up_to_one_given_the_others(given):
    """The sum over the last channel is the marginal of the first two, a mixture of two channels."""
    pixel = colours(levels=256)
    rows = np.concatenate([np.tile(given, [256, 1]), np.arange(256.0)[:, None]], axis=1)
    first_two = distributions.DiscretizedLogisticMixture(
        pixel.logits, pixel.loc[:, :2], pixel.scale[:, :2], 256, pixel.coefficients[:, :1]
    )
    assert_close(pixel.prob(rows).numpy().sum(), first_two.prob(np.array(given)), 1e-12)


def test_channels_without_coefficients_are_independent_given_the_component():
    pixel = colours(levels=17, components=1)
    alone = pixel.copy(coefficients=tf.zeros_like(pixel.coefficients))
    of_each = [
        distributions.DiscretizedLogistic.from_levels(
            pixel.loc[0, index], pixel.scale[0, index], 17
        ).log_prob(value)
        for index, value in enumerate([3.0, 0.0, 16.0])
    ]
    assert_close(alone.log_prob(np.array([3.0, 0.0, 16.0])), np.sum(of_each))


@pytest.mark.parametrize("loc", [-1e6, 0.0, 128.3, 1e6])
@pytest.mark.parametrize("scale", [1e-2, 1e6])
def test_gradients_are_finite_in_both_tails_in_float32(loc, scale):
    parameters = [
        tf.constant(each, tf.float32)
        for each in ([1e3, -1e3], [[loc] * 3] * 2, [[scale] * 3] * 2, [[1.0, -1.0, 1.0]] * 2)
    ]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        logits, locs, scales, coefficients = parameters
        log_prob = distributions.DiscretizedLogisticMixture(
            logits, locs, scales, 256, coefficients
        ).log_prob(tf.constant([[0.0, 128.0, 255.0], [255.0, 255.0, 0.0]]))
    assert np.isfinite(log_prob.numpy()).all()
    for gradient in tape.gradient(log_prob, parameters):
        assert np.isfinite(gradient.numpy()).all()


def test_draws_are_the_same_compiled():
    pixel = colours(levels=256, dtype="float32")
    draw = lambda: pixel.sample(50, seed=[5, 6])  # noqa: E731
    np.testing.assert_array_equal(tf.function(draw, jit_compile=True)(), draw())
