"""The audit of a whole model, as it stands."""

import contextlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.audit.arguments import (
    check_changes,
    check_decoder_output,
    check_kl_weight,
    check_likelihood,
    checked_event_shape,
)
from tfp_vae.audit.calls.argument_names import DECODER, MEAN, SECOND, X
from tfp_vae.audit.calls.counters import uncounted
from tfp_vae.audit.calls.frameworks import KERAS, TENSORFLOW
from tfp_vae.audit.calls.layouts import ARRAYS
from tfp_vae.audit.engine import run_audit, support_findings
from tfp_vae.audit.models.decoder_range import decoder_range, inferred_declaration, range_findings
from tfp_vae.audit.models.idle_optimizer import with_optimizer
from tfp_vae.audit.models.kept_state import kept_state
from tfp_vae.audit.models.probe import ModelProbe
from tfp_vae.audit.models.search import find_cuts
from tfp_vae.audit.models.steps import (
    model_framework,
    steps_of,
    unwrapped,
    with_caught_loss,
)
from tfp_vae.audit.models.training_steps import names_of_step, step_parts
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.symbolic import audit_symbolic_model
from tfp_vae.audit.terms.declared_changes import Declaration
from tfp_vae.audit.terms.kl_model import STANDARD
from tfp_vae.audit.terms.kl_term import read_kl
from tfp_vae.audit.terms.loss_declaration import LossDeclaration
from tfp_vae.error_text import described

_SMALL_EVENT = 1024


def audit_model(
    model: Any,
    x: Any,
    *,
    encoder: str | None = None,
    decoder: str | None = None,
    latents: Sequence[str] | None = None,
    step: str | Callable[..., Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    returns: str | int | None = None,
    likelihood: str | None = None,
    decoder_output: str | None = None,
    batch_size: int | None = None,
    prior: tuple[float, float] = (0.0, 1.0),
    kl_floor: float | None = None,
    kl_capacity: float | None = None,
    expected_kl_weight: float = 1.0,
    data: Any = None,
) -> AuditReport:
    """Reads the loss of a whole model back as a formula and names its mistakes.

    The model's own step computes the loss, while its encoder and its decoder are replaced by
    functions that return chosen outputs; the draws of z are what the decoder is called with.
    Nothing is trained: weights, statistics, metrics and attributes are as before afterwards.

    Args:
        model: A Keras 3 or tf_keras model (a subclass with `train_step`, a functional model with
            `add_loss`, a loss in `compile` that closes over symbolic tensors, a layer's `add_loss`
            beside `compile(loss=...)`), a PyTorch module with `training_step` or a method that
            returns the loss, any object with such a method, or a function of x, such as a training
            step, that calls an encoder and a decoder of its module.
        x: A few real examples `[N, *event_shape]`.
        encoder: The name of the part that gives the posterior's parameters; found if None.
        decoder: The name of the part that gives p(x|z)'s parameters; found if None.
        latents: The names of the layers that give the mean and the second output, where no one
            part gives both, such as "encoder.mean" for the layer `mean` of the encoder.
        step: The method that returns the loss of x, or a function of (model, x); found if None.
        arguments: Values for further arguments of the step, by name.
        returns: Which entry of a tuple or dict is the loss; found if None.
        likelihood: The likelihood that the loss is to have; what it is measured to be if None.
        decoder_output: What the decoder returns, `"probs"`, `"logits"` or `"mean"`; told from the
            range of the real decoder's outputs if None.
        batch_size: As in `audit`.
        prior: As in `audit`.
        kl_floor: As in `audit`.
        kl_capacity: As in `audit`.
        expected_kl_weight: As in `audit`.
        data: Real examples whose support is checked against the likelihood.

    Returns:
        The report; print it.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument has a wrong value, or the model's loss, encoder or decoder cannot
            be found.

    Example:
        >>> class VAE(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.encoder = keras.layers.Dense(4)
        ...         self.decoder = keras.layers.Dense(6)
        ...
        ...     def train_step(self, x):
        ...         with tf.GradientTape() as tape:
        ...             mean, log_variance = tf.split(self.encoder(x), 2, axis=-1)
        ...             z = mean + tf.exp(log_variance) * tf.random.normal(tf.shape(mean))
        ...             error = tf.reduce_sum((x - self.decoder(z)) ** 2, -1)
        ...             kl = tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
        ...             loss = tf.reduce_mean(error + 0.5 * kl)
        ...         tape.gradient(loss, self.trainable_variables)
        ...         return {"loss": loss}
        >>> sorted(tfp_vae.audit_model(VAE(), np.zeros([4, 6], "float32")).codes)
        ['fixed-scale', 'scale-mismatch']
    """
    rows = checks.array(x, "x").astype(np.float64)
    if rows.ndim < 2 or not rows.size:
        raise ValueError(
            "`x` must be examples [N, *event_shape], none of which is empty; got shape "
            f"{list(rows.shape)}."
        )
    event_shape = checked_event_shape(rows.shape[1:], 1)
    if likelihood is not None:
        check_likelihood(likelihood)
    if decoder_output is not None:
        check_decoder_output(decoder_output, likelihood)
    check_kl_weight(expected_kl_weight)
    changes = Declaration(
        expected_kl_weight, *check_changes(prior, kl_floor, kl_capacity, batch_size)
    )
    if arguments is not None and not isinstance(arguments, Mapping):
        raise TypeError(
            f"`arguments` must be a dict from names to values; got {described(arguments)}."
        )
    symbolic = audit_symbolic_model(model, changes, likelihood, decoder_output, event_shape, data)
    if symbolic is not None:
        return symbolic
    model = unwrapped(model)
    parts = step_parts(model)
    framework = model_framework(next(iter(parts.values()), model))
    owner = names_of_step(model, parts) if inspect.isfunction(model) else model
    with contextlib.ExitStack() as stack:
        for part in parts.values() or [model]:
            stack.enter_context(kept_state(part))
        stack.enter_context(with_optimizer(model))
        probe = find_cuts(
            model,
            owner,
            [
                with_caught_loss(uncounted(s, model))
                for s in steps_of(model, step, dict(arguments or {}))
            ],
            np.resize(rows, (max(3, len(rows)), *event_shape)),
            framework,
            encoder,
            decoder,
            latents,
        )

        def report(probe: ModelProbe) -> AuditReport:
            return _report(
                probe, rows, changes, likelihood, decoder_output, returns, data, event_shape
            )

        found = report(probe)
        if not probe.doubled or "kl-formula" not in found.codes:
            return found
        # The two outputs may stand in another order in the one tensor that holds both.
        layouts = (replace(probe, layout=layout) for layout in ARRAYS[1:])
        read = next((other for other in layouts if _reads_kl(other, event_shape, returns)), None)
        return found if read is None else report(read)


def _reads_kl(probe: ModelProbe, event_shape: tuple[int, ...], returns: str | int | None) -> bool:
    """Whether the term of the encoder's outputs is a KL divergence from the standard normal."""
    declared = LossDeclaration(
        "bernoulli", "probs", event_shape, probe.latent_shape, Declaration(), returns
    )
    binding = model_binding(probe.names, probe.count, has_scale=probe.has_decoder_scale)
    model = read_kl(declared.probe(probe.loss, binding)).model
    return model is not None and model.prior == STANDARD


def _report(
    probe: ModelProbe,
    rows: np.ndarray,
    changes: Declaration,
    likelihood: str | None,
    decoder_output: str | None,
    returns: str | int | None,
    data: Any,
    event_shape: tuple[int, ...],
) -> AuditReport:
    real_range = decoder_range(probe)
    binding = model_binding(probe.names, probe.count, has_scale=probe.has_decoder_scale)
    declared = LossDeclaration(
        likelihood or "bernoulli",
        decoder_output or "probs",
        event_shape,
        probe.latent_shape,
        changes,
        returns,
        real_range,
    )
    known = None
    if likelihood is None or decoder_output is None:
        declared, known = inferred_declaration(
            probe.loss, binding, declared, likelihood, decoder_output, real_range
        )
    framework = probe.framework
    if framework == TENSORFLOW and type(probe.model).__module__.partition(".")[0] == "keras":
        framework = KERAS
    findings = support_findings(data, declared.likelihood, event_shape)
    findings += range_findings(declared, real_range, rows)
    report = run_audit(
        probe.loss,
        probe.sampler(rows) if probe.draws_z else None,
        binding,
        declared,
        findings,
        framework=framework,
        # A call takes its time, and many rows of large examples take theirs.
        sampler_rows=1024 if math.prod(event_shape) <= _SMALL_EVENT else 256,
        known=known,
    )
    if not probe.held:
        return report
    names = " and ".join(dict.fromkeys(cut.name for cut, _ in probe.held))
    unread = f"the term of {names}: what is called with z was held still for the other terms"
    return replace(report, not_checked=(*report.not_checked, unread))


def model_binding(names: tuple[str, str], count: int, *, has_scale: bool = False) -> Binding:
    """The binding of a model's loss, whose arguments are its parts' outputs.

    Args:
        names: The names of the encoder's outputs.
        count: How many there are.
        has_scale: Whether the decoder gives a scale beside its mean, which follows from it here.
    """
    roles = ((X, X), ("decoder_output", DECODER), (names[0], MEAN), (names[1], SECOND))
    order = tuple(name for name, _ in roles[: 2 + count])
    return Binding(roles[: 2 + count], order=order, implied_decoder_scale=has_scale)
