"""The audit of a symbolic loss, cut out of its graph; also of one that closes over its tensors."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from tfp_vae.audit.argument_names import DECODER, MEAN, SECOND, X, role_of
from tfp_vae.audit.arguments import check_changes, check_declaration, checked_event_shape
from tfp_vae.audit.binding import Binding
from tfp_vae.audit.declared_changes import Declaration
from tfp_vae.audit.engine import run_audit, support_findings
from tfp_vae.audit.loss_declaration import LossDeclaration
from tfp_vae.audit.report import AuditReport
from tfp_vae.error_text import described


def is_symbolic(value: Any) -> bool:
    """Whether this is a symbolic tensor of Keras 3 or tf_keras."""
    return type(value).__name__ == "KerasTensor"


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
        encoder_outputs: The tensors of the mean and the second output.
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
    function = _cut(keras, [x, decoder_output, *outputs], loss, "loss")
    sampler = None if z is None else _cut(keras, outputs, z, "z")
    roles = ((X, X), ("decoder_output", DECODER), ("mean", MEAN), ("s", SECOND))
    count = 2 + len(outputs)
    return run_audit(
        function,
        sampler,
        Binding(roles[:count], order=tuple(name for name, _ in roles[:count])),
        LossDeclaration(likelihood, decoder_output_is, event_shape, latent_shape, changes),
        support_findings(data, likelihood, event_shape),
        framework="keras" if keras.__name__ == "keras" else None,
        sampler_rows=256,
    )


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


def symbolic_tensors(function: Any) -> dict[str, Any]:
    """The symbolic tensors that a function closes over, by name."""
    found: dict[str, Any] = {}
    owner = getattr(function, "__self__", function)
    if hasattr(owner, "__dict__"):
        found |= {n: v for n, v in vars(owner).items() if is_symbolic(v)}
    code = getattr(function, "__code__", None)
    if code is None:
        return found
    names = getattr(function, "__globals__", {})
    found |= {n: names[n] for n in code.co_names if is_symbolic(names.get(n))}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if is_symbolic(value):
            found[name] = value
        elif name == "self" and hasattr(value, "__dict__"):
            found |= {n: v for n, v in vars(value).items() if is_symbolic(v)}
    return found


def closed_over(function: Any) -> dict[str, Any] | None:
    """The mean and the second output that a loss closes over, None if it does not.

    The tensors are told apart by their names: `encoded_mean`, `z_log_var`, and so on.
    """
    found: dict[str, Any] = {}
    for name, tensor in symbolic_tensors(function).items():
        role = role_of(name)
        if role in (MEAN, SECOND) and role not in found:
            found[role] = tensor
    return found if MEAN in found else None


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
    return audit_tensors(
        value,
        x=x,
        decoder_output=d,
        encoder_outputs=outputs,
        z=drawn_from(outputs),
        **declared,
    )


def drawn_from(outputs: Sequence[Any]) -> Any:
    """The tensor of the mean's shape that is computed of both outputs, None if there is none."""
    if len(outputs) < 2:
        return None
    history = getattr(outputs[0], "_keras_history")  # noqa: B009 - Keras has no public name
    operation = getattr(history, "operation", None) or history.layer
    for node in getattr(operation, "_outbound_nodes", ()):
        inputs = getattr(node, "input_tensors", None)
        if getattr(node, "keras_inputs", None) is not None:
            inputs = node.keras_inputs
        inputs = inputs if isinstance(inputs, (tuple, list)) else [inputs]
        result = node.outputs[0] if isinstance(node.outputs, (tuple, list)) else node.outputs
        has_both = all(any(tensor is output for tensor in inputs) for output in outputs)
        if has_both and tuple(result.shape) == tuple(outputs[0].shape):
            return result
    return None


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
