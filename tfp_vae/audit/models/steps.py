"""Runs the step in which a whole model computes its loss, and catches the loss."""

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.audit.calls.argument_names import KEY_NAMES, X, role_of
from tfp_vae.audit.calls.blackbox import parameters_of
from tfp_vae.audit.calls.frameworks import JAX, NUMPY, TENSORFLOW, TORCH
from tfp_vae.audit.models.batches import BATCHES, with_labels, with_targets
from tfp_vae.audit.models.composed_steps import composed_steps
from tfp_vae.error_text import described

Array = np.ndarray

_METHODS = (
    "training_step",
    "train_step",
    "loss",
    "loss_function",
    "compute_loss",
    "get_loss",
    "vae_loss",
    "elbo_loss",
    "loss_fn",
    "calculate_loss",
    "forward_loss",
    "negative_elbo",
    "nelbo",
    "_step",
    "step",
    "shared_step",
)


class Caught(BaseException):
    """Carries a value out of a step that goes no further."""

    def __init__(self, value: Any):
        super().__init__("caught")
        self.value = value


class _CaughtLoss(Caught):
    """Carries the loss whose gradient was asked for."""


@contextlib.contextmanager
def _gradients_caught() -> Iterator[None]:
    """Lets the first gradient that is asked for raise `Caught` with its target."""
    original = tf.GradientTape.gradient
    torch: Any = sys.modules.get("torch")
    backward = getattr(getattr(torch, "Tensor", None), "backward", None)

    def gradient(_: Any, target: Any, *__: Any, **___: Any) -> Any:
        raise _CaughtLoss(target[0] if isinstance(target, (list, tuple)) else target)

    def backwards(loss: Any, *_: Any, **__: Any) -> Any:
        raise _CaughtLoss(loss)

    tf.GradientTape.gradient = gradient
    if backward is not None:
        torch.Tensor.backward = backwards
    try:
        yield
    finally:
        tf.GradientTape.gradient = original
        if backward is not None:
            torch.Tensor.backward = backward


def is_keras_model(model: Any) -> bool:
    """Whether this is a model of Keras 3 or tf_keras."""
    return hasattr(type(model), "train_step") and hasattr(type(model), "trainable_weights")


def is_torch_module(model: Any) -> bool:
    """Whether this is a PyTorch module."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def model_framework(model: Any) -> str:
    """The framework of a model's tensors."""
    if is_torch_module(model):
        return TORCH
    if is_keras_model(model) or hasattr(type(model), "trainable_variables"):
        return TENSORFLOW
    return JAX if "jax" in sys.modules else NUMPY


def as_input(array: Array, framework: str) -> Any:
    """An array as an input of a model, in float32."""
    single = np.array(array, np.float32)
    if framework == TENSORFLOW:
        return tf.constant(single)
    if framework == TORCH:
        return sys.modules["torch"].from_numpy(single)
    if framework == JAX:
        return sys.modules["jax"].numpy.asarray(single)
    return single


Step = Callable[[Any], Any]


def steps_of(
    model: Any, step: str | Callable[..., Any] | None, constants: dict[str, Any]
) -> list[Step]:
    """The ways in which a model may compute its loss of x, the likeliest first.

    Args:
        model: The model, or a function of a module that has the model's parts.
        step: The method's name, or a function of (model, x); None to find it.
        constants: Values of further arguments, by name.

    Raises:
        TypeError: If `step` is neither, or the model has no such method.
    """
    if callable(step):
        return [lambda x: step(model, x), lambda x: step(x, model)]
    if step is not None:
        method = getattr(model, step, None) if isinstance(step, str) else None
        if not callable(method):
            raise TypeError(
                "`step` must be a function of (model, x) or the name of a method of the model; "
                f"got {described(step)}."
            )
        return _calls(method, constants)
    if is_keras_model(model):
        return _keras_steps(model)
    if inspect.isfunction(model):
        return _calls(model, constants)
    found: list[Step] = []
    for name in _METHODS:
        method = getattr(model, name, None)
        if callable(method):
            found += _calls(method, constants)
    found += composed_steps(model, [getattr(model, name, None) for name in _METHODS], constants)
    methods: list[Any] = [getattr(model, name, None) for name in _METHODS]
    packed = [method for method in methods if _takes_all(method)]
    # What the model returns goes into such a loss as it is.
    found += [partial(_loss_of_result, model, method, constants) for method in packed]
    if not packed and (is_torch_module(model) or callable(model)):
        found += _calls(model, constants)
    return found


def _takes_all(method: Any) -> bool:
    """Whether a method takes `*args` alone, beside keywords."""
    parameters = parameters_of(method) if callable(method) else None
    kinds = {p.kind for p in parameters or ()}
    return inspect.Parameter.VAR_POSITIONAL in kinds and kinds <= {
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    }


def _loss_of_result(
    model: Callable[..., Any], method: Callable[..., Any], constants: dict[str, Any], x: Any
) -> Any:
    try:
        return method(*model(x), **constants)
    except KeyError as error:
        raise ValueError(
            f"{getattr(method, '__name__', 'the loss')} needs {error.args[0]!r}: give it in "
            "`arguments`"
        ) from error


def _keras_steps(model: Any) -> list[Step]:
    data: list[Callable[[Any], Any]] = [lambda x: (x, x), lambda x: x, lambda x: (x,)]
    shapes = [tuple(t.shape[1:]) for t in getattr(model, "outputs", None) or ()]
    if len(shapes) > 1:
        data.insert(0, partial(with_targets, shapes))
    if _overrides(model, "train_step"):
        data = [lambda x: x, lambda x: (x, x), lambda x: (x,), with_labels]

    def step(make: Callable[[Any], Any]) -> Step:
        return lambda x: model.train_step(make(x))

    return [step(make) for make in data]


def lacks_loss(model: Any) -> bool:
    """Whether this is a model of Keras that neither computes a loss itself nor was given one."""
    if not is_keras_model(model):
        return False
    is_own = any(_overrides(model, name) for name in ("train_step", "compute_loss"))
    return not is_own and not getattr(model, "loss", None) and not model.losses


def _overrides(model: Any, method: str) -> bool:
    owner = next(c for c in type(model).__mro__ if method in vars(c))
    return owner.__module__.partition(".")[0] not in ("keras", "tf_keras")


def _calls(function: Callable[..., Any], constants: dict[str, Any]) -> list[Step]:
    """The calls of a function of x, a batch index, a random key, and constants."""
    parameters = parameters_of(function)
    if parameters is None:
        return []
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p.name for p in named if p.default is p.empty and p.name not in constants]
    values = {name: value for name, value in constants.items() if name in {p.name for p in named}}
    takes_x = [n for n in required if role_of(n) == X or n in ("data", "x_batch")]
    if not takes_x:
        others = [n for n in required if n.lower() not in KEY_NAMES and "idx" not in n]
        takes_x = others[:1]
    if not takes_x:
        return []
    x_name = takes_x[0]
    rest = [n for n in required if n != x_name]
    if any(
        n.lower() not in KEY_NAMES and "idx" not in n and n != "i" and "index" not in n
        for n in rest
    ):
        return []
    counter = iter(range(1, 2**31))

    def run(pack: Callable[[Any], Any], x: Any) -> Any:
        further = {n: _key(next(counter)) if n.lower() in KEY_NAMES else 0 for n in rest}
        return function(**{x_name: pack(x)}, **further, **values)

    return [partial(run, pack) for pack in BATCHES]


def unwrapped(model: Any) -> Any:
    """The function that was written of a compiled one, or the Keras model that an object holds."""
    is_object = not (is_keras_model(model) or is_torch_module(model) or callable(model))
    if is_object and not any(callable(getattr(model, name, None)) for name in _METHODS):
        values = getattr(model, "__dict__", {}).values()
        held = {id(v): v for v in values if is_keras_model(v) and not lacks_loss(v)}
        if len(held) == 1:
            return next(iter(held.values()))
    written = inspect.unwrap(model) if hasattr(model, "__wrapped__") else model
    return written if inspect.isfunction(written) else model


@contextlib.contextmanager
def run_eagerly() -> Iterator[None]:
    """Lets every function run as written, so that no compiled one keeps a part that is replaced."""
    jax: Any = sys.modules.get("jax")
    eagerly = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with jax.disable_jit() if hasattr(jax, "disable_jit") else contextlib.nullcontext():
            yield
    finally:
        tf.config.run_functions_eagerly(eagerly)


def with_caught_loss(step: Step) -> Step:
    """The step that ends at the first gradient that is asked for, and returns what it is of."""

    def run(x: Any) -> Any:
        with run_eagerly(), _gradients_caught():
            try:
                return step(x)
            except _CaughtLoss as caught:
                return caught.value

    return run


def _key(number: int) -> Any:
    jax = sys.modules.get("jax")
    return jax.random.PRNGKey(number) if jax is not None else np.random.default_rng(number)
