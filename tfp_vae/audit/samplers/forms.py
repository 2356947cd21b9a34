"""The forms of samplers: `f(mean, s)`, `f([mean, s])`, a Keras layer, `f(key, mean, s)`."""

import inspect
import itertools
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.audit.calls.argument_names import KEY_NAMES, MEAN, SECOND, role_of
from tfp_vae.audit.calls.jax_programs import as_program

Draw = Callable[..., Any]


class SamplerCall:
    """A sampler as a function of (mean, s), which can be made to repeat its noise.

    Args:
        sampler: The user's sampler.
        draw: Calls it with (sampler, key, mean, s).
        make_key: Makes a random key of a number.
    """

    def __init__(self, sampler: Any, draw: Draw, make_key: Callable[[int], Any] | None = None):
        self._make_key = make_key
        draws = partial(draw, sampler)
        # Without a key of its own, a sampler of JAX is no pure function.
        self._draw = as_program(draws, sampler) if make_key is not None else draws
        self._numbers = itertools.count(1)
        self._states = _generator_states(sampler)

    def __call__(self, *encoder_outputs: Any) -> Any:
        """Draws z."""
        key = self._make_key(next(self._numbers)) if self._make_key is not None else None
        z = self._draw(key, *encoder_outputs)
        if isinstance(z, (tuple, list)) and z:
            return z[0]
        return z

    def repeat(self) -> None:
        """Lets the next call draw the noise that the first call after each `repeat` draws."""
        self._numbers = itertools.count(1)
        for variable, value in self._states:
            variable.assign(value)


def _generator_states(sampler: Any) -> list[tuple[Any, Any]]:
    """The seed generators' states of a Keras layer, with their values."""
    return [
        (variable, np.array(variable))
        for variable in getattr(sampler, "non_trainable_variables", ())
        if "seed" in getattr(variable, "path", getattr(variable, "name", ""))
    ]


def _keys(name: str) -> list[Callable[[int], Any]]:
    makers: list[Callable[[int], Any]] = []
    jax = sys.modules.get("jax")
    if jax is not None:
        makers.append(jax.random.PRNGKey)
    makers.append(lambda number: tf.constant([17, number]))
    makers.append(lambda number: number)
    makers.append(np.random.default_rng)
    return makers[1:3] + makers if name == "seed" else makers


def sampler_calls(sampler: Callable[..., Any], encoder_output_count: int) -> list[SamplerCall]:
    """The ways in which a sampler may want its arguments, the likeliest first."""
    names = _required(sampler)
    key_name = next((n for n in names or () if n.lower() in KEY_NAMES), None)
    if names is not None and key_name is None and len(names) == encoder_output_count + 1:
        unknown = [n for n in names if role_of(n) is None]
        key_name = unknown[0] if len(unknown) == 1 else None
    place = names.index(key_name) if names is not None and key_name is not None else None
    others = [n for n in names if n != key_name] if names is not None else None
    is_swapped = others is not None and [role_of(n) for n in others[:2]] == [SECOND, MEAN]
    draws: list[Draw] = []

    def spread(f: Any, key: Any, *outputs: Any) -> Any:
        ordered = list(outputs[::-1] if is_swapped else outputs)
        if place is not None:
            ordered.insert(place, key)
        return f(*ordered)

    def packed(pack: Callable[[Sequence[Any]], Any]) -> Draw:
        def draw(f: Any, key: Any, *outputs: Any) -> Any:
            ordered = [pack(outputs)]
            if place is not None:
                ordered.insert(place, key)
            return f(*ordered)

        return draw

    forms: list[Draw] = [packed(list), packed(tuple), packed(_concatenated)]
    if encoder_output_count == 1:
        forms = []
    is_packed = others is not None and len(others) == 1
    draws = [*forms, spread] if is_packed else [spread, *forms]
    makers = _keys(key_name) if key_name is not None else [None]
    return [SamplerCall(sampler, draw, make) for make in makers for draw in draws]


def _concatenated(outputs: Sequence[Any]) -> Any:
    first = outputs[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(outputs, axis=-1)
    if isinstance(first, tf.Tensor):
        return tf.concat(outputs, axis=-1)
    return sys.modules["torch"].cat(list(outputs), dim=-1)


def _required(sampler: Callable[..., Any]) -> list[str] | None:
    function = getattr(sampler, "call", None) if hasattr(sampler, "trainable_weights") else None
    try:
        parameters = inspect.signature(function or sampler).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        p.name
        for p in parameters
        if p.kind in positional and (p.default is p.empty or p.name.lower() in KEY_NAMES)
    ]
