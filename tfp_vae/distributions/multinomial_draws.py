"""Binomial and multinomial draws, the same eagerly, in a graph and under XLA.

As the other counts of `tfp_vae.distributions.rejection`; TensorFlow's own binomial and multinomial
draws have no XLA kernel.
"""

import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.distributions import rejection


def binomial(total: tf.Tensor, probability: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws binomial counts in float64.

    The less probable outcome is counted: below a mean of 10 by inverting its cumulative
    distribution function, above by the transformed rejection with squeeze of Hoermann (1993), "The
    generation of binomial random variates", algorithm BTRS.

    Args:
      total: How many trials there are, whole numbers of at least 0 in float64.
      probability: Of success, between 0 and 1, float64 of the same shape.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    small_seed, large_seed = seeds.split(seed, 2)
    rarer = tf.minimum(probability, 1.0 - probability)
    mean = total * rarer
    small = mean < rejection.SMALL_RATE
    trials = tf.where(small, total, tf.zeros_like(total))
    odds = rarer / (1.0 - rarer)
    counted = rejection.inverted(
        tf.exp(trials * tf.math.log1p(-rarer)),
        lambda term, k: term * odds * tf.maximum(trials - k + 1.0, 0.0) / k,
        trials * rarer,
        small_seed,
    )
    # Where its draw is not used, BTRS gets a binomial that it is for.
    one = tf.ones_like(total)
    of_large = _transformed(
        tf.where(small, 2.0 * rejection.SMALL_RATE * one, total),
        tf.where(small, 0.5 * one, rarer),
        large_seed,
    )
    drawn = tf.where(small, tf.minimum(counted, total), of_large)
    return tf.where(probability <= 0.5, drawn, total - drawn)


def multinomial(total: tf.Tensor, probs: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws multinomial counts, float64 of the shape of `probs`.

    The categories are halved again and again, and the count of each part is divided between its
    halves by a binomial draw: log2 K rounds for K categories, however large the counts.

    Args:
      total: The totals, whole numbers `[...]` in float64.
      probs: Probabilities, `[..., K]` in float64, with a sum of 1; K is static.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    categories = int(probs.shape[-1])
    levels = max(categories - 1, 0).bit_length()
    width = 2**levels
    lead = [[0, 0]] * (probs.shape.rank - 1)
    below = tf.pad(tf.cumsum(probs, axis=-1), [*lead, [1, 0]])
    below = tf.concat([below, tf.repeat(below[..., -1:], width - categories, axis=-1)], axis=-1)
    places = tf.range(width)
    start = tf.pad(total[..., None], [*lead, [0, width - 1]])

    def between(first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        ends = [tf.gather(below, tf.minimum(each, width), axis=-1) for each in (first, last)]
        return ends[1] - ends[0]

    def halved(level: tf.Tensor, counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        half = tf.bitwise.right_shift(tf.constant(width // 2), level)
        whole, left = between(places, places + 2 * half), between(places, places + half)
        share = tf.where(whole > 0.0, left / tf.where(whole > 0.0, whole, 1.0), 1.0)
        kept = binomial(counts, tf.clip_by_value(share, 0.0, 1.0), seeds.fold_in(seed, level))
        moved = tf.gather(counts - kept, (places - half) % width, axis=-1)
        return level + 1, tf.ensure_shape(kept + moved, counts.shape)

    if levels == 0:
        return start
    done = tf.while_loop(lambda level, _: level < levels, halved, (tf.constant(0), start))
    return done[1][..., :categories]


def _transformed(total: tf.Tensor, probability: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws binomial counts with means of at least 10 of the rarer outcome, by algorithm BTRS."""
    spread = tf.sqrt(total * probability * (1.0 - probability))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * probability
    centre = total * probability + 0.5
    squeeze = 0.92 - 4.2 / b
    log_alpha = tf.math.log((2.83 + 5.1 / b) * spread)
    log_odds = tf.math.log(probability) - tf.math.log1p(-probability)
    mode = tf.floor((total + 1.0) * probability)
    at_mode = tf.math.lgamma(mode + 1.0) + tf.math.lgamma(total - mode + 1.0)

    def propose(u: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        u = u - 0.5
        distance = 0.5 - tf.abs(u)
        k = tf.floor((2.0 * a / distance + b) * u + centre)
        possible = (k >= 0.0) & (k <= total)
        inside = possible & (distance >= 0.07) & (v <= squeeze)
        safe_k = tf.clip_by_value(k, 0.0, total)
        log_ratio = at_mode - tf.math.lgamma(safe_k + 1.0) - tf.math.lgamma(total - safe_k + 1.0)
        log_ratio += (safe_k - mode) * log_odds
        log_bound = tf.math.log(v) + log_alpha - tf.math.log(a / distance**2 + b)
        return safe_k, inside | (possible & (log_bound <= log_ratio))

    return rejection.until_accepted(propose, tf.shape(total), seed)
