# ruff: noqa: RUF001, RUF002 - the Greek letter sigma is meant
"""The ways to read the second encoder output as a scale, and the KL divergence under each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.audit.calls.frameworks import TENSORFLOW
from tfp_vae.audit.scales.dialects import DIALECTS

tfd = tfp.distributions
Array = np.ndarray


@dataclass(frozen=True)
class Reading:
    """One way to read the second encoder output s as a scale σ.

    Attributes:
        name: What s is.
        scale: s -> σ.
        scale_template: The same as a line of code, of `{s}`.
        formula: The KL divergence from N(0, 1) as a formula.
        kl_template: Its terms as a line of code, of `{mean}` and `{s}`; empty to write them of σ.
        atoms: The functions of s that the KL divergence is made of.
        positive_only: Whether s itself must be positive.
        equation: What ties s to σ.
        limits: Where s is clipped first, None for no limit.
        scaled: The reading by a multiple of the scale; None if the scale is what it is.
    """

    name: str
    scale: Callable[[tf.Tensor], tf.Tensor]
    scale_template: str
    formula: str
    kl_template: str
    atoms: frozenset[str]
    positive_only: bool = False
    equation: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    scaled: Callable[[float], "Reading"] | None = None

    def __str__(self) -> str:
        return self.equation or f"s = {self.name}"

    @property
    def is_measured(self) -> bool:
        """Whether the scale is known only up to a factor near 1."""
        return self.scaled is not None

    @property
    def scale_code(self) -> str:
        """The scale as a line of TensorFlow."""
        return DIALECTS[TENSORFLOW].expression(self.scale_template, s="s")

    def scale_of(self, second_output: Array) -> Array:
        """The scale σ of an array of second encoder outputs."""
        return np.asarray(self.scale(tf.constant(second_output, tf.float64)))

    def divergences(
        self, encoder_outputs: tuple[Array, ...], prior: tuple[float, float] = (0.0, 1.0)
    ) -> Array:
        """KL(N(μ, σ) ‖ p) of every latent, in nats, of the shape of the encoder's outputs.

        Args:
            encoder_outputs: The mean, and the second output if there is one.
            prior: The mean and the variance of the normal prior p.
        """
        loc = tf.constant(encoder_outputs[0])
        second = encoder_outputs[1] if len(encoder_outputs) > 1 else np.ones_like(loc)
        posterior = tfd.Normal(loc, self.scale(tf.constant(second)))
        mean, variance = prior
        prior_object = tfd.Normal(
            tf.constant(mean, tf.float64), tf.constant(np.sqrt(variance), tf.float64)
        )
        return np.asarray(tfd.kl_divergence(posterior, prior_object))


SCALE = Reading(
    "σ",
    lambda s: s,
    "{s}",
    "½ Σ(μ² + s² - log s² - 1)",
    "{mean}**2 + {s}**2 - {log}({s}**2) - 1.0",
    frozenset({"s²", "log s²"}),
    positive_only=True,
)
VARIANCE = Reading(
    "σ²",
    tf.sqrt,
    "{sqrt}({s})",
    "½ Σ(μ² + s - log s - 1)",
    "{mean}**2 + {s} - {log}({s}) - 1.0",
    frozenset({"s", "log s²"}),
    positive_only=True,
)
LOG_SCALE = Reading(
    "log σ",
    tf.exp,
    "{exp}({s})",
    "½ Σ(μ² + e²ˢ - 2s - 1)",
    "{mean}**2 + {exp}(2.0 * {s}) - 2.0 * {s} - 1.0",
    frozenset({"e²ˢ", "s"}),
)
LOG_VARIANCE = Reading(
    "log σ²",
    lambda s: tf.exp(s / 2.0),
    "{exp}({s} / 2.0)",
    "½ Σ(μ² + eˢ - s - 1)",
    "{mean}**2 + {exp}({s}) - {s} - 1.0",
    frozenset({"eˢ", "s"}),
)
SOFTPLUS = Reading(
    "softplus⁻¹ σ",
    tf.nn.softplus,
    "{softplus}({s})",
    "½ Σ(μ² + softplus(s)² - log softplus(s)² - 1)",
    "{mean}**2 + {softplus}({s})**2 - 2.0 * {log}({softplus}({s})) - 1.0",
    frozenset({"softplus(s)²", "log softplus(s)²"}),
)
READINGS = (SCALE, VARIANCE, LOG_SCALE, LOG_VARIANCE, SOFTPLUS)

UNIT_SCALE = Reading(
    "no second output: σ = 1",
    tf.ones_like,
    "1.0",
    "½ Σμ²",
    "{mean}**2",
    frozenset(),
)
OF_SIGMA = "½ Σ(μ² + σ² - log σ² - 1)"


def other_scale(
    equation: str,
    scale: Callable[[tf.Tensor], tf.Tensor],
    template: str,
    *,
    positive_only: bool,
    scaled: Callable[[float], Reading] | None = None,
) -> Reading:
    """A reading by another function of s.

    Args:
        equation: The function in words, such as "σ = 0.1 + softplus(s)".
        scale: The function.
        template: The function as code; empty if it is not known.
        positive_only: Whether s must be positive.
        scaled: The reading by a multiple of the scale.
    """
    return Reading(
        equation,
        scale,
        template,
        f"{OF_SIGMA}, {equation}",
        "",
        frozenset(),
        positive_only,
        equation,
        scaled=scaled,
    )
