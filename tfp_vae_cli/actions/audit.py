"""Audits a loss or a model, for `tfp-vae audit`."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfp_vae.audit import AuditReport, audit_model, load_callable, load_object, step_parts
from tfp_vae.audit import audit as audit_loss
from tfp_vae_cli.actions.inputs import read_data
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.console import BAD_USAGE, fail, out
from tfp_vae_cli.output_format import OutputFormat

_ROWS = 8
_USUAL_SHAPES = (
    *((784,), (28, 28, 1), (28, 28), (1, 28, 28)),
    *((32, 32, 3), (3, 32, 32), (64, 64, 3), (3, 64, 64)),
)
Step = Callable[[Any, Any], Any]
_NO_MODELS = (bool, int, float, complex, str, bytes, list, tuple, dict, set, type(None))


@dataclass(frozen=True)
class Request:
    """What is to be audited.

    Attributes:
      loss: `module:name` or `file.py:name`, the loss or the model.
      sampler: `module:function`, the sampler, or None.
      likelihood: The likelihood that the loss is declared to have, or None.
      decoder_output: What the decoder returns, or None.
      event_shape: The shape of one example, or None for the usual or the model's own.
      latent_size: The number of latents of a loss.
      parts: The names of a model's parts.
      declared: What the loss is declared to change, as arguments of `tfp_vae.audit`.
      data: A file of real examples, or None.
    """

    loss: str
    sampler: str | None
    likelihood: str | None
    decoder_output: str | None
    event_shape: Sequence[int] | None
    latent_size: int
    parts: Mapping[str, Any]
    declared: Mapping[str, Any]
    data: Path | None


def audit(request: Request, output_format: OutputFormat) -> int:
    """Prints the report on a loss or a model.

    Args:
      request: What is to be audited.
      output_format: How to print the report.

    Returns:
      The exit code: 0 if there are no findings, else 1.

    Raises:
      CommandError: If the loss, the sampler, the model or the data cannot be read.
    """
    examples = None if request.data is None else read_data(str(request.data)).x
    try:
        with status(f"Auditing {request.loss}"):
            report = _report(request, examples)
    except (ImportError, TypeError, ValueError) as error:
        fail(error, BAD_USAGE)
    text = (
        json.dumps(report.to_dict(), ensure_ascii=False)
        if output_format is OutputFormat.json
        else str(report)
    )
    out.print(text, markup=False, soft_wrap=True)
    return report.exit_code


def _report(request: Request, examples: Any) -> AuditReport:
    found = load_object(request.loss, "loss")
    if callable(found) and not _is_model(found) and _needs_nothing(found):
        found = _made(found, request.loss)
    if isinstance(found, _NO_MODELS):
        raise TypeError(
            "`loss` must be a function, a model, or a function that makes one; got "
            f"{request.loss!r}, which is a {type(found).__name__}."
        )
    if inspect.isclass(found):
        raise TypeError(
            "`loss` must be a function, a model, or what makes one without arguments; got "
            f"{request.loss!r}, a class that needs arguments: name an object of it, or a function "
            "that makes one."
        )
    if (bound := _bound_step(found)) is not None:
        found, step = bound
        request = replace(request, parts={**request.parts, "step": step})
    reached = step_parts(found)
    is_loss = callable(found) and not _is_model(found) and not reached
    if is_loss and (inspect.isroutine(found) or not _has_parts(found)):
        return audit_loss(
            found,
            None if request.sampler is None else load_callable(request.sampler, "sampler"),
            likelihood=request.likelihood or "bernoulli",
            decoder_output=request.decoder_output or "probs",
            event_shape=request.event_shape or (784,),
            latent_size=request.latent_size,
            data=examples,
            **request.declared,
        )
    if examples is not None:
        return _of_model(found, examples, request)
    names = [request.parts.get(role) or role for role in ("encoder", "decoder")]
    parts = [reached.get(name, getattr(found, name, None)) for name in names]
    shape = request.event_shape or _input_shape(found) or _input_shape(parts[0])
    if shape is not None:
        return _of_model(found, _rows(shape), request)
    return _of_any_shape(found, [_dense_shape(parts[1]), _dense_shape(found)], request)


def _of_model(model: Any, rows: Any, request: Request) -> AuditReport:
    return audit_model(
        model,
        rows,
        likelihood=request.likelihood,
        decoder_output=request.decoder_output,
        **request.parts,
        **request.declared,
    )


def _of_any_shape(
    model: Any, guesses: Sequence[tuple[int, ...] | None], request: Request
) -> AuditReport:
    """Audits a model at the first shape that it takes, of the guesses and the usual ones."""
    refused: ValueError | None = None
    unread: ValueError | None = None
    for shape in dict.fromkeys((*guesses, *_USUAL_SHAPES)):
        if shape is None:
            continue
        try:
            return _of_model(model, _rows(shape), request)
        except ValueError as error:
            if error.__cause__ is not None:
                refused = refused or error
            elif shape in guesses:
                # The model ran, perhaps only because it takes rows of any shape.
                unread = unread or error
            else:
                raise unread or error from None
    if unread is not None:
        raise unread
    raise ValueError(
        f"{refused} It was tried with the usual shapes of one example: say that of yours with "
        "--event-shape, such as 20, or give a file with --data."
    ) from refused


def _bound_step(function: Any) -> tuple[Any, Step] | None:
    """The model and the step of x that a function of (model, x, ...) is in its own module.

    All its arguments but one have the names of objects there, one of them a model. None if not.
    """
    written = inspect.unwrap(function) if hasattr(function, "__wrapped__") else function
    if not inspect.isfunction(written):
        return None
    required = [
        p.name for p in inspect.signature(written).parameters.values() if p.default is p.empty
    ]
    given = {n: written.__globals__[n] for n in required if n in written.__globals__}
    models = [value for value in given.values() if _is_model(value)]
    rest = [n for n in required if n not in given]
    if len(models) != 1 or len(rest) != 1:
        return None
    return models[0], lambda _, x: function(**given, **{rest[0]: x})


def _made(function: Any, reference: str) -> Any:
    try:
        return function()
    except Exception as error:
        # Whatever the user's own code raises.
        raise ValueError(
            "`loss` must be a function, a model, or what makes one; got "
            f"{reference!r}, which raises {type(error).__name__}: {' '.join(str(error).split())}."
        ) from error


def _is_model(found: Any) -> bool:
    return not inspect.isclass(found) and any(
        hasattr(found, name) for name in ("train_step", "training_step", "named_modules")
    )


def _has_parts(found: Any) -> bool:
    return any(hasattr(found, name) for name in ("encoder", "encode", "decoder", "decode"))


def _needs_nothing(function: Any) -> bool:
    """Whether a function or class can be called without arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind not in optional]
    is_loss = not inspect.isclass(function) and any(
        p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters
    )
    return not needed and not is_loss


def _rows(shape: Sequence[int]) -> np.ndarray:
    """Random examples, where no real ones are given."""
    rng = np.random.default_rng(0)
    return (rng.random((_ROWS, *shape)) > 0.5).astype(np.float32)


def _input_shape(part: Any) -> tuple[int, ...] | None:
    """Returns the shape of one example that a model of Keras takes, or None if it does not say."""
    shape = getattr(part, "input_shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape[1:]):
        return None
    return shape[1:] or None


def _dense_shape(part: Any) -> tuple[int, ...] | None:
    """Returns the width of the last layer with weights if it is a dense one, or None."""
    widths = [_width(layer) for layer in _layers(part)]
    last = next((width for width in reversed(widths) if width is not None), 0)
    return (last,) if last else None


def _layers(part: Any) -> list[Any]:
    """Returns the layers of PyTorch or Keras inside a part, in their order."""
    if hasattr(part, "modules"):
        return list(part.modules())
    inner = getattr(part, "layers", None)
    if not inner:
        inner = [v for v in getattr(part, "__dict__", {}).values() if hasattr(v, "weights")]
    return [each for layer in inner for each in _layers(layer)] or [part]


def _width(layer: Any) -> int | None:
    """Returns the width of a dense layer, 0 of a convolution, None of one without weights."""
    width = getattr(layer, "out_features", getattr(layer, "units", None))
    if isinstance(width, int):
        return width
    return 0 if hasattr(layer, "kernel_size") else None
