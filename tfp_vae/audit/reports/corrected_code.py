"""Writes the code that computes the right loss: by hand, and with distribution objects."""

from dataclasses import dataclass, field

from tfp_vae.audit.calls.argument_names import (
    DECODER,
    DECODER_LOG_VARIANCE,
    ENCODED,
    MEAN,
    SECOND,
    X,
)
from tfp_vae.audit.calls.frameworks import TENSORFLOW, TORCH
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.scales.dialects import DIALECTS
from tfp_vae.audit.scales.readings import LOG_VARIANCE, UNIT_SCALE, Reading
from tfp_vae.audit.terms.kl_model import STANDARD, Floor, KLModel

_TFD = {
    ("bernoulli", "probs"): "tfd.Bernoulli(probs=tf.clip_by_value({d}, 1e-6, 1.0 - 1e-6))",
    ("bernoulli", "logits"): "tfd.Bernoulli(logits={d})",
    (
        "continuous_bernoulli",
        "probs",
    ): "tfd.ContinuousBernoulli(probs=tf.clip_by_value({d}, 1e-6, 1.0 - 1e-6))",
    ("continuous_bernoulli", "logits"): "tfd.ContinuousBernoulli(logits={d})",
    ("normal", "mean"): "tfd.Normal({d}, {scale})",
}
# -log p of each entry, without a distribution object; `p` is the clipped probability.
_BY_HAND = {
    ("bernoulli", "probs"): "-({x} * {log}(p) + (1.0 - {x}) * {log}(1.0 - p))",
    ("bernoulli", "logits"): "{softplus}({d}) - {x} * {d}",
    ("continuous_bernoulli", "probs"): (
        "-({x} * {log}(p) + (1.0 - {x}) * {log}(1.0 - p))\n"
        "    c = 1.0 - 2.0 * p + 1e-4\n"
        "    nll = nll - {log}(({log}(1.0 + c) - {log}(1.0 - c)) / c)"
    ),
    ("continuous_bernoulli", "logits"): (
        "{softplus}({d}) - {x} * {d}\n"
        "    c = {tanh}(-0.5 * {d}) + 1e-4\n"
        "    nll = nll - {log}(({log}(1.0 + c) - {log}(1.0 - c)) / c)"
    ),
    ("normal", "mean"): "0.5 * (({x} - {d}) / {scale})**2",
}
_LEARNED_BY_HAND = "0.5 * (({x} - {d})**2 / {exp}({v}) + {v} + 1.8378770664093453)"
_CLASSES = {
    "bernoulli": "Bernoulli",
    "continuous_bernoulli": "ContinuousBernoulli",
    "normal": "Normal",
}


@dataclass(frozen=True)
class Correction:
    """What a corrected loss keeps of the one that was read.

    Attributes:
        likelihood: The declared likelihood.
        decoder_output: How the decoder's output is read.
        event_rank: The number of axes of one example.
        model: The KL; that of the log-variance if None.
        kl_weight: The KL's weight.
        encoder_output_count: How many outputs the encoder has.
        framework: The framework to write in.
        binding: The loss's own names, None for x, d, mean, s.
        normal_scale: The scale of a Normal likelihood.
        latent_rank: The number of axes of one example's latents.
    """

    likelihood: str
    decoder_output: str
    event_rank: int
    model: KLModel | None
    kl_weight: float
    encoder_output_count: int
    framework: str = TENSORFLOW
    binding: Binding | None = None
    normal_scale: float = 1.0
    latent_rank: int = 1
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {X: "x", DECODER: "d", MEAN: "mean", SECOND: "s"}
        if self.binding is not None:
            names |= {role: name for name, role in self.binding.parameters}
        object.__setattr__(self, "names", names)

    @property
    def kl_model(self) -> KLModel:
        """The KL to write."""
        if self.model is not None:
            return self.model
        return KLModel(UNIT_SCALE if self.encoder_output_count == 1 else LOG_VARIANCE)

    def code(self) -> str:
        """The negative ELBO as a function of the loss's own arguments."""
        lines = [f"def loss({self._signature()}):"]
        dialect = DIALECTS[self.framework]
        has_event = self.binding is None or self.binding.has_event
        if ENCODED in self.names:
            halves = dialect.split.format(value=self.names[ENCODED])
            lines.append(f"    {self.names[MEAN]}, {self.names[SECOND]} = {halves}")
        terms = []
        if has_event:
            lines += self._likelihood()
            terms.append("-log_likelihood")
        if self.encoder_output_count:
            lines += self._kl()
            weight = "" if self.kl_weight == 1.0 else f"{self.kl_weight!r} * "
            terms.append(f"{weight}kl_divergence")
        lines.append(f"    return {dialect.mean.format(value=' + '.join(terms))}")
        return "\n".join(lines)

    def _signature(self) -> str:
        if self.binding is None:
            return ", ".join(["x", "d", "mean", "s"][: 2 + self.encoder_output_count])
        given = [name for name, _ in self.binding.parameters]
        constants = self.binding.constants
        names = self.binding.order or tuple(given)
        listed = [n for n in names if n in given and n not in constants]
        return ", ".join([*listed, *(f"{n}={v!r}" for n, v in constants.items())])

    def _axes(self, rank: int) -> str:
        axes = ", ".join(str(-axis) for axis in range(rank, 0, -1))
        opening, closing = ("[", "]") if self.framework in (TENSORFLOW, TORCH) else ("(", ")")
        return f"{opening}{axes}{closing}" if rank > 1 else axes

    def _likelihood(self) -> list[str]:
        dialect = DIALECTS[self.framework]
        d, x = self.names[DECODER], self.names[X]
        output = "mean" if self.likelihood == "normal" else self.decoder_output
        kind = (self.likelihood, "probs" if output == "mean" and _is_binary(self) else output)
        axis = self._axes(self.event_rank)
        scale = repr(float(f"{self.normal_scale:.7g}"))
        learned = self.binding is not None and self.binding.has_decoder_scale
        if learned:
            v = self.names.get(DECODER_LOG_VARIANCE, "decoder_log_variance")
            lines = []
            if self.binding is not None and self.binding.doubled_decoder:
                lines.append(f"    {d}, {v} = {dialect.split.format(value=d)}")
            each = dialect.expression(_LEARNED_BY_HAND, x=x, d=d, v=v)
            return [*lines, f"    nll = {each}", self._summed_nll(axis)]
        if self.framework == TENSORFLOW:
            distribution = _TFD[kind].format(d=d, scale=scale)
            return [
                f"    likelihood = {distribution}",
                f"    log_likelihood = tf.reduce_sum(likelihood.log_prob({x}), axis={axis})",
            ]
        lines = []
        if kind[1] == "probs":
            clip = dialect.clip.format(value=d, low="1e-6", high="1.0 - 1e-6")
            lines.append(f"    p = {clip}")
        each = dialect.expression(_BY_HAND[kind], x=x, d=d, scale=scale)
        return [*lines, f"    nll = {each}", self._summed_nll(axis)]

    def _summed_nll(self, axis: str) -> str:
        summed = DIALECTS[self.framework].sum_over.format(value="nll", axis=axis)
        return f"    log_likelihood = -{summed}"

    def _kl(self) -> list[str]:
        dialect, model = DIALECTS[self.framework], self.kl_model
        mean, s = self.names[MEAN], self.names[SECOND]
        axis = self._axes(self.latent_rank)
        lines = []
        low, high = model.reading.limits
        if (low, high) != (None, None):
            infinity = 'float("inf")'
            clipped = dialect.clip.format(
                value=s,
                low=f"-{infinity}" if low is None else repr(low),
                high=infinity if high is None else repr(high),
            )
            lines.append(f"    {s} = {clipped}")
        if model.reading.kl_template and model.prior == STANDARD:
            each = dialect.expression(model.reading.kl_template, mean=mean, s=s)
        else:
            code = model.reading.scale_template
            scale = dialect.expression(code, s=s) if code else f"scale_of({s})"
            lines.append(f"    scale = {scale}")
            m, v = model.prior
            square = f"{mean}**2" if m == 0.0 else f"({mean} - {m!r})**2"
            if model.prior == STANDARD:
                each = f"{square} + scale**2 - 2.0 * {{log}}(scale) - 1.0"
            else:
                each = f"({square} + scale**2) / {v!r} - {{log}}(scale**2 / {v!r}) - 1.0"
            each = dialect.expression(each)
        if model.floor is None:
            summed = dialect.sum_over.format(value=each, axis=axis)
            return [*lines, f"    kl_divergence = 0.5 * {summed}"]
        return [*lines, f"    kl = 0.5 * ({each})", *self._floored(model.floor, axis)]

    def _floored(self, floor: Floor, axis: str) -> list[str]:
        dialect = DIALECTS[self.framework]

        def changed(value: str) -> str:
            level = repr(floor.level)
            infinity = 'float("inf")'
            clip = dialect.clip.format
            if floor.shape == "max":
                return clip(value=value, low=level, high=infinity)
            if floor.shape == "hinge":
                return clip(value=f"{value} - {level}", low="0.0", high=infinity)
            return dialect.expression("{abs}(") + f"{value} - {level})"

        def summed(value: str, over: str = axis) -> str:
            return dialect.sum_over.format(value=value, axis=over)

        if floor.place == "latent":
            return [f"    kl_divergence = {summed(changed('kl'))}"]
        if floor.place == "latent-mean":
            return [
                f"    kl = {summed('kl', '0')} / len(kl)",
                f"    kl_divergence = {summed(changed('kl'))}",
            ]
        lines = [f"    kl_divergence = {summed('kl')}"]
        if floor.place == "batch":
            lines.append(f"    kl_divergence = {dialect.mean.format(value='kl_divergence')}")
        return [*lines, f"    kl_divergence = {changed('kl_divergence')}"]

    def sampler_line(self) -> str:
        """The line that draws z with the scale of the KL."""
        return sampler_line(self.kl_model.reading, self.framework, self.names)


def _is_binary(correction: Correction) -> bool:
    """Whether a decoder's mean is a probability."""
    return correction.likelihood != "normal"


def sampler_line(
    reading: Reading | None, framework: str = TENSORFLOW, names: dict[str, str] | None = None
) -> str:
    """The line of code that draws z under a reading of the second encoder output."""
    dialect = DIALECTS[framework]
    mean, s = (names or {}).get(MEAN, "mean"), (names or {}).get(SECOND, "s")
    reading = reading or LOG_VARIANCE
    template = reading.scale_template or "scale_of({s})"
    low, high = reading.limits
    inner = s
    if (low, high) != (None, None):
        inner = dialect.clip.format(value=s, low=low, high=high)
    code = dialect.expression(template, s=inner)
    if " + " in code:
        code = f"({code})"
    return f"z = {mean} + {code} * {dialect.noise.format(mean=mean)}"


def distribution_object_code(
    likelihood: str,
    event_shape: tuple[int, ...],
    latent_size: int,
    expected_kl_weight: float,
) -> str:
    """Writes the model in which these mistakes cannot be made."""
    names = ["likelihoods", "networks", "posteriors"]
    objective = ""
    if expected_kl_weight != 1.0:
        names.insert(2, "objectives")
        objective = f"    objective=objectives.ELBO(kl_weight={expected_kl_weight!r}),\n"
    return (
        "import tfp_vae\n"
        f"from tfp_vae import {', '.join(names)}\n\n"
        "vae = tfp_vae.VAE(\n"
        "    encoder=tfp_vae.Encoder(networks.mlp([200, 200]),\n"
        "                            posteriors.MultivariateNormalDiag("
        f"latent_size={latent_size})),\n"
        "    decoder=tfp_vae.Decoder(networks.mlp([200, 200]),\n"
        f"                            likelihoods.{_CLASSES[likelihood]}"
        f"(event_shape={list(event_shape)})),\n"
        f"{objective}"
        ")"
    )
