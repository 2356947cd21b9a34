"""Checks the arguments of an audit."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfp_vae.audit.probes.likelihood_forms import DECLARED_FORMS
from tfp_vae.error_text import described

_LARGEST_SIZE = 2**24
_LARGEST_BATCH = 100_000


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


def check_declaration(
    likelihood: str,
    decoder_output: str,
    expected_kl_weight: float,
    name: str = "decoder_output",
) -> None:
    """Checks the declared distribution and the weight of the KL; `name` is that of the output.

    Raises:
        ValueError: If one of them is unknown, or the weight is not positive.
    """
    check_likelihood(likelihood)
    check_decoder_output(decoder_output, likelihood, name)
    check_kl_weight(expected_kl_weight)


def check_likelihood(likelihood: str) -> None:
    """Checks the declared likelihood.

    Raises:
        ValueError: If it is unknown.
    """
    likelihoods = sorted({name for name, _ in DECLARED_FORMS})
    if not isinstance(likelihood, str) or likelihood not in likelihoods:
        raise ValueError(
            f"`likelihood` must be one of {_listed_names(likelihoods)}; got "
            f"{described(likelihood)}."
        )


def check_decoder_output(
    decoder_output: str, likelihood: str | None, name: str = "decoder_output"
) -> None:
    """Checks the declared output of a decoder for a likelihood, or for any; `name` is its own.

    Raises:
        ValueError: If it is unknown.
    """
    outputs = sorted({output for known, output in DECLARED_FORMS if likelihood in (None, known)})
    if not isinstance(decoder_output, str) or decoder_output not in outputs:
        of_likelihood = "" if likelihood is None else f" for likelihood={likelihood!r}"
        raise ValueError(
            f"`{name}` must be one of {_listed_names(outputs)}{of_likelihood}; got "
            f"{described(decoder_output)}."
        )


def check_kl_weight(expected_kl_weight: float) -> None:
    """Checks the weight of the KL.

    Raises:
        ValueError: If it is not a positive number or 0.
    """
    limits = np.finfo(np.float32)
    is_weight = _is_number(expected_kl_weight) and (
        expected_kl_weight == 0.0 or float(limits.tiny) <= expected_kl_weight <= float(limits.max)
    )
    if not is_weight:
        raise ValueError(
            "`expected_kl_weight` must be a positive number or 0; got "
            f"{described(expected_kl_weight)}."
        )


def _listed_names(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def check_functions(loss: Callable[..., Any], sampler: Callable[..., Any] | None) -> None:
    """Checks that a loss, and a sampler if there is one, can be called.

    Raises:
        TypeError: If one of them cannot.
    """
    for name, function in (("loss", loss), ("sampler", sampler)):
        if not callable(function) and not (name == "sampler" and function is None):
            raise TypeError(f"`{name}` must be a function; got {described(function)}.")


def checked_latent_shape(latent_size: int | Sequence[int]) -> tuple[int, ...]:
    """Returns the latents' shape as a tuple.

    Raises:
        ValueError: If it is neither an int of at least 1 nor a list of such.
    """
    sizes: list[Any] = (
        list(latent_size) if isinstance(latent_size, (tuple, list)) else [latent_size]
    )
    are_ints = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes)
    if not sizes or not are_ints or min(sizes) < 1:
        raise ValueError(
            "`latent_size` must be an int of at least 1, or a list of such; got "
            f"{described(latent_size)}."
        )
    return tuple(int(n) for n in sizes)


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, (int, float, np.integer, np.floating))
    return is_real and not isinstance(value, bool) and math.isfinite(value)


def check_changes(
    prior: tuple[float, float],
    kl_floor: float | None,
    kl_capacity: float | None,
    batch_size: int | None,
) -> tuple[tuple[float, float], float | None, float | None, int | None]:
    """Checks what the loss is declared to change.

    Raises:
        ValueError: If one of them is out of range.
    """
    is_pair = isinstance(prior, (tuple, list)) and len(prior) == 2 and all(map(_is_number, prior))
    if not is_pair or prior[1] <= 0.0:
        raise ValueError(
            "`prior` must be the mean and the variance of a normal distribution, such as "
            f"(0.0, 1.0); got {described(prior)}."
        )
    for name, value in (("kl_floor", kl_floor), ("kl_capacity", kl_capacity)):
        if value is not None and not (_is_number(value) and value >= 0.0):
            raise ValueError(
                f"`{name}` must be a number of at least 0, or None; got {described(value)}."
            )
    is_size = isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool)
    if batch_size is not None and not (is_size and 1 <= batch_size <= _LARGEST_BATCH):
        raise ValueError(
            f"`batch_size` must be an int from 1 to {_LARGEST_BATCH}, or None; got "
            f"{described(batch_size)}."
        )
    return (float(prior[0]), float(prior[1])), kl_floor, kl_capacity, batch_size
