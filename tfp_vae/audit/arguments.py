"""Checks the arguments of an audit."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfp_vae.audit.blackbox import positional_count
from tfp_vae.audit.references import DECLARED_FORMS
from tfp_vae.error_text import described

_LARGEST_SIZE = 2**24


def checked_event_shape(event_shape: Sequence[int], latent_size: int) -> tuple[int, ...]:
    """Returns the event shape as a tuple.

    Raises:
        TypeError: If it is no list of ints.
        ValueError: If a size is below 1 or too large.
    """
    wanted = "`event_shape` must be a list of ints of at least 1, such as [784]"
    try:
        shape = tuple(_size(n) for n in _listed(event_shape))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{wanted}; got {described(event_shape)}.") from error
    if not shape or min(shape) < 1:
        raise ValueError(f"{wanted}; got {list(shape)}.")
    is_int = isinstance(latent_size, (int, np.integer)) and not isinstance(latent_size, bool)
    if not is_int or latent_size < 1:
        raise ValueError(
            f"`latent_size` must be an int of at least 1; got {described(latent_size)}."
        )
    for name, size in (("event_shape", math.prod(shape)), ("latent_size", latent_size)):
        if size > _LARGEST_SIZE:
            raise ValueError(
                f"`{name}` must hold at most {_LARGEST_SIZE:,} values, because the loss is called "
                f"on arrays of that size; got {size:,}."
            )
    return shape


def _listed(event_shape: object) -> Sequence[object] | np.ndarray:
    """Returns `event_shape` if it is a list of sizes, and neither text nor an iterator."""
    is_bytes = isinstance(event_shape, (str, bytes, bytearray, memoryview))
    if is_bytes or not isinstance(event_shape, (Sequence, np.ndarray)):
        raise TypeError("not a list of sizes")
    return event_shape


def _size(value: Any) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError("not a size")
    return operator.index(value)


def check_declaration(likelihood: str, decoder_output: str, expected_kl_weight: float) -> None:
    """Checks the declared distribution and the weight of the KL.

    Raises:
        ValueError: If one of them is unknown, or the weight is not positive.
    """
    likelihoods = sorted({name for name, _ in DECLARED_FORMS})
    if not isinstance(likelihood, str) or likelihood not in likelihoods:
        raise ValueError(
            f"`likelihood` must be one of {_listed_names(likelihoods)}; got "
            f"{described(likelihood)}."
        )
    outputs = sorted(output for name, output in DECLARED_FORMS if name == likelihood)
    if not isinstance(decoder_output, str) or decoder_output not in outputs:
        raise ValueError(
            f"`decoder_output` must be one of {_listed_names(outputs)} for "
            f"likelihood={likelihood!r}; got {described(decoder_output)}."
        )
    number = isinstance(expected_kl_weight, (int, float, np.integer, np.floating))
    limits = np.finfo(np.float32)
    if not (number and float(limits.tiny) <= expected_kl_weight <= float(limits.max)):
        raise ValueError(
            f"`expected_kl_weight` must be a positive number; got {described(expected_kl_weight)}."
        )


def _listed_names(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def encoder_output_count(loss: Callable[..., Any], sampler: Callable[..., Any] | None) -> int:
    """How many encoder outputs a loss takes: 0, 1 or 2.

    Raises:
        TypeError: If the loss or the sampler is no function, or the loss takes too few or too many
            arguments.
    """
    for name, function in (("loss", loss), ("sampler", sampler)):
        if not callable(function) and not (name == "sampler" and function is None):
            raise TypeError(f"`{name}` must be a function; got {described(function)}.")
    count = positional_count(loss)
    from_sampler = positional_count(sampler) if sampler is not None else None
    if count is None or (count[1] and count[0] <= 2):
        if from_sampler is not None and from_sampler[0] in (1, 2):
            return from_sampler[0]
        return 2
    if not 2 <= count[0] <= 4:
        raise TypeError(
            "`loss` must be a function of (x, decoder_output, *encoder_outputs) with at most two "
            f"encoder outputs; got one of {count[0]} arguments."
        )
    return count[0] - 2
