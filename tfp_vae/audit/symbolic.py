"""The audit of a symbolic loss, cut out of its graph; also of one that closes over its tensors."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from tfp_vae.audit.arguments import check_changes, check_declaration, checked_event_shape
from tfp_vae.audit.calls.argument_names import DECODER, ENCODED, MEAN, SECOND, X, role_of
from tfp_vae.audit.calls.closures import closed_over, drawn_from, is_symbolic, symbolic_tensors
from tfp_vae.audit.calls.layouts import HALVES, InLayout
from tfp_vae.audit.engine import run_audit, support_findings
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.terms.declared_changes import Declaration
from tfp_vae.audit.terms.loss_declaration import LossDeclaration
from tfp_vae.error_text import described


def _keras_of(tensor: Any) -> Any:
    return importlib.import_module(type(tensor).__module__.partition(".")[0])


def audit_tensors(
    loss: Any,
    *,
    x: Any,
    decoder_output: Any,
    encoder_outputs: Any,
    z: Any = None,
    likelihood: str = "bernoulli",
    decoder_output_is: str = "probs",
    batch_size: int | None = None,
    prior: tuple[float, float] = (0.0, 1.0),
    kl_floor: float | None = None,
    kl_capacity: float | None = None,
    expected_kl_weight: float = 1.0,
    data: Any = None,
) -> AuditReport:
    """Reads a symbolic loss back as a formula and names its mistakes.

    The graph is cut at the given tensors: the loss is computed from chosen values of them.

    Args:
        loss: The loss, a symbolic tensor of Keras 3 or tf_keras.
        x: The tensor of the data, `[B, *event_shape]`.
        decoder_output: The tensor of the decoder's output.
        encoder_outputs: The tensors of the mean and the second output, or the one of both.
        z: The tensor of the draw of z, whose scale is checked; None to leave it out.
        likelihood: As in `audit`.
        decoder_output_is: What the decoder returns: `"probs"`, `"logits"` or `"mean"`.
        batch_size: As in `audit`.
        prior: As in `audit`.
        kl_floor: As in `audit`.
        kl_capacity: As in `audit`.
        expected_kl_weight: As in `audit`.
        data: As in `audit`.

    Returns:
        The report; print it.

    Raises:
        TypeError: If one of the tensors is not symbolic.
        ValueError: If the loss does not follow from the tensors, or an argument has a wrong value.

    Example:
        >>> x = keras.Input([6])
        >>> mean, s = keras.layers.Dense(2)(x), keras.layers.Dense(2)(x)
        >>> d = keras.layers.Dense(6)(mean)
        >>> error = keras.ops.sum((x - d) ** 2, -1)
        >>> kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(s) - s - 1, -1)
        >>> report = tfp_vae.audit_tensors(error - kl, x=x, decoder_output=d,
        ...                                encoder_outputs=(mean, s), likelihood="normal")
        >>> sorted(report.codes)
        ['fixed-scale', 'kl-sign', 'unbounded']
    """
    outputs = (
        list(encoder_outputs) if isinstance(encoder_outputs, (tuple, list)) else [encoder_outputs]
    )
    named = {"loss": loss, "x": x, "decoder_output": decoder_output}
    named |= {f"encoder_outputs[{i}]": tensor for i, tensor in enumerate(outputs)}
    for name, tensor in named.items():
        if not is_symbolic(tensor):
            raise TypeError(
                f"`{name}` must be a symbolic tensor of Keras; got {described(tensor)}."
            )
    if not 1 <= len(outputs) <= 2:
        raise ValueError(
            f"`encoder_outputs` must be one or two tensors; got {len(outputs)} of them."
        )
    check_declaration(likelihood, decoder_output_is, expected_kl_weight, "decoder_output_is")
    event_shape = checked_event_shape(tuple(x.shape[1:]), 1)
    latent_shape = checked_event_shape(tuple(outputs[0].shape[1:]), 1)
    changes = Declaration(
        expected_kl_weight, *check_changes(prior, kl_floor, kl_capacity, batch_size)
    )
    keras = _keras_of(loss)
    roles = ((X, X), ("decoder_output", DECODER))

    def audited(of_encoder: Sequence[tuple[str, str, Any]], latent_shape: Any) -> AuditReport:
        """Audits with the encoder's tensors, each with its name and role."""
        cut = [tensor for *_, tensor in of_encoder]
        function = _cut(keras, [x, decoder_output, *cut], loss, "loss")
        sampler: Any = None if z is None else _cut(keras, cut, z, "z")
        if sampler is not None and of_encoder[0][1] == ENCODED:
            sampler = InLayout(sampler, HALVES)
        bound = (*roles, *((name, role) for name, role, _ in of_encoder))
        return run_audit(
            function,
            sampler,
            Binding(bound, order=tuple(name for name, _ in bound)),
            LossDeclaration(likelihood, decoder_output_is, event_shape, latent_shape, changes),
            support_findings(data, likelihood, event_shape),
            framework="keras" if keras.__name__ == "keras" else None,
            sampler_rows=256,
        )

    *others, last = latent_shape
    if len(outputs) == 1 and last % 2 == 0:
        # The tensor of one layer may well hold both outputs.
        both = [("encoder_outputs", ENCODED, outputs[0])]
        report = audited(both, (*others, last // 2))
        if "kl-formula" not in report.codes:
            return report
    pairs = zip(("mean", "s"), (MEAN, SECOND), outputs, strict=False)
    report = audited(list(pairs), latent_shape)
    if z is None or len(outputs) < 2 or "kl-formula" not in report.codes:
        return report
    # Those of `z_log_var, z_mean = split(...)` may be given in that order; the draw tells.
    names = ("encoder_output_1", "encoder_output_0")
    swapped = list(zip(names, (MEAN, SECOND), outputs[::-1], strict=True))
    other = audited(swapped, latent_shape)
    return report if other.codes & {"kl-formula", "sampler-noise", "scale-mismatch"} else other


class _CutGraph:
    """The function from the tensors that a graph is cut at to one of its tensors."""

    def __init__(self, model: Any):
        self._model = model

    @property
    def non_trainable_variables(self) -> Sequence[Any]:
        variables: Sequence[Any] = self._model.non_trainable_variables
        return variables

    def __call__(self, *arrays: Any) -> Any:
        given = list(arrays) if len(arrays) > 1 else arrays[0]
        return self._model(given, training=True)


def _cut(keras: Any, inputs: Sequence[Any], output: Any, name: str) -> _CutGraph:
    try:
        return _CutGraph(keras.Model(list(inputs), output))
    except Exception as error:
        # Keras 3 raises a ValueError, tf_keras errors of its own.
        raise ValueError(
            f"`{name}` must follow from the given tensors alone; got "
            f"{' '.join(str(error).split())[:200].rstrip('.')}."
        ) from error


def audit_closure(
    loss: Callable[..., Any],
    *,
    event_shape: Sequence[int],
    output_shape: Sequence[int],
    **declared: Any,
) -> AuditReport:
    """Audits a loss of (x, decoder output) that closes over the encoder's symbolic tensors.

    Args:
        loss: The loss.
        event_shape: The shape of one example.
        output_shape: The shape of the decoder's output for one example.
        **declared: What `audit_tensors` takes.
    """
    tensors = closed_over(loss)
    assert tensors is not None
    keras = _keras_of(tensors[MEAN])
    x, d = keras.Input(tuple(event_shape)), keras.Input(tuple(output_shape))
    try:
        value = loss(x, d)
    except Exception as error:
        # The loss may mix the operations of another framework in.
        raise ValueError(
            "`loss` must compute a symbolic tensor, since it closes over some; got "
            f"{type(error).__name__}: {' '.join(str(error).split())[:200].rstrip('.')}."
        ) from error
    outputs = [tensors[role] for role in (MEAN, SECOND) if role in tensors]
    x, d = _event_of(keras, loss, value, (x, d), outputs)
    return audit_tensors(
        value,
        x=x,
        decoder_output=d,
        encoder_outputs=outputs,
        z=drawn_from(outputs),
        **declared,
    )


def _event_of(
    keras: Any, loss: Any, value: Any, given: tuple[Any, Any], outputs: Sequence[Any]
) -> tuple[Any, Any]:
    """The tensors of x and the decoder's output that the loss follows from.

    It may close over the model's own instead of using those that it is called with.

    Args:
        keras: The Keras of the tensors.
        loss: The loss.
        value: What it returned.
        given: The tensors that it was called with.
        outputs: The encoder's outputs that it closes over.
    """
    own: dict[str, Any] = {}
    for name, tensor in symbolic_tensors(loss).items():
        own.setdefault(role_of(name) or "", tensor)
    candidates = [given, (own.get(X), own.get(DECODER)), (given[0], own.get(DECODER))]
    for x, d in candidates:
        if x is None or d is None:
            continue
        try:
            _cut(keras, [x, d, *outputs], value, "loss")
        except ValueError:
            continue
        return x, d
    return given


def audit_symbolic_model(
    model: Any,
    changes: Declaration,
    likelihood: str | None,
    decoder_output: str | None,
    event_shape: tuple[int, ...],
    data: Any,
) -> AuditReport | None:
    """Audits a model whose compiled loss closes over symbolic tensors; None for any other model."""
    compiled = _compiled_with_closure(model)
    if compiled is None:
        return None
    loss = compiled.loss
    guesses = [("bernoulli", "probs"), ("normal", "mean"), ("bernoulli", "logits")]
    chosen = [
        (a, b) for a, b in guesses if likelihood in (None, a) and decoder_output in (None, b)
    ] or [(likelihood or "bernoulli", decoder_output or "probs")]
    first: AuditReport | None = None
    for name, output in chosen:
        report = audit_closure(
            loss,
            event_shape=event_shape,
            output_shape=tuple(compiled.output.shape[1:]),
            likelihood=name,
            decoder_output_is=output,
            batch_size=changes.batch_size,
            prior=changes.prior,
            kl_floor=changes.kl_floor,
            kl_capacity=changes.kl_capacity,
            expected_kl_weight=changes.kl_weight,
            data=data,
        )
        first = first or report
        if "likelihood-formula" not in report.codes and not report.undetermined:
            return report
    return first


def _compiled_with_closure(model: Any) -> Any:
    candidates = [model]
    if not hasattr(model, "train_step") and hasattr(model, "__dict__"):
        candidates += [value for value in vars(model).values() if hasattr(value, "train_step")]
    for candidate in candidates:
        loss = getattr(candidate, "loss", None)
        if hasattr(candidate, "train_step") and callable(loss) and closed_over(loss) is not None:
            return candidate
    return None
