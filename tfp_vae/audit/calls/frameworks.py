"""The frameworks that a loss may be written in: their inputs, their results, their seeds."""

import contextlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Array = np.ndarray

TENSORFLOW, NUMPY, TORCH, JAX, KERAS = "tensorflow", "numpy", "torch", "jax", "keras"


@dataclass(frozen=True)
class Style:
    """The kind of input that a function is called with."""

    words: str
    dtype: type[np.floating[Any]]
    framework: str

    def make(self, array: Array) -> Any:
        """Turns an array into an input of this style, one that shares no memory with it."""
        copy = np.array(array, dtype=self.dtype)
        if self.framework == TENSORFLOW:
            return tf.constant(copy)
        if self.framework == TORCH:
            return sys.modules["torch"].from_numpy(copy)
        return copy

    def single(self) -> "Style":
        """The same kind of input in float32."""
        words = self.words.replace("float64", "float32")
        return Style(words, np.float32, self.framework)


def input_styles() -> tuple[Style, ...]:
    """The kinds of input to try, the preferred first; PyTorch's if PyTorch is imported."""
    kinds = [(TENSORFLOW, "tensors"), (NUMPY, "NumPy arrays")]
    if "torch" in sys.modules:
        kinds.append((TORCH, "PyTorch tensors"))
    return tuple(
        Style(f"{dtype.__name__} {words}", dtype, framework)
        for framework, words in kinds
        for dtype in (np.float64, np.float32)
    )


def framework_of(result: Any) -> str:
    """The framework that made a result."""
    if isinstance(result, tf.Tensor | tf.Variable):
        return TENSORFLOW
    module = type(result).__module__.partition(".")[0]
    return {"torch": TORCH, "jax": JAX, "jaxlib": JAX}.get(module, NUMPY)


def as_numpy(result: Any) -> Array:
    """A tensor of any framework as an array."""
    if framework_of(result) == TORCH:
        return np.asarray(result.detach().cpu().numpy())
    if hasattr(result, "log_prob"):
        # A layer of TensorFlow Probability returns a distribution that turns into its draw.
        return np.asarray(tf.convert_to_tensor(result))
    return np.asarray(result)


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """Lets JAX, if it is imported, compute in the precision of its inputs."""
    jax = sys.modules.get("jax")
    if jax is None or not hasattr(jax, "experimental"):
        yield
        return
    enable = getattr(jax, "enable_x64", None)
    context = enable(True) if enable is not None else jax.experimental.enable_x64()
    with context:
        yield


@contextlib.contextmanager
def kept_random_states() -> Iterator[None]:
    """Puts the random states of Python, NumPy and PyTorch back at the end.

    TensorFlow and Keras tell no state: they go on from a seed that Python's state determines.
    """
    python, numpy = random.getstate(), np.random.get_state()
    later = random.getrandbits(31)
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch is not None else None
    try:
        yield
    finally:
        keras.utils.set_random_seed(later)
        random.setstate(python)
        np.random.set_state(numpy)
        if torch is not None and torch_state is not None:
            torch.set_rng_state(torch_state)


def set_seeds(seed: int) -> None:
    """Seeds every framework that is imported; call it inside `kept_random_states`."""
    keras.utils.set_random_seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def framework_written_in(function: Any) -> str | None:
    """Keras, if a function's module has Keras and no TensorFlow; None to go by its results."""
    names = getattr(function, "__globals__", None)
    if names is None:
        names = getattr(type(function).__call__, "__globals__", None)
    if names is None:
        return None
    used = set(getattr(getattr(function, "__code__", None), "co_names", ()))
    modules = {
        getattr(names.get(name), "__name__", "").partition(".")[0]
        for name in used
        if hasattr(names.get(name), "__spec__")
    }
    return KERAS if "keras" in modules and "tensorflow" not in modules else None
