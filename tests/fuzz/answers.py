"""What a public call may do with an argument: answer rightly, or say what is wrong."""

import dataclasses
import re
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.artist import Artist
from tensorflow_probability import distributions as tfd

LONGEST_MESSAGE = 600
_SAID = re.compile(r"must\b.*\bgot\b")


def numbers(answer: Any) -> list[np.ndarray]:
    """Returns all numbers of an answer, as arrays of float64."""
    if answer is None or isinstance(answer, (str, Artist, type)):
        return []
    if isinstance(answer, keras.callbacks.History):
        answer = answer.history
    if isinstance(answer, tfd.Distribution):
        try:
            answer = answer.mean()
        except NotImplementedError:
            answer = answer.sample(seed=[0, 1])
    if isinstance(answer, dict):
        answer = [answer[name] for name in sorted(answer)]
    elif dataclasses.is_dataclass(answer):
        answer = [getattr(answer, field.name) for field in dataclasses.fields(answer)]
    if isinstance(answer, (list, tuple)):
        return [each for part in answer for each in numbers(part)]
    if callable(answer) and not tf.is_tensor(answer):
        return []
    if isinstance(answer, keras.KerasTensor):
        return []
    values = np.asarray(answer)
    return [] if values.dtype.kind in "OUSV" and values.dtype.name != "bfloat16" else [
        values.astype(np.float64)
    ]  # fmt: skip


def is_explained(error: Exception, names: list[str]) -> bool:
    """Tells whether an error names one of some arguments, what was expected and what came."""
    text = str(error)
    named = any(re.search(rf"`[^`]*\b{name}\b[^`]*`", text) for name in names)
    sentence = text.endswith(".") and "\n" not in text and len(text) < LONGEST_MESSAGE
    return named and sentence and _SAID.search(text) is not None


def check_finite(answer: Any, allowed: set[str]) -> None:
    """Fails if a number of an answer is NaN or infinite, but for fields that may be."""
    if isinstance(answer, keras.callbacks.History):
        answer = answer.history
    if hasattr(answer, "_asdict"):
        answer = {k: v for k, v in answer._asdict().items() if k not in allowed}
    elif isinstance(answer, dict):
        answer = {k: v for k, v in answer.items() if k not in allowed}
    for values in numbers(answer):
        assert np.isfinite(values).all(), f"an answer that is not finite: {answer}"


def check_same(answer: Any, plain: Any, tolerance: float) -> None:
    """Fails unless two answers agree, number by number."""
    first, second = numbers(answer), numbers(plain)
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
