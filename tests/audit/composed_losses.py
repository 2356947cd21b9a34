# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""Losses composed of choices, of which some are mistakes."""

import math
from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

TF = SimpleNamespace(
    log=tf.math.log, exp=tf.exp, sqrt=tf.sqrt, softplus=tf.nn.softplus, abs=tf.abs,
    sum=tf.reduce_sum, mean=tf.reduce_mean, clip=tf.clip_by_value,
    shape=lambda a: a.shape,
)  # fmt: skip
KERAS = SimpleNamespace(
    log=keras.ops.log, exp=keras.ops.exp, sqrt=keras.ops.sqrt, softplus=keras.ops.softplus,
    abs=keras.ops.abs, sum=keras.ops.sum, mean=keras.ops.mean, clip=keras.ops.clip,
    shape=lambda a: a.shape,
)  # fmt: skip
NUMPY = SimpleNamespace(
    log=np.log, exp=np.exp, sqrt=np.sqrt, softplus=lambda a: np.logaddexp(0.0, a), abs=np.abs,
    sum=np.sum, mean=np.mean, clip=np.clip, shape=np.shape,
)  # fmt: skip
STYLES = {"tf": TF, "keras": KERAS, "keras losses": KERAS, "numpy": NUMPY}

# What the scale-like output is -> the two terms in s of twice the KL: growth and logarithm.
GROWTH = {
    "σ": lambda o, s: s * s,
    "σ²": lambda o, s: s,
    "log σ": lambda o, s: o.exp(2.0 * s),
    "log σ²": lambda o, s: o.exp(s),
    "softplus": lambda o, s: o.softplus(s) * o.softplus(s),
}
LOGARITHM = {
    "σ": lambda o, s: o.log(s * s),
    "σ²": lambda o, s: o.log(s),
    "log σ": lambda o, s: 2.0 * s,
    "log σ²": lambda o, s: s,
    "softplus": lambda o, s: 2.0 * o.log(o.softplus(s)),
}
SCALES = {
    "σ": lambda s: s,
    "σ²": tf.sqrt,
    "log σ": tf.exp,
    "log σ²": lambda s: tf.exp(0.5 * s),
    "softplus": tf.nn.softplus,
}
# A mistake in the KL's formula -> the factors of μ², of the growth and of the logarithm.
FORMULAS = {
    "right": (1.0, 1.0, 1.0),
    "logarithm halved": (1.0, 1.0, 0.5),
    "no logarithm": (1.0, 1.0, 0.0),
    "no growth": (1.0, 0.0, 1.0),
    "no mean": (0.0, 1.0, 1.0),
    "mean's sign": (-1.0, 1.0, 1.0),
    "logarithm's sign": (1.0, 1.0, -1.0),
    "mean doubled": (2.0, 1.0, 1.0),
}

NOISES = {
    "right": None,
    "none": "no noise",
    "half": "spread",
    "shifted": "centre",
    "rows": "the same for all rows",
    "latents": "the same for all latents",
    "uniform": "not normal",
}
# How the two terms are brought together: (likelihood, KL, what is returned).
BATCHES = (
    ("rows", "rows", "mean"),
    ("mean", "mean", "scalar"),
    ("rows", "rows", "rows"),
    ("rows", "rows", "sum"),
    ("sum", "mean", "scalar"),
    ("mean", "sum", "scalar"),
    ("mean", "rows", "rows"),
    ("sum", "rows", "rows"),
    ("rows", "mean", "rows"),
    ("mean", "rows", "mean"),
)


@dataclass(frozen=True)
class Composition:
    style: str
    likelihood: str
    decoder_output: str
    form: str
    guard: str
    likelihood_weight: float
    likelihood_sign: int
    likelihood_reduction: str
    reading: str
    formula: str
    kl_present: bool
    kl_weight: float
    kl_sign: int
    kl_reduction: str
    expected_kl_weight: float
    batch: tuple[str, str, str]
    overall: str
    constant: float
    event_shape: tuple[int, ...]
    latent_size: int
    sampler_reading: str | None
    noise: str

    @property
    def event_size(self):
        return math.prod(self.event_shape)

    def arguments(self):
        return {
            "likelihood": self.likelihood,
            "decoder_output": self.decoder_output,
            "event_shape": self.event_shape,
            "latent_size": self.latent_size,
            "expected_kl_weight": self.expected_kl_weight,
        }

    def loss(self):
        o = STYLES[self.style]

        def loss(x, d, m, s):
            size = float(math.prod(o.shape(x)[1:]))
            likelihood = self._likelihood_rows(o, x, d) * (
                self.likelihood_sign * self.likelihood_weight
            )
            kl = self._kl_rows(o, m, s, size) * (self.kl_sign * self.kl_weight)
            first, second, returned = self.batch
            reduce = {"rows": lambda v: v, "mean": o.mean, "sum": o.sum}
            value = reduce[first](likelihood)
            if self.kl_present:
                value = value + reduce[second](kl)
            value = value * {"1": 1.0, "0.1": 0.1, "1/D": 1.0 / size}[self.overall]
            if returned in ("mean", "sum"):
                value = reduce[returned](value)
            return value + self.constant if self.constant else value

        return loss

    def _likelihood_rows(self, o, x, d):
        axes = tuple(range(1, len(self.event_shape) + 1))
        size = math.prod(o.shape(x)[1:])
        if self.style == "keras losses" and self.form in ("cross-entropy", "logits", "squared"):
            function = {
                "cross-entropy": keras.losses.binary_crossentropy,
                "logits": lambda a, b: keras.losses.binary_crossentropy(a, b, from_logits=True),
                "squared": keras.losses.mean_squared_error,
            }[self.form]
            mean = o.mean(function(x, d), axis=axes[:-1]) if len(axes) > 1 else function(x, d)
            if self.likelihood_reduction == "mean":
                return mean
            hard_coded = self.likelihood_reduction == "mean times a number"
            return mean * float(self.event_size if hard_coded else size)
        each = self._elementwise(o, x, d)
        if self.likelihood_reduction == "sum":
            return o.sum(each, axis=axes)
        mean = o.mean(each, axis=axes)
        return mean if self.likelihood_reduction == "mean" else mean * float(self.event_size)

    def _elementwise(self, o, x, d):
        if self.form == "squared":
            return (x - d) * (x - d)
        if self.form == "logits":
            return o.softplus(d) - x * d
        if self.form == "cross-entropy":
            if self.guard == "clip":
                d = o.clip(d, 1e-6, 1.0 - 1e-6)
            extra = 1e-7 if self.guard == "epsilon" else 0.0
            return -x * o.log(d + extra) - (1.0 - x) * o.log(1.0 - d + extra)
        # The continuous Bernoulli's log-normaliser, from its published formula.
        if self.form == "continuous":
            d = o.clip(d, 1e-6, 1.0 - 1e-6)
            d = d + 1e-5 * o.exp(-1e8 * (d - 0.5) * (d - 0.5))
            plain = -x * o.log(d) - (1.0 - x) * o.log(1.0 - d)
            return plain - o.log(o.abs((o.log(1.0 - d) - o.log(d)) / (1.0 - 2.0 * d)))
        raise AssertionError(self.form)

    def _kl_rows(self, o, m, s, size):
        of_mean, of_growth, of_logarithm = FORMULAS[self.formula]
        terms = -1.0 + of_mean * m * m
        if of_growth:
            terms = terms + of_growth * GROWTH[self.reading](o, s)
        if of_logarithm:
            terms = terms - of_logarithm * LOGARITHM[self.reading](o, s)
        if self.kl_reduction == "mean":
            return 0.5 * o.mean(terms, axis=-1)
        rows = 0.5 * o.sum(terms, axis=-1)
        return rows / size if self.kl_reduction == "by event size" else rows

    def sampler(self):
        if self.sampler_reading is None:
            return None

        def sampler(m, s):
            shape = tf.shape(m)
            shape = {
                "rows": tf.stack([1, shape[1]]),
                "latents": tf.stack([shape[0], 1]),
            }.get(self.noise, shape)
            noise = tf.random.normal(shape, dtype=m.dtype)
            noise = {
                "none": 0.0 * noise,
                "half": 0.5 * noise,
                "shifted": noise + 0.5,
                "uniform": math.sqrt(12.0) * (tf.random.uniform(shape, dtype=m.dtype) - 0.5),
            }.get(self.noise, noise)
            return m + SCALES[self.sampler_reading](s) * noise

        return sampler


DECLARATIONS = {
    ("bernoulli", "probs"): ("cross-entropy", "logits", "squared"),
    ("bernoulli", "mean"): ("cross-entropy",),
    ("bernoulli", "logits"): ("logits", "cross-entropy", "squared"),
    ("normal", "mean"): ("squared", "cross-entropy"),
    ("normal", "probs"): ("squared",),
    ("continuous_bernoulli", "probs"): ("continuous", "cross-entropy", "squared"),
}


@st.composite
def compositions(draw):
    """Draws compositions, of which each choice is right more often than wrong."""

    def mostly(right, *wrong):
        return draw(st.sampled_from([right, right, *wrong]))

    declaration = draw(st.sampled_from(sorted(DECLARATIONS)))
    forms = DECLARATIONS[declaration]
    style = draw(st.sampled_from(sorted(STYLES)))
    reading = draw(st.sampled_from(sorted(GROWTH)))
    expected = draw(st.sampled_from([1.0, 1.0, 4.0]))
    with_sampler = draw(st.booleans())
    reduction = mostly("sum", "mean", "mean times a number")
    weight = mostly(1.0, 0.5, 3.0, 0.1)
    overall = mostly("1", "1", "0.1", "1/D")
    if reduction == "mean times a number":
        # 0.1 times a mean times 40 cannot be distinguished from 4 times a mean.
        weight, overall = max(weight, 0.5), overall.replace("0.1", "1")
    return Composition(
        style=style,
        likelihood=declaration[0],
        decoder_output=declaration[1],
        form=mostly(*forms),
        guard=draw(st.sampled_from(["clip", "epsilon", "clip", "none"])),
        likelihood_weight=weight,
        likelihood_sign=mostly(1, -1),
        likelihood_reduction=reduction,
        reading=reading,
        formula=mostly("right", "right", "right", *sorted(set(FORMULAS) - {"right"})),
        kl_present=mostly(True, True, True, False),
        kl_weight=expected * mostly(1.0, 0.5, 2.0, 0.00025),
        kl_sign=mostly(1, -1),
        kl_reduction=mostly("sum", "mean", "by event size"),
        expected_kl_weight=expected,
        batch=draw(st.sampled_from(BATCHES)),
        overall=overall,
        constant=mostly(0.0, 0.0, 5.0),
        event_shape=draw(st.sampled_from([(36,), (40,), (8, 5), (6, 6, 1), (100,)])),
        latent_size=draw(st.sampled_from([5, 7])),
        sampler_reading=mostly(reading, *sorted(GROWTH)) if with_sampler else None,
        noise=mostly("right", "right", *sorted(set(NOISES) - {"right"})),
    )
