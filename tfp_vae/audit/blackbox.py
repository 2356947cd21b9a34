"""Calls a user's function eagerly, with TensorFlow or NumPy inputs, and explains its failures."""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray


@dataclass(frozen=True)
class Style:
    """The kind of input that a function is called with."""

    words: str
    dtype: type[np.floating[Any]]
    as_tensors: bool

    def make(self, array: Array) -> Array | tf.Tensor:
        """Turns an array into an input of this style, one that shares no memory with it."""
        copy = np.array(array, dtype=self.dtype)
        return tf.constant(copy) if self.as_tensors else copy


STYLES = (
    Style("float64 tensors", np.float64, True),
    Style("float32 tensors", np.float32, True),
    Style("float64 NumPy arrays", np.float64, False),
    Style("float32 NumPy arrays", np.float32, False),
)


class CallError(Exception):
    """The user's function raised; its exception is the cause."""


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
def _quietly() -> Iterator[None]:
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
    """

    def __init__(self, function: Callable[..., Any], argument: str, names: Sequence[str]):
        self._function = function
        self._argument = argument
        self._names = tuple(names)
        self.style = STYLES[0]
        self.epsilon = float(np.finfo(np.float64).eps)

    def settle(self, candidates: Sequence[Sequence[Array]]) -> int:
        """Finds the first inputs and style that the function accepts.

        Args:
            candidates: Inputs of different sizes, the preferred first.

        Returns:
            The index of the inputs that were accepted.

        Raises:
            ValueError: If the function raises for all of them; its exception is the cause.
        """
        cause: BaseException | None = None
        for index, arrays in enumerate(candidates):
            for style in STYLES:
                self.style = style
                try:
                    self(*arrays)
                except CallError as error:
                    if cause is None and style.as_tensors and style.dtype is np.float32:
                        cause = error.__cause__
                    continue
                return index
        shapes = ", ".join(
            f"{name} {list(array.shape)}"
            for name, array in zip(self._names, candidates[0], strict=True)
        )
        raise ValueError(
            f"`{self._argument}` must accept {shapes}, as float64 or float32 tensors or NumPy "
            f"arrays; got {type(cause).__name__}: {one_line(cause)}."
        ) from cause

    def __call__(self, *arrays: Array) -> Array:
        """Calls the function and returns its result as a float64 array.

        Raises:
            CallError: If the function raised; its exception is the cause.
            TypeError: If the result is no array of floats.
            ValueError: If the function changed one of its inputs.
        """
        return self._call(arrays, self.style)

    def in_float32(self, *arrays: Array) -> Array:
        """Like a call, but in float32, as networks are, where the function accepts it."""
        single = next(
            style
            for style in STYLES
            if style.dtype is np.float32 and style.as_tensors == self.style.as_tensors
        )
        epsilon = self.epsilon
        try:
            return self._call(arrays, single)
        except CallError:
            return self._call(arrays, self.style)
        finally:
            self.epsilon = epsilon

    def _call(self, arrays: Sequence[Array], style: Style) -> Array:
        inputs = [style.make(array) for array in arrays]
        try:
            with _quietly():
                result = self._function(*inputs)
        except Exception as error:
            raise CallError(str(error)) from error
        for name, given, array in zip(self._names, inputs, arrays, strict=True):
            if not np.array_equal(np.asarray(given), np.asarray(array, style.dtype)):
                raise ValueError(
                    f"`{self._argument}` must leave its inputs as they are; got `{name}` changed "
                    "in place."
                )
        return self._as_array(result)

    def _as_array(self, result: Any) -> Array:
        expected = f"`{self._argument}` must return an array of floats; got"
        if result is None:
            raise TypeError(f"{expected} None: is a `return` missing?")
        if isinstance(result, (tuple, list, dict, set, str, bytes)):
            raise TypeError(f"{expected} a {type(result).__name__}.")
        try:
            with _quietly():
                array = np.asarray(result)
                values = array.astype(np.float64)
        except Exception as error:
            raise TypeError(f"{expected} a {type(result).__name__}.") from error
        if array.dtype.kind in "biucOSU":
            raise TypeError(f"{expected} {array.dtype} values.")
        if not isinstance(result, float):
            self.epsilon = max(self.epsilon, float(tf.experimental.numpy.finfo(array.dtype).eps))
        return values


def one_line(error: BaseException | None) -> str:
    """Returns the message of an error as one line without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
