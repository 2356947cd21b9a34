# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""Composes right losses with what people change on purpose, in any framework, order and form."""

import importlib.util
import math
from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

LATENTS = 5
WRITTEN_BATCH_SIZE = 64
PRIOR = (0.5, 2.0)


def _numpy():
    return SimpleNamespace(
        log=np.log, exp=np.exp, sqrt=np.sqrt, softplus=lambda a: np.logaddexp(0.0, a), abs=np.abs,
        sum=lambda a, axis: np.sum(a, axis=axis), mean=lambda a, axis=None: np.mean(a, axis=axis),
        floor=np.maximum, clip=np.clip,
    )  # fmt: skip


def _tensorflow():
    return SimpleNamespace(
        log=tf.math.log, exp=tf.exp, sqrt=tf.sqrt, softplus=tf.nn.softplus, abs=tf.abs,
        sum=tf.reduce_sum, mean=tf.reduce_mean,
        floor=lambda a, b: tf.maximum(a, tf.cast(b, a.dtype)), clip=tf.clip_by_value,
    )  # fmt: skip


def _keras():
    ops = keras.ops
    return SimpleNamespace(
        log=ops.log, exp=ops.exp, sqrt=ops.sqrt, softplus=ops.softplus, abs=ops.abs,
        sum=ops.sum, mean=ops.mean, floor=lambda a, b: ops.maximum(a, ops.cast(b, a.dtype)),
        clip=ops.clip,
    )  # fmt: skip


def _torch():
    import torch

    def mean(a, axis=None):
        return torch.mean(a) if axis is None else torch.mean(a, dim=axis)

    return SimpleNamespace(
        log=torch.log, exp=torch.exp, sqrt=torch.sqrt, softplus=torch.nn.functional.softplus,
        abs=torch.abs, sum=lambda a, axis: torch.sum(a, dim=axis), mean=mean,
        floor=lambda a, b: torch.clamp(a, min=b), clip=torch.clamp,
    )  # fmt: skip


def _jax():
    import jax

    jnp = jax.numpy
    return SimpleNamespace(
        log=jnp.log, exp=jnp.exp, sqrt=jnp.sqrt, softplus=jax.nn.softplus, abs=jnp.abs,
        sum=lambda a, axis: jnp.sum(a, axis=axis), mean=lambda a, axis=None: jnp.mean(a, axis=axis),
        floor=jnp.maximum, clip=jnp.clip,
    )  # fmt: skip


FRAMEWORKS = {"numpy": _numpy, "tf": _tensorflow, "keras": _keras}
FRAMEWORKS |= {
    name: make
    for name, make in (("torch", _torch), ("jax", _jax))
    if importlib.util.find_spec(name) is not None
}

# What s is -> (its names, the scale).
SCALES = {
    "σ": (("sigma", "std"), lambda o, s: s),
    "log σ": (("log_sigma", "log_std"), lambda o, s: o.exp(s)),
    "log σ²": (("logvar", "z_log_var"), lambda o, s: o.exp(0.5 * s)),
    "0.1 + softplus": (("s", "rho"), lambda o, s: o.softplus(s) + 0.1),
    "√(0.01 + eˢ)": (("s", "log_var"), lambda o, s: o.sqrt(o.exp(s) + 0.01)),
}
NAMES = {
    "x": ("x", "y_true", "inputs", "target"),
    "d": ("recon_x", "y_pred", "x_hat", "reconstruction"),
    "m": ("mu", "z_mean", "mean", "loc"),
}
CHANGES = {
    "none": set(),
    "free bits of each latent": {"free-bits"},
    "free bits of each example": {"free-bits"},
    "free bits of the batch": {"free-bits"},
    "capacity": {"capacity"},
    "hinge": {"capacity"},
}


@dataclass(frozen=True)
class MeantLoss:
    framework: str
    names: dict
    order: tuple
    result: str
    likelihood: str
    event_shape: tuple
    averaged_axis: int | None
    scale: str
    with_sampler: bool
    change: str
    prior: str
    batch: str
    part: str

    def arguments(self):
        declared = {
            "likelihood": self.likelihood,
            "decoder_output": "mean" if self.likelihood == "normal" else "probs",
            "event_shape": self.event_shape,
            "latent_size": LATENTS,
        }
        if self.prior == "declared":
            declared["prior"] = PRIOR
        if self.batch == "declared":
            declared["batch_size"] = WRITTEN_BATCH_SIZE
        return declared

    def loss(self):
        o = FRAMEWORKS[self.framework]()
        roles = [r for r in self.order if self.part == "whole" or (r in "xd") == (self.part == "d")]

        def value(**given):
            terms = []
            if self.part != "m":
                rows = self._likelihood(o, given["x"], given["d"])
                if self.batch != "none":
                    rows = o.sum(rows, 0) / WRITTEN_BATCH_SIZE
                terms.append(rows)
            if self.part != "d":
                terms.append(self._kl(o, given["m"], given["s"]))
            if self.result == "scalar":
                terms = [o.mean(term) for term in terms]
            total = sum(terms[1:], terms[0])
            return {
                "column": lambda: total[:, None],
                "tuple": lambda: (o.mean(total), *terms),
                "dict": lambda: {"kl": terms[-1], "loss": o.mean(total)},
            }.get(self.result, lambda: total)()

        names = {self.names[role]: role for role in roles}
        listed = ", ".join(names)
        space = {"value": value}
        given = ", ".join(f"{role}={name}" for name, role in names.items())
        exec(f"def loss({listed}):\n    return value({given})", space)
        return space["loss"]

    def _likelihood(self, o, x, d):
        axes = tuple(range(1, 1 + len(self.event_shape)))
        if self.likelihood == "normal":
            each = 0.5 * (x - d) ** 2
        else:
            p = o.clip(d, 1e-6, 1.0 - 1e-6)
            each = -x * o.log(p) - (1.0 - x) * o.log(1.0 - p)
        if self.averaged_axis is None:
            return o.sum(each, axes)
        return o.sum(o.mean(each, 1 + self.averaged_axis), axes[:-1])

    def _kl(self, o, m, s):
        scale = SCALES[self.scale][1](o, s)
        mean, variance = (0.0, 1.0) if self.prior == "standard" else PRIOR
        moments = ((m - mean) ** 2 + scale**2) / variance
        each = 0.5 * (moments - 1.0 + math.log(variance)) - o.log(scale)
        if self.change == "free bits of each latent":
            return o.sum(o.floor(each, 0.3), -1)
        kl = o.sum(each, -1)
        if self.change == "free bits of each example":
            return o.floor(kl, 2.0)
        return {
            "free bits of the batch": lambda: o.floor(o.mean(kl), 2.0),
            "capacity": lambda: o.abs(o.mean(kl) - 4.0),
            "hinge": lambda: o.floor(o.mean(kl) - 4.0, 0.0),
        }.get(self.change, lambda: kl)()

    def sampler(self):
        if not self.with_sampler or self.part == "d":
            return None
        scale = SCALES[self.scale][1]
        o = FRAMEWORKS["numpy"]()

        def sampler(mean, s):
            return np.asarray(mean) + scale(o, np.asarray(s)) * np.random.normal(size=mean.shape)

        return sampler

    def codes(self):
        codes = set()
        if self.part != "m":
            codes |= {"fixed-scale"} if self.likelihood == "normal" else set()
            codes |= {"likelihood-reduction"} if self.averaged_axis is not None else set()
            codes |= {"batch-reduction"} if self.batch == "undeclared" else set()
        if self.part != "d":
            codes |= CHANGES[self.change] | ({"prior"} if self.prior == "undeclared" else set())
        if self.part != "whole":
            codes.add("part")
        return codes


@st.composite
def meant_losses(draw):
    """Draws right losses with a change or two that is meant."""

    def mostly(usual, *others):
        return draw(st.sampled_from([usual, usual, *others]))

    scale = draw(st.sampled_from(sorted(SCALES)))
    names = {role: draw(st.sampled_from(pool)) for role, pool in NAMES.items()}
    names["s"] = draw(st.sampled_from(SCALES[scale][0]))
    part = mostly("whole", "whole", "whole", "m", "d")
    event_shape = draw(st.sampled_from([(24,), (6, 4, 2), (5, 4, 3)]))
    averaged = mostly(None, 0, 2) if len(event_shape) == 3 and part != "m" else None
    whole = averaged is None and part == "whole"
    batch = mostly("none", "declared", "undeclared") if whole else "none"
    change = mostly("none", *sorted(set(CHANGES) - {"none"}))
    of_batch = change in ("free bits of the batch", "capacity", "hinge") or batch != "none"
    results = (
        ("scalar", "rows", "column", "tuple", "dict") if part == "whole" else ("scalar", "rows")
    )
    return MeantLoss(
        framework=mostly("numpy", *sorted(FRAMEWORKS)),
        names=names,
        order=tuple(draw(st.permutations("xdms"))),
        result="scalar" if of_batch else draw(st.sampled_from(results)),
        likelihood=draw(st.sampled_from(["bernoulli", "normal"])),
        event_shape=event_shape,
        averaged_axis=averaged,
        scale=scale,
        with_sampler=draw(st.integers(0, 3)) == 0,
        change=change if part != "d" else "none",
        prior=mostly("standard", "standard", "declared", "undeclared"),
        batch=batch,
        part=part,
    )
