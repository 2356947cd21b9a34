"""Calls a user's function eagerly, with inputs of its framework, and explains its failures."""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.audit.calls.frameworks import (
    NUMPY,
    Style,
    as_numpy,
    double_precision,
    framework_of,
    input_styles,
)

Array = np.ndarray
Choice = Callable[[Any], Any]


class CallError(Exception):
    """The user's function raised; its exception is the cause."""


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The arguments of a function, a PyTorch module's or a Keras layer's; None if unknown."""
    target: Any = function
    for mark, method in (("named_modules", "forward"), ("trainable_weights", "call")):
        if hasattr(type(function), mark) and hasattr(function, method):
            target = getattr(function, method)
    try:
        return list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return None


def positional_count(function: Callable[..., Any]) -> tuple[int, bool] | None:
    """Counts the arguments that a call must give: (how many, whether `*args` takes more)."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = sum(p.kind in positional and p.default is p.empty for p in parameters)
    return needed, any(p.kind is p.VAR_POSITIONAL for p in parameters)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keeps what the function prints and warns about out of the audit's report."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


class BlackBox:
    """A user's function of arrays, called in the first style of input that it accepts.

    Args:
        function: The function.
        argument: The name of the audit's argument that holds it, for error messages.
        names: The names of the function's own arguments, for error messages.

    Attributes:
        style: The style of input.
        framework: The framework of the last result.
        epsilon: The coarsest rounding unit of the results.
        choose: Takes the wanted value out of a result.
    """

    def __init__(self, function: Callable[..., Any], argument: str, names: Sequence[str]):
        self._function = function
        self._argument = argument
        self._names = tuple(names)
        self.style = input_styles()[0]
        self.framework = NUMPY
        self.epsilon = float(np.finfo(np.float64).eps)
        self.choose: Choice = lambda result: result

    def settle(self, candidates: Iterable[Sequence[Array]]) -> int:
        """Finds the first inputs and style that the function accepts.

        Args:
            candidates: Inputs of different sizes, the preferred first; taken one by one, as far
                as they are needed.

        Returns:
            The index of the inputs that were accepted.

        Raises:
            ValueError: If the function raises for all of them; its exception is the cause.
        """
        causes: list[tuple[Style, BaseException | None]] = []
        first: Sequence[Array] = ()
        # A style that a function refuses at the first sizes, it refuses at all, unless every
        # style is refused there.
        for index, arrays in enumerate(candidates):
            first = first or arrays
            for style in input_styles():
                self.style = style
                try:
                    self.raw(*arrays)
                except CallError as error:
                    if index == 0:
                        causes.append((style, error.__cause__))
                    continue
                return index
        cause = self._telling(causes)
        shapes = ", ".join(
            f"{name} {list(array.shape)}" for name, array in zip(self._names, first, strict=True)
        )
        kinds = "tensors or NumPy arrays"
        if len(input_styles()) > 4:
            kinds = "tensors, NumPy arrays or PyTorch tensors"
        raise ValueError(
            f"`{self._argument}` must accept {shapes}, as float64 or float32 {kinds}; got "
            f"{type(cause).__name__}: {one_line(cause)}."
        ) from cause

    def _telling(
        self, causes: Sequence[tuple[Style, BaseException | None]]
    ) -> BaseException | None:
        """The exception of the function's own framework: one that is about no type of input."""
        others = [
            cause
            for style, cause in causes
            if style.dtype is np.float32 and not isinstance(cause, TypeError | AttributeError)
        ]
        fallback = [cause for style, cause in causes if style.dtype is np.float32]
        return (others or fallback)[0]

    def __call__(self, *arrays: Array) -> Array:
        """Calls the function and returns its result as a float64 array.

        Raises:
            CallError: If the function raised; its exception is the cause.
            TypeError: If the result is no array of floats.
            ValueError: If the function changed one of its inputs.
        """
        return self._as_array(self.choose(self.raw(*arrays)))

    def in_float32(self, *arrays: Array) -> Array:
        """Like a call, but in float32, as networks are, where the function accepts it.

        What is not finite is computed again without a compiler, which may reorder a sum.
        """
        epsilon = self.epsilon
        try:
            result = self._as_array(self.choose(self._raw(arrays, self.style.single())))
            as_written = getattr(self._function, "step_by_step", None)
            if as_written is not None and not np.all(np.isfinite(result)):
                with quietly(), double_precision():
                    inputs = [self.style.single().make(array) for array in arrays]
                    result = self._as_array(self.choose(as_written(*inputs)))
            return result
        except CallError:
            return self(*arrays)
        finally:
            self.epsilon = epsilon

    def raw(self, *arrays: Array) -> Any:
        """Calls the function and returns its result as it is."""
        return self._raw(arrays, self.style)

    def _raw(self, arrays: Sequence[Array], style: Style) -> Any:
        inputs = [style.make(array) for array in arrays]
        try:
            with quietly(), double_precision():
                result = self._function(*inputs)
        except Exception as error:
            raise CallError(str(error)) from error
        for name, given, array in zip(self._names, inputs, arrays, strict=True):
            if not np.array_equal(as_numpy(given), np.asarray(array, style.dtype)):
                raise ValueError(
                    f"`{self._argument}` must leave its inputs as they are; got `{name}` changed "
                    "in place."
                )
        return result

    def _as_array(self, result: Any) -> Array:
        array = float_array(result, self._argument)
        self.framework = framework_of(result)
        if not isinstance(result, float):
            self.epsilon = max(self.epsilon, float(tf.experimental.numpy.finfo(array.dtype).eps))
        return array.astype(np.float64)


def float_array(result: Any, argument: str) -> Array:
    """A result of any framework as an array of floats.

    Raises:
        TypeError: If it is none.
    """
    expected = f"`{argument}` must return an array of floats; got"
    if result is None:
        raise TypeError(f"{expected} None: is a `return` missing?")
    if isinstance(result, (tuple, list, dict, set, str, bytes)):
        raise TypeError(f"{expected} a {type(result).__name__}.")
    try:
        with quietly():
            array = as_numpy(result)
            array.astype(np.float64)
    except Exception as error:
        raise TypeError(f"{expected} a {type(result).__name__}.") from error
    if array.dtype.kind in "biucOSU":
        raise TypeError(f"{expected} {array.dtype} values.")
    return array


def one_line(error: BaseException | None) -> str:
    """Returns the message of an error as one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
