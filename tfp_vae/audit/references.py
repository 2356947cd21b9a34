# ruff: noqa: RUF001, RUF002 - the Greek letter sigma is meant
"""The log-likelihoods and KL divergences that a loss is compared with."""

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
    """

    name: str
    formula: str
    log_prob: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    free_weight: bool = False

    def negative_log_likelihood(self, x: Array, decoder_output: Array) -> Array:
        """The batch mean of -log p(x|z), in nats, of `[points, B, *event_shape]` arrays."""
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
OTHER_FORMS = (
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

DECLARED_FORMS = {
    ("bernoulli", "probs"): CROSS_ENTROPY,
    ("bernoulli", "mean"): CROSS_ENTROPY,
    ("bernoulli", "logits"): CROSS_ENTROPY_OF_LOGITS,
    ("continuous_bernoulli", "probs"): CONTINUOUS_BERNOULLI,
    ("continuous_bernoulli", "logits"): CONTINUOUS_BERNOULLI_OF_LOGITS,
    ("normal", "mean"): SQUARED_ERROR,
    ("normal", "probs"): SQUARED_ERROR,
}


@dataclass(frozen=True)
class Reading:
    """One way to read the second encoder output s as a scale σ.

    Attributes:
        name: What s is.
        scale: s -> σ.
        scale_code: The same as a line of TensorFlow.
        formula: The KL divergence as a formula.
        kl_code: The same as a line of TensorFlow, per example.
        atoms: The functions of s that the KL divergence is made of.
        positive_only: Whether s itself must be positive.
    """

    name: str
    scale: Callable[[tf.Tensor], tf.Tensor]
    scale_code: str
    formula: str
    kl_code: str
    atoms: frozenset[str]
    positive_only: bool = False

    def scale_of(self, second_output: Array) -> Array:
        """The scale σ of an array of second encoder outputs."""
        return np.asarray(self.scale(tf.constant(second_output, tf.float64)))

    def kl_divergence(self, encoder_outputs: tuple[Array, ...]) -> Array:
        """The batch mean of KL(N(μ, σ) ‖ N(0, 1)), in nats, of `[points, B, K]` arrays."""
        loc = tf.constant(encoder_outputs[0])
        second = encoder_outputs[1] if len(encoder_outputs) > 1 else np.ones_like(loc)
        posterior = tfd.Normal(loc, self.scale(tf.constant(second)))
        prior = tfd.Normal(tf.zeros([], tf.float64), tf.ones([], tf.float64))
        divergences = np.asarray(tfd.kl_divergence(posterior, prior))
        means: Array = divergences.sum(-1).mean(-1)
        return means


SCALE = Reading(
    "σ",
    lambda s: s,
    "s",
    "½ Σ(μ² + s² - log s² - 1)",
    "0.5 * tf.reduce_sum(mean**2 + s**2 - tf.math.log(s**2) - 1.0, axis=-1)",
    frozenset({"s²", "log s²"}),
    positive_only=True,
)
VARIANCE = Reading(
    "σ²",
    tf.sqrt,
    "tf.sqrt(s)",
    "½ Σ(μ² + s - log s - 1)",
    "0.5 * tf.reduce_sum(mean**2 + s - tf.math.log(s) - 1.0, axis=-1)",
    frozenset({"s", "log s²"}),
    positive_only=True,
)
LOG_SCALE = Reading(
    "log σ",
    tf.exp,
    "tf.exp(s)",
    "½ Σ(μ² + e²ˢ - 2s - 1)",
    "0.5 * tf.reduce_sum(mean**2 + tf.exp(2.0 * s) - 2.0 * s - 1.0, axis=-1)",
    frozenset({"e²ˢ", "s"}),
)
LOG_VARIANCE = Reading(
    "log σ²",
    lambda s: tf.exp(s / 2.0),
    "tf.exp(s / 2.0)",
    "½ Σ(μ² + eˢ - s - 1)",
    "0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1.0, axis=-1)",
    frozenset({"eˢ", "s"}),
)
SOFTPLUS = Reading(
    "softplus⁻¹ σ",
    tf.nn.softplus,
    "tf.nn.softplus(s)",
    "½ Σ(μ² + softplus(s)² - log softplus(s)² - 1)",
    "0.5 * tf.reduce_sum(\n"
    "        mean**2 + tf.nn.softplus(s)**2 - 2.0 * tf.math.log(tf.nn.softplus(s)) - 1.0, axis=-1)",
    frozenset({"softplus(s)²", "log softplus(s)²"}),
)
READINGS = (SCALE, VARIANCE, LOG_SCALE, LOG_VARIANCE, SOFTPLUS)

UNIT_SCALE = Reading(
    "no second output: σ = 1",
    tf.ones_like,
    "1.0",
    "½ Σμ²",
    "0.5 * tf.reduce_sum(mean**2, axis=-1)",
    frozenset(),
)
