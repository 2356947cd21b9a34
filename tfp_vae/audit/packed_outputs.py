"""Losses of (x, y_pred) whose y_pred holds the decoder's and the encoder's outputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import DECODER, ENCODED, LATENT, MEAN, SECOND, X
from tfp_vae.audit.calls.blackbox import BlackBox, CallError, float_array
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.design import Design, Point

Pack = Callable[..., Any]

_NAMES = (("x", X), ("decoder_output", DECODER), ("mean", MEAN), ("s", SECOND))
_WITH_DRAW = (*_NAMES, ("z", LATENT))
# What y_pred may hold; its shape tells the decoder's output from the others. A draw of z has the
# shape of the mean, and the loss must not depend on it.
_PACKS: tuple[tuple[tuple[tuple[str, str], ...], Pack], ...] = (
    (_NAMES, lambda d, mean, s: (d, mean, s)),
    (_NAMES, lambda d, mean, s: (mean, s, d)),
    (_WITH_DRAW, lambda d, mean, s, z: (d, mean, s, z)),
    (_WITH_DRAW, lambda d, mean, s, z: (d, z, mean, s)),
    (_WITH_DRAW, lambda d, mean, s, z: (mean, s, z, d)),
    (_WITH_DRAW, lambda d, mean, s, z: (z, mean, s, d)),
)


def unpacked(
    loss: Callable[..., Any], binding: Binding, design: Design
) -> tuple[Callable[..., Any], Binding] | None:
    """The loss as a function of (x, decoder output, mean, s), with its binding.

    Args:
        loss: A loss that takes x and the decoder's output alone.
        binding: Which of its arguments is which.
        design: The points' design, with two encoder outputs.

    Returns:
        None if y_pred is one tensor.
    """
    if design.event_shape == (design.latent_size,):
        # Tensors of one shape could be stacked, as if they were one.
        design = replace(design, latent_size=design.latent_size + 1)
    point = design.resting_event()
    called = binding.call(loss)
    is_x_first = binding.parameters[0][1] == X
    fitting = []
    for names, pack in _PACKS:
        function = _spread(called, pack, is_x_first)
        spread = Binding(names, order=tuple(name for name, _ in names))
        if _accepts(function, spread.arguments(point), spread.order):
            fitting.append((function, spread))
    # Where z may stand at several places, it is where the loss does not depend on it.
    return next((f for f in fitting if not _uses_draw(*f, point)), fitting[0] if fitting else None)


def of_encoder_alone(loss: Callable[..., Any], binding: Binding, design: Design) -> Binding | None:
    """The binding of a Keras loss whose y_pred holds the encoder's outputs, not the decoder's.

    Such a loss is the KL divergence of one of a model's several outputs, and does not use y_true.

    Args:
        loss: A loss that takes x and the decoder's output alone.
        binding: Which of its arguments is which.
        design: The points' design, with two encoder outputs.

    Returns:
        None if the loss uses x.
    """
    both = replace(
        binding,
        parameters=tuple((n, ENCODED if r == DECODER else r) for n, r in binding.parameters),
    )
    here, *_, there = design.likelihood_points()
    box = BlackBox(both.call(loss), "loss", [name for name, _ in both.parameters])
    try:
        box.settle([both.arguments(here)])
        first, second = (box(*both.arguments(p)) for p in (here, replace(here, x=there.x)))
    except (ValueError, TypeError, CallError):
        return None
    return both if np.array_equal(first, second) else None


def _spread(function: Callable[..., Any], pack: Pack, is_x_first: bool) -> Callable[..., Any]:
    def loss(x: Any, *outputs: Any) -> Any:
        y_pred = pack(*outputs)
        return function(x, y_pred) if is_x_first else function(y_pred, x)

    return loss


def _accepts(function: Callable[..., Any], arrays: Sequence[Any], names: Sequence[str]) -> bool:
    box = BlackBox(function, "loss", names)
    try:
        box.settle([arrays])
        float_array(box.raw(*arrays), "loss")
    except (ValueError, TypeError):
        return False
    return True


def _uses_draw(function: Callable[..., Any], binding: Binding, point: Point) -> bool:
    if LATENT not in binding.roles:
        return False
    box = BlackBox(function, "loss", binding.order)
    box.settle([binding.arguments(point)])
    bindings = (replace(binding, latent_value=value) for value in (0.25, 0.75))
    here, there = (box(*b.arguments(point)) for b in bindings)
    return not np.array_equal(here, there)
