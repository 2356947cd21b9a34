"""Finds the loss in what a user's function returns: a tensor, or an entry of a tuple or dict."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.blackbox import float_array
from tfp_vae.error_text import described

Array = np.ndarray
Entry = tuple[str | int, Any]

_NAMES = [
    "loss",
    "total_loss",
    "total",
    "vae_loss",
    "loss_total",
    "elbo_loss",
    "neg_elbo",
    "negative_elbo",
    "nelbo",
    "objective",
    "train_loss",
    "full_loss",
    "overall_loss",
    "total_vae_loss",
]


def entries_of(result: Any) -> list[Entry] | None:
    """The entries of a tuple, list, dict, named tuple or data class; None for anything else."""
    if isinstance(result, Mapping):
        return list(result.items())
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return list(zip(result._fields, result, strict=True))
    if isinstance(result, (tuple, list)):
        return list(enumerate(result))
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return [(f.name, getattr(result, f.name)) for f in dataclasses.fields(result)]
    return list(vars(result).items()) if isinstance(result, SimpleNamespace) else None


def chooser(
    result: Any, returns: str | int | None, calls: Callable[[], Sequence[Any]]
) -> tuple[Callable[[Any], Any], str]:
    """Finds which entry of a result is the loss.

    Args:
        result: What the function returned.
        returns: The entry that the user names, None to find it.
        calls: Calls the function at three points: a start, another event, other encoder outputs.

    Returns:
        A function from a result to the loss in it, and the entry in words ("" for a tensor).

    Raises:
        TypeError: If the entry cannot be found.
        ValueError: If `returns` names no entry.
    """
    entries = entries_of(result)
    if entries is None:
        if returns is not None:
            raise ValueError(
                f"`returns` must be None for a loss that returns one tensor; got {returns!r}."
            )
        return (lambda r: r), ""
    names = [name for name, _ in entries]
    if returns is None:
        returns = _found(entries, calls)
    elif isinstance(returns, int) and returns not in names and -len(names) <= returns < len(names):
        returns = names[returns]
    if returns not in names:
        if returns is None:
            raise TypeError(
                "`loss` must return an array of floats, or a tuple or dict with one entry that is "
                f"plainly the loss; got a {type(result).__name__} of "
                f"{', '.join(map(str, names))}: name the entry with returns=."
            )
        raise ValueError(
            f"`returns` must be one of {', '.join(map(repr, names))}; got {described(returns)}."
        )
    place = names.index(returns)

    def choose(another: Any) -> Any:
        listed = entries_of(another)
        if listed is None or place >= len(listed):
            raise TypeError(
                "`loss` must return the same entries at every call; got a "
                f"{type(another).__name__}."
            )
        return listed[place][1]

    return choose, f"entry {returns!r} of the {type(result).__name__} that it returns"


def _found(entries: Sequence[Entry], calls: Callable[[], Sequence[Any]]) -> str | int | None:
    usable = []
    for name, value in entries:
        try:
            float_array(value, "loss")
        except TypeError:
            continue
        usable.append(name)
    for name in _NAMES:
        for entry in usable:
            if isinstance(entry, str) and entry.lower().replace(" ", "_") == name:
                return entry
    if len(usable) == 1:
        return usable[0]
    whole = _wholes(usable, [dict(entries_of(result) or []) for result in calls()])
    return whole[0] if whole else None


def _wholes(usable: Sequence[str | int], results: Sequence[dict[Any, Any]]) -> list[str | int]:
    """The entries that both the event and the encoder's outputs move."""
    moved = []
    for name in usable:
        start, event, encoder = (
            np.asarray(float_array(result[name], "loss"), np.float64) for result in results
        )
        if start.ndim > 2:
            continue
        if all(
            other.shape == start.shape and np.max(np.abs(other - start), initial=0.0) > 1e-9
            for other in (event, encoder)
        ):
            moved.append(name)
    return moved


def as_rows(result: Array, batch_size: int) -> Array | None:
    """The values of one call, `[]` or `[B]`; further axes are averaged, as Keras does.

    Returns:
        None if the first axis is not the batch.
    """
    if result.ndim == 0 or result.shape == (batch_size,):
        return result
    if result.size == 1 and batch_size != 1:
        return result.reshape(())
    if result.shape[0] != batch_size:
        return None
    return np.asarray(result.reshape(batch_size, -1).mean(axis=-1))
