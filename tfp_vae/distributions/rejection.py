"""Gamma and Poisson draws by rejection, the same eagerly, in a graph and under XLA.

Equal draws however TensorFlow runs are promised of every distribution here. TensorFlow Probability
has the same algorithms, but for one seed its gamma and Poisson draws under XLA are unrelated to the
eager ones, and its negative binomial draws do not compile, since TensorFlow's gamma op has no XLA
kernel. Here whole arrays are proposed, from the numbers of `tfp_vae.stateless_random`, until every
element has accepted one. The arithmetic is float64, so that no acceptance depends on how a compiler
rounds.
"""

from collections.abc import Callable

import tensorflow as tf

from tfp_vae import seeds, stateless_random

_ROUNDS = 200
"""The most proposals for one element. At least three in four are accepted, PTRS's at a rate of 10:
the chance of rejecting all is below 1e-120."""

_LOG_TINY = -46.0
"""The logarithm of a gamma number so small that F is g^a / Γ(a + 1) to all digits of float64."""

SMALL_RATE = 10.0
"""Rates from here on are drawn by PTRS, which is for rates of at least 10 (Hoermann 1993)."""


def log_gamma(
    shape: stateless_random.Shape, concentration: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Draws the logarithms of gamma variables of scale 1, float64 of `shape`.

    Marsaglia & Tsang (2000), "A simple method for generating gamma variables"; a concentration
    below 1 is raised by 1 and the number multiplied by u^(1/concentration), as they propose. The
    logarithm of a small number is finite where the number itself would underflow.

    Args:
      shape: The shape of the numbers, an integer tensor.
      concentration: Positive, of a shape that broadcasts to `shape`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    concentration = tf.broadcast_to(tf.cast(concentration, tf.float64), shape)
    proposal_seed, power_seed = seeds.split(seed, 2)
    small = concentration < 1.0
    d = tf.where(small, concentration + 1.0, concentration) - 1.0 / 3.0
    c = 1.0 / tf.sqrt(9.0 * d)

    def propose(v: tf.Tensor, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.math.ndtri(v)
        log_u = tf.math.log(u)
        root = 1.0 + c * x
        positive = root > 0.0
        log_v = 3.0 * tf.math.log(tf.where(positive, root, tf.ones_like(root)))
        accepted = positive & (log_u < 0.5 * x**2 + d * (1.0 - tf.exp(log_v) + log_v))
        return tf.math.log(d) + log_v, accepted

    drawn = until_accepted(propose, shape, proposal_seed)
    log_u = tf.math.log(stateless_random.uniform(shape, power_seed, tf.float64))
    return tf.where(small, drawn + log_u / concentration, drawn)


def reparameterized_log_gamma(
    shape: stateless_random.Shape, concentration: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Draws as `log_gamma`, with a gradient to the concentration and other numbers on each replica.

    The gradient is the implicit one of Figurnov et al. (2018), "Implicit reparameterization
    gradients": that of a number with the same value of the cumulative distribution function F. Near
    0 that is g^a / Γ(a + 1), for g = exp(l) and a concentration a, so that there
    dl/da = (ψ(a + 1) - l) / a.

    Args:
      shape: The shape of the numbers, an integer tensor or list.
      concentration: Positive, of a shape that broadcasts to `shape`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """

    @tf.custom_gradient
    def drawn(concentration: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        logarithm = log_gamma(shape, concentration, stateless_random.seed_of_replica(seed))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            tiny = logarithm < _LOG_TINY
            number = tf.exp(tf.where(tiny, tf.zeros_like(logarithm), logarithm))
            slope = tf.raw_ops.RandomGammaGrad(alpha=concentration, sample=number) / number
            near_zero = (tf.math.digamma(concentration + 1.0) - logarithm) / concentration
            return upstream * tf.where(tiny, near_zero, slope)

        return logarithm, gradient

    return drawn(tf.broadcast_to(tf.cast(concentration, tf.float64), shape))


def gamma(shape: stateless_random.Shape, concentration: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws gamma variables of scale 1 in float64, with a gradient to the concentration.

    The gradient is that of `reparameterized_log_gamma`.

    Args:
      shape: The shape of the numbers, an integer tensor or list.
      concentration: Positive, of a shape that broadcasts to `shape`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    return tf.exp(reparameterized_log_gamma(shape, concentration, seed))


def poisson(shape: stateless_random.Shape, rate: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws Poisson counts, float64 of `shape`.

    Below a rate of 10 the cumulative distribution function is inverted by summing its terms; above,
    the method is the transformed rejection with squeeze of Hoermann (1993), "The transformed
    rejection method for generating Poisson random variables", algorithm PTRS.

    Args:
      shape: The shape of the numbers, an integer tensor.
      rate: Of a shape that broadcasts to `shape`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    rate = tf.broadcast_to(tf.cast(rate, tf.float64), shape)
    small_seed, large_seed = seeds.split(seed, 2)
    small = rate < SMALL_RATE
    counted = _counted_up(tf.where(small, rate, tf.zeros_like(rate)), small_seed)
    large = tf.where(small, SMALL_RATE * tf.ones_like(rate), rate)
    return tf.where(small, counted, _transformed(shape, large, large_seed))


def _counted_up(rate: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws Poisson counts with rates below 10, by inverting the cumulative distribution."""
    return inverted(tf.exp(-rate), lambda term, k: term * rate / k, rate, seed)


def inverted(
    term: tf.Tensor,
    following: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    mean: tf.Tensor,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Draws counts of small mean, by inverting the cumulative distribution function.

    Args:
      term: The probability of 0, float64.
      following: From the probability of k - 1 and k to that of k.
      mean: The means, of the shape of `term`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    uniform = stateless_random.uniform(tf.shape(mean), seed, tf.float64)

    def unfinished(k: tf.Tensor, term: tf.Tensor, total: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        del term, count
        return tf.reduce_any(total < uniform) & (k < float(_ROUNDS))

    def step(
        k: tf.Tensor, term: tf.Tensor, total: tf.Tensor, count: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        k = k + 1.0
        term = following(term, k)
        # Past the mean the terms decrease, and one that no longer changes the sum ends it.
        goes_on = (total < uniform) & ((k < mean) | (total + term > total))
        return k, term, total + term, tf.where(goes_on, k, count)

    zero = tf.zeros([], tf.float64)
    return tf.while_loop(
        unfinished, step, (zero, term, term, tf.zeros_like(mean)), maximum_iterations=_ROUNDS
    )[3]


def _transformed(shape: stateless_random.Shape, rate: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws Poisson counts with rates of at least 10, by algorithm PTRS."""
    log_rate = tf.math.log(rate)
    b = 0.931 + 2.53 * tf.sqrt(rate)
    a = -0.059 + 0.02483 * b
    log_inverse_alpha = tf.math.log(1.1239 + 1.1328 / (b - 3.4))
    squeeze = 0.9277 - 3.6224 / (b - 2.0)

    def propose(u: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        u = u - 0.5
        distance = 0.5 - tf.abs(u)
        k = tf.floor((2.0 * a / distance + b) * u + rate + 0.43)
        inside = (distance >= 0.07) & (v <= squeeze)
        hopeless = (k < 0.0) | ((distance < 0.013) & (v > distance))
        safe_k = tf.maximum(k, 0.0)
        log_prob = safe_k * log_rate - rate - tf.math.lgamma(safe_k + 1.0)
        log_bound = tf.math.log(v) + log_inverse_alpha - tf.math.log(a / distance**2 + b)
        return safe_k, inside | (~hopeless & (log_bound <= log_prob))

    return until_accepted(propose, shape, seed)


def until_accepted(
    propose: Callable[..., tuple[tf.Tensor, tf.Tensor]],
    shape: stateless_random.Shape,
    seed: tf.Tensor,
    uniforms: int = 2,
) -> tf.Tensor:
    """Returns the first accepted proposal of every element, float64 of `shape`.

    Args:
      propose: From arrays of `shape`, uniform on (0, 1), to proposals and whether each is accepted.
      shape: The shape of the numbers, an integer tensor or list.
      seed: A stateless seed, `[2]` of 32-bit integers.
      uniforms: How many arrays `propose` takes, 2 or 4.
    """
    shape = tf.convert_to_tensor(shape, tf.int32)
    of_both = tf.concat([[uniforms // 2], shape], axis=0) if uniforms > 2 else shape

    def unfinished(number: tf.Tensor, drawn: tf.Tensor, done: tf.Tensor) -> tf.Tensor:
        del number, drawn
        return ~tf.reduce_all(done)

    def step(number: tf.Tensor, drawn: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, ...]:
        pair = stateless_random.uniform_pair(of_both, seed, number)
        if uniforms > 2:
            pair = tuple(each for both in pair for each in tf.unstack(both, num=uniforms // 2))
        proposal, accepted = propose(*pair)
        # A loop must keep the static shapes of its variables.
        chosen = tf.ensure_shape(tf.where(done, drawn, proposal), drawn.shape)
        return number + 1, chosen, tf.ensure_shape(done | accepted, done.shape)

    start = (tf.constant(0), tf.zeros(shape, tf.float64), tf.zeros(shape, tf.bool))
    return tf.while_loop(unfinished, step, start, maximum_iterations=_ROUNDS)[1]
