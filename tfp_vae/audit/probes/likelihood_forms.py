# ruff: noqa: RUF001, RUF003 - the Greek letter sigma is meant
"""The log-likelihoods that a loss is compared with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
Array = np.ndarray


def _batch_mean(log_prob: Callable[[], tf.Tensor], shape: tuple[int, ...]) -> Array:
    values = np.asarray(log_prob()).reshape(shape[0], shape[1], -1)
    means: Array = -values.sum(-1).mean(-1)
    return means


@dataclass(frozen=True)
class LikelihoodForm:
    """One form that the likelihood term of a loss may have.

    Attributes:
        name: Its name in a report.
        formula: Its formula, for one example.
        log_prob: The elementwise log-density (data, decoder output) -> array.
        free_weight: Whether a positive factor is a parameter of the distribution, not a mistake.
        stands_for: The name of the declared form that it is a meant variant of, if any.
        remark: What is meant by the variant, for a report.
        of_batch: Its batch mean, if that is no mean of an elementwise density.
    """

    name: str
    formula: str
    log_prob: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    free_weight: bool = False
    stands_for: str = ""
    remark: str = ""
    of_batch: Callable[[Array, Array], Array] | None = None

    def negative_log_likelihood(self, x: Array, decoder_output: Array) -> Array:
        """The batch mean of -log p(x|z), in nats, of `[points, B, *event_shape]` arrays."""
        if self.of_batch is not None:
            return self.of_batch(x, decoder_output)
        return _batch_mean(
            lambda: self.log_prob(tf.constant(x), tf.constant(decoder_output)), x.shape
        )


def _clipped(probs: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)


CROSS_ENTROPY = LikelihoodForm(
    "the binary cross-entropy of probabilities",
    "Σ -x·log d - (1-x)·log(1-d)",
    lambda x, d: tfd.Bernoulli(probs=d).log_prob(x),
)
CROSS_ENTROPY_OF_LOGITS = LikelihoodForm(
    "the binary cross-entropy of logits",
    "Σ softplus(d) - x·d",
    lambda x, d: tfd.Bernoulli(logits=d).log_prob(x),
)
SQUARED_ERROR = LikelihoodForm(
    "the squared error",
    "½ Σ(x - d)²",
    lambda x, d: tfd.Normal(d, tf.ones([], d.dtype)).log_prob(x),
    free_weight=True,
)
CONTINUOUS_BERNOULLI = LikelihoodForm(
    "the continuous Bernoulli's negative log-density of probabilities",
    "Σ -x·log d - (1-x)·log(1-d) - log C(d)",
    lambda x, d: tfd.ContinuousBernoulli(probs=d).log_prob(x),
)
CONTINUOUS_BERNOULLI_OF_LOGITS = LikelihoodForm(
    "the continuous Bernoulli's negative log-density of logits",
    "Σ softplus(d) - x·d - log C(sigmoid(d))",
    lambda x, d: tfd.ContinuousBernoulli(logits=d).log_prob(x),
)
SWAPPED_CROSS_ENTROPY = LikelihoodForm(
    "the binary cross-entropy with its two arguments swapped",
    "Σ -d·log x - (1-d)·log(1-x)",
    lambda x, d: tfd.Bernoulli(probs=_clipped(x)).log_prob(d),
)
OTHER_FORMS: tuple[LikelihoodForm, ...] = (
    CROSS_ENTROPY,
    CROSS_ENTROPY_OF_LOGITS,
    SQUARED_ERROR,
    CONTINUOUS_BERNOULLI,
    CONTINUOUS_BERNOULLI_OF_LOGITS,
    SWAPPED_CROSS_ENTROPY,
    LikelihoodForm(
        "the squared error of the sigmoid of the decoder's output",
        "½ Σ(x - sigmoid(d))²",
        lambda x, d: tfd.Normal(tf.sigmoid(d), tf.ones([], d.dtype)).log_prob(x),
        free_weight=True,
    ),
    LikelihoodForm(
        "the absolute error",
        "Σ|x - d|",
        lambda x, d: tfd.Laplace(d, tf.ones([], d.dtype)).log_prob(x),
        free_weight=True,
    ),
    LikelihoodForm(
        "one half of the cross-entropy, Σ -x·log d alone",
        "Σ -x·log d",
        lambda x, d: x * tfd.Bernoulli(probs=d).log_prob(tf.ones_like(x)),
    ),
    LikelihoodForm(
        "one half of the cross-entropy, Σ -(1-x)·log(1-d) alone",
        "Σ -(1-x)·log(1-d)",
        lambda x, d: (1.0 - x) * tfd.Bernoulli(probs=d).log_prob(tf.zeros_like(x)),
    ),
)


def _density(name: str, formula: str, loss: Callable[[tf.Tensor], tf.Tensor]) -> LikelihoodForm:
    return LikelihoodForm(name, formula, lambda x, d: -loss(x - d), free_weight=True)


OTHER_FORMS += (
    _density(
        "the Huber loss",
        "Σ huber(x - d)",
        lambda e: tf.where(tf.abs(e) <= 1.0, 0.5 * e * e, tf.abs(e) - 0.5),
    ),
    _density("the log-cosh loss", "Σ log cosh(x - d)", lambda e: tf.math.log(tf.cosh(e))),
)


def guarded_forms(declared: LikelihoodForm) -> tuple[LikelihoodForm, ...]:
    """The declared form with a small number added inside its logarithms."""
    if declared is not CROSS_ENTROPY:
        return ()

    def guarded(guard: float) -> LikelihoodForm:
        return LikelihoodForm(
            f"{declared.name}, with {guard:g} inside the logarithms",
            f"Σ -x·log(d + {guard:g}) - (1-x)·log(1-d + {guard:g})",
            lambda x, d: x * tf.math.log(d + guard) + (1.0 - x) * tf.math.log(1.0 - d + guard),
            stands_for=declared.name,
        )

    return tuple(guarded(10.0**-power) for power in (6, 5, 4, 3, 2))


def _optimal(name: str, formula: str, axes: str) -> LikelihoodForm:
    def of_batch(x: Array, d: Array) -> Array:
        points, batch = x.shape[:2]
        squares = ((x - d) ** 2).reshape(points, batch, -1)
        size = squares.shape[-1]
        if axes == "all, softly clipped":
            mean = squares.mean((1, 2))
            log_scale = np.logaddexp(0.0, 0.5 * np.log(mean) + 6.0) - 6.0
            return np.asarray(size * (log_scale + 0.5 * mean * np.exp(-2.0 * log_scale) - 0.5))
        if axes == "all":
            return np.asarray(0.5 * size * np.log(squares.mean((1, 2))))
        if axes == "example":
            return np.asarray(0.5 * size * np.log(squares.mean(2)).mean(1))
        return np.asarray(0.5 * np.log(squares.mean(1)).sum(1))

    return LikelihoodForm(
        name,
        formula,
        SQUARED_ERROR.log_prob,
        stands_for=SQUARED_ERROR.name,
        remark="optimal",
        of_batch=of_batch,
    )


# The maximum over σ of a Normal log-likelihood (Rybkin et al., Simple and Effective VAE Training
# with Calibrated Decoders, 2021, equation 6).
OPTIMAL_SCALES = (
    _optimal("the squared error at its optimal scale", "½ D log mean (x - d)²", "all"),
    _optimal(
        "the squared error at each example's optimal scale", "½ D log mean_D (x - d)²", "example"
    ),
    _optimal("the squared error at each entry's optimal scale", "½ Σ log mean_B (x - d)²", "entry"),
    _optimal(
        "the squared error at its optimal scale, softly kept above e⁻⁶",
        "D (log σ + mean (x - d)²/(2 σ²)), log σ = softplus(½ log mean (x - d)² + 6) - 6",
        "all, softly clipped",
    ),
)


def decoder_log_variance(decoder_output: Array) -> Array:
    """The second decoder output that goes with a mean: positive, so that it may be a scale too."""
    return np.asarray(0.4 + 0.25 * np.sin(3.0 * decoder_output))


def _learned(what: str, scale: Callable[[tf.Tensor], tf.Tensor], formula: str) -> LikelihoodForm:
    def log_prob(x: tf.Tensor, d: tf.Tensor) -> tf.Tensor:
        second = tf.constant(decoder_log_variance(np.asarray(d)))
        return tfd.Normal(d, scale(second)).log_prob(x)

    return LikelihoodForm(
        f"the Normal's negative log-density, the second decoder output read as {what}",
        formula,
        log_prob,
    )


LEARNED_SCALES = (
    _learned("log σ²", lambda v: tf.exp(v / 2.0), "½ Σ((x - d)²/eᵛ + v + log 2π)"),
    _learned("log σ", tf.exp, "½ Σ((x - d)²/e²ᵛ + 2v + log 2π)"),
    _learned("σ²", tf.sqrt, "½ Σ((x - d)²/v + log v + log 2π)"),
    _learned("σ", lambda v: v, "½ Σ((x - d)²/v² + log v² + log 2π)"),
)

DECLARED_FORMS = {
    ("bernoulli", "probs"): CROSS_ENTROPY,
    ("bernoulli", "mean"): CROSS_ENTROPY,
    ("bernoulli", "logits"): CROSS_ENTROPY_OF_LOGITS,
    ("continuous_bernoulli", "probs"): CONTINUOUS_BERNOULLI,
    ("continuous_bernoulli", "logits"): CONTINUOUS_BERNOULLI_OF_LOGITS,
    ("normal", "mean"): SQUARED_ERROR,
    ("normal", "probs"): SQUARED_ERROR,
}
