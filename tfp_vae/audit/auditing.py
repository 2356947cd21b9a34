"""The audit: probes a loss and its sampler, fits both, and names their mistakes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfp_vae.audit.arguments import (
    check_changes,
    check_declaration,
    check_functions,
    checked_event_shape,
    checked_latent_shape,
)
from tfp_vae.audit.calls.argument_names import role_of
from tfp_vae.audit.calls.blackbox import parameters_of, positional_count
from tfp_vae.audit.calls.closures import closed_over
from tfp_vae.audit.calls.frameworks import framework_written_in
from tfp_vae.audit.engine import run_audit, support_findings
from tfp_vae.audit.models.training_steps import step_parts
from tfp_vae.audit.packed_outputs import of_encoder_alone, unpacked
from tfp_vae.audit.probes.binding import bind
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.symbolic import audit_closure
from tfp_vae.audit.terms.declared_changes import Declaration
from tfp_vae.audit.terms.loss_declaration import LossDeclaration


def audit(
    loss: Callable[..., Any],
    sampler: Callable[..., Any] | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    returns: str | int | None = None,
    likelihood: str = "bernoulli",
    decoder_output: str = "probs",
    event_shape: Sequence[int] = (784,),
    latent_size: int | Sequence[int] = 16,
    batch_size: int | None = None,
    prior: tuple[float, float] = (0.0, 1.0),
    kl_floor: float | None = None,
    kl_capacity: float | None = None,
    expected_kl_weight: float = 1.0,
    data: Any = None,
) -> AuditReport:
    """Reads a hand-written VAE loss back as a formula and names its mistakes.

    The loss is called eagerly on random inputs of varied sizes, and its values are compared with
    -log_prob and kl_divergence of distribution objects. Nothing is trained, and the source code of
    the loss is not read.

    Args:
        loss: A function that returns a scalar or one value per example, or a tuple or dict with
            such an entry, written with TensorFlow, Keras, tf_keras, NumPy, PyTorch or JAX. Its
            arguments are bound by their usual names (`recon_x`, `y_true`, `mu`, `z_log_var`,
            `beta`, ...), and else by position: (x, decoder output, mean, scale-like). One that
            takes the KL's or the likelihood's arguments alone is read as a part; one of y_true
            and y_pred may take the decoder's output, mean and scale as a tuple y_pred. An argument
            may hold both outputs of the encoder, or of the decoder, as a tuple.
        sampler: What draws z `[B, latent_size]`, if any: `f(mean, s)`, `f([mean, s])`, a Keras
            layer, or `f(key, mean, s)`.
        arguments: Names for roles, such as `{"x": "batch", "decoder_output": "out"}`, and values
            for constants, such as `{"epoch": 10}`. The roles are `"x"`, `"decoder_output"`,
            `"mean"`, `"s"` and `"encoder_outputs"` (mean and s in one array `[B, 2Z]`, in any
            order, or as a tuple).
        returns: Which entry of a tuple or dict is the loss, by name or index; found if None.
        likelihood: The likelihood that the loss is to have: `"bernoulli"`, `"normal"` or
            `"continuous_bernoulli"`.
        decoder_output: What the decoder returns: `"probs"`, `"logits"` or `"mean"`. The output for
            a `"normal"` likelihood is always a mean.
        event_shape: The shape of one example of x.
        latent_size: The number of latents, or the shape `[h, w, c]` of one example's latents.
        batch_size: The batch size that is written into the loss, if there is one.
        prior: The mean and the variance of the normal prior.
        kl_floor: The free bits that the KL is to have, in nats, if any.
        kl_capacity: The capacity that the KL is to be drawn to, in nats, if any.
        expected_kl_weight: The weight of the KL in a beta-VAE; may be 0.
        data: Some real examples `[N, *event_shape]`, to be checked against the likelihood.

    Returns:
        The report; print it.

    Raises:
        TypeError: If an argument is of the wrong type, the loss's arguments or entries cannot be
            told apart, or `loss` or `sampler` returns no floats.
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
    latent_shape = checked_latent_shape(latent_size)
    latents = math.prod(latent_shape)
    event_shape = checked_event_shape(event_shape, latents)
    check_declaration(likelihood, decoder_output, expected_kl_weight)
    declaration = Declaration(
        expected_kl_weight,
        *check_changes(prior, kl_floor, kl_capacity, batch_size),
    )
    check_functions(loss, sampler)
    if reached := step_parts(loss):
        raise TypeError(
            "`loss` must be a function of (x, decoder_output, *encoder_outputs); got a training "
            f"step of {' and '.join(reached)}: hand it over as audit_model(step, x)."
        )
    binding = bind(
        loss,
        arguments,
        positional_count=_positional_count(sampler),
        expected_kl_weight=expected_kl_weight,
        batch_size=batch_size,
    )
    declared = LossDeclaration(
        likelihood, decoder_output, event_shape, latent_shape, declaration, returns
    )
    if binding.encoder_output_count == 0 and closed_over(loss) is not None:
        return audit_closure(
            loss,
            event_shape=event_shape,
            output_shape=event_shape,
            likelihood=likelihood,
            decoder_output_is=decoder_output,
            batch_size=batch_size,
            prior=prior,
            kl_floor=kl_floor,
            kl_capacity=kl_capacity,
            expected_kl_weight=expected_kl_weight,
            data=data,
        )
    findings = support_findings(data, likelihood, event_shape)
    framework = framework_written_in(loss)
    if binding.encoder_output_count == 0 and binding.has_event:
        # The number of rows is one that no y_pred can be taken apart into.
        design = declared.design(2, 7)
        packed = unpacked(loss, binding, design)
        if packed is not None:
            loss, binding = packed
        else:
            binding = of_encoder_alone(loss, binding, design) or binding
    report = run_audit(loss, sampler, binding, declared, findings, framework=framework)
    if "kl-missing" in report.codes and _takes_anything(loss):
        # A likelihood that takes more than it uses, to be called as others are.
        event = replace(binding, parameters=binding.parameters[:2])
        return run_audit(loss, None, event, declared, findings, framework=framework)
    return report


def _takes_anything(loss: Callable[..., Any]) -> bool:
    """Whether a loss of two arguments takes more whose name does not say what they are."""
    parameters = parameters_of(loss) or []
    further = [p for p in parameters if p.kind is p.VAR_POSITIONAL]
    fixed = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return len(fixed) == 2 and bool(further) and role_of(further[0].name) is None


def _positional_count(sampler: Callable[..., Any] | None) -> int:
    count = positional_count(sampler) if sampler is not None else None
    return 2 + (count[0] if count is not None and count[0] in (1, 2) and not count[1] else 2)
