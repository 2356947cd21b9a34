"""The audit: probes a loss and its sampler, fits both, and names their mistakes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tfp_vae.audit.arguments import (
    check_declaration,
    checked_event_shape,
    encoder_output_count,
)
from tfp_vae.audit.blackbox import CallError, one_line, positional_count
from tfp_vae.audit.diagnosis import Diagnosis
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.kl_term import read_kl
from tfp_vae.audit.likelihood_term import read_likelihood
from tfp_vae.audit.loss_probe import probe_loss
from tfp_vae.audit.probe_design import Design
from tfp_vae.audit.report import AuditReport
from tfp_vae.audit.sampler import SamplerReading, probe_sampler
from tfp_vae.audit.scaling_laws import (
    BATCH,
    LATENT,
    Size,
    aggregated_terms,
    event_axis_name,
    measure_scaling_laws,
    terms_are_added,
)
from tfp_vae.audit.support import outside_support


def audit(
    loss: Callable[..., Any],
    sampler: Callable[..., Any] | None = None,
    *,
    likelihood: str = "bernoulli",
    decoder_output: str = "probs",
    event_shape: Sequence[int] = (784,),
    latent_size: int = 16,
    expected_kl_weight: float = 1.0,
    data: Any = None,
) -> AuditReport:
    """Reads a hand-written VAE loss back as a formula and names its mistakes.

    The loss is called eagerly on random inputs of varied sizes, and its values are compared with
    -log_prob and kl_divergence of distribution objects. Nothing is trained, and the source code of
    the loss is not read.

    Args:
        loss: A function `(x, decoder_output, *encoder_outputs)` that returns a scalar or one value
            per example, written with TensorFlow, Keras or NumPy. There are up to two encoder
            outputs `[B, latent_size]`, in the order (mean, scale-like).
        sampler: The function `(*encoder_outputs)` that draws z `[B, latent_size]`, if any.
        likelihood: The likelihood that the loss is to have: `"bernoulli"`, `"normal"` or
            `"continuous_bernoulli"`.
        decoder_output: What the decoder returns: `"probs"`, `"logits"` or `"mean"`. The output for
            a `"normal"` likelihood is always a mean.
        event_shape: The shape of one example of x.
        latent_size: The number of latents.
        expected_kl_weight: The weight of the KL in a beta-VAE.
        data: Some real examples `[N, *event_shape]`, to be checked against the likelihood.

    Returns:
        The report; print it.

    Raises:
        TypeError: If an argument is of the wrong type, or `loss` or `sampler` returns no floats.
        ValueError: If an argument has a wrong value, or `loss` or `sampler` raises, returns a wrong
            shape or changes its inputs.

    Example:
        >>> import tensorflow as tf
        >>> from tfp_vae.audit import audit
        >>> def loss(x, p, mean, log_variance):
        ...     cross_entropy = tf.keras.losses.binary_crossentropy(x, p) * 784
        ...     kl = 0.5 * tf.reduce_mean(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
        ...     return tf.reduce_mean(cross_entropy + kl)
        >>> sorted(audit(loss).codes)
        ['kl-reduction']

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B (the KL divergence).
    """
    event_shape = checked_event_shape(event_shape, latent_size)
    check_declaration(likelihood, decoder_output, expected_kl_weight)
    outputs = encoder_output_count(loss, sampler)
    findings: list[Finding] = []
    if data is not None:
        outside = outside_support(data, likelihood, event_shape)
        if outside is not None:
            findings.append(_support_finding(outside, likelihood))

    def make_design(batch_size: int) -> Design:
        return Design(likelihood, decoder_output, event_shape, latent_size, outputs, batch_size)

    probe = probe_loss(loss, make_design, ("x", "decoder_output", "mean", "s")[: 2 + outputs])
    try:
        likelihood_term = read_likelihood(probe)
        if not likelihood_term.finite_beyond:
            probe.design = replace(probe.design, in_unit_interval=True)
        kl = read_kl(probe)
        added = outputs == 0 or terms_are_added(probe)
        sizes = _sizes(probe.design)
        laws = measure_scaling_laws(probe, sizes)
        averaged = aggregated_terms(probe)
    except CallError as error:
        raise ValueError(
            "`loss` must accept every x in the likelihood's support; got "
            f"{type(error.__cause__).__name__}: {one_line(error.__cause__)}."
        ) from error.__cause__
    return Diagnosis(
        probe, likelihood_term, kl, added, sizes, laws, averaged, expected_kl_weight
    ).report(findings, _sampler_reading(sampler, latent_size, outputs), sampler is not None)


def _sizes(design: Design) -> list[Size]:
    axes = [Size(event_axis_name(axis), n) for axis, n in enumerate(design.event_shape) if n > 1]
    latent = [Size(LATENT, design.latent_size)] if design.encoder_output_count else []
    return [Size(BATCH, design.batch_size), *latent, *axes]


def _sampler_reading(
    sampler: Callable[..., Any] | None, latent_size: int, outputs: int
) -> SamplerReading | None:
    if sampler is None:
        return None
    count = positional_count(sampler)
    known = outputs or 2
    return probe_sampler(sampler, latent_size, known if count is None or count[1] else count[0])


def _support_finding(outside: str, likelihood: str) -> Finding:
    fix = {
        "bernoulli": "binarise x (threshold it, or draw it anew in each epoch), or use a "
        'continuous Bernoulli for grey values in [0, 1] (likelihood="continuous_bernoulli").',
        "continuous_bernoulli": "scale x to [0, 1], for example divide bytes by 255.",
        "normal": "remove or impute the values that are NaN or infinite.",
    }[likelihood]
    return Finding.of("support", f"{outside}.", fix)
