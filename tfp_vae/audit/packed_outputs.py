"""Losses of (x, y_pred) whose y_pred holds the decoder's and the encoder's outputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tfp_vae.audit.argument_names import DECODER, MEAN, SECOND, X
from tfp_vae.audit.binding import Binding
from tfp_vae.audit.blackbox import BlackBox, float_array
from tfp_vae.audit.probe_design import Design

Pack = Callable[[Any, Any, Any], Any]

_NAMES = (("x", X), ("decoder_output", DECODER), ("mean", MEAN), ("s", SECOND))
# What y_pred may hold; its shape tells the decoder's output from the others.
_PACKS: tuple[Pack, ...] = (
    lambda d, mean, s: (d, mean, s),
    lambda d, mean, s: (mean, s, d),
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
    arrays = design.resting_event().arrays()
    called = binding.call(loss)
    is_x_first = binding.parameters[0][1] == X
    for pack in _PACKS:
        if _accepts(function := _spread(called, pack, is_x_first), arrays):
            order = tuple(name for name, _ in _NAMES)
            return function, Binding(_NAMES, order=order)
    return None


def _spread(function: Callable[..., Any], pack: Pack, is_x_first: bool) -> Callable[..., Any]:
    def loss(x: Any, decoder_output: Any, mean: Any, s: Any) -> Any:
        y_pred = pack(decoder_output, mean, s)
        return function(x, y_pred) if is_x_first else function(y_pred, x)

    return loss


def _accepts(function: Callable[..., Any], arrays: Sequence[Any]) -> bool:
    box = BlackBox(function, "loss", [name for name, _ in _NAMES])
    try:
        box.settle([arrays])
        float_array(box.raw(*arrays), "loss")
    except (ValueError, TypeError):
        return False
    return True
