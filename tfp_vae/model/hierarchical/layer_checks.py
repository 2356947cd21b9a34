"""Checks of the layers of a hierarchical model: kinds, widths, and the normals of a ladder."""

from collections.abc import Sequence
from typing import Any

from tfp_vae import checks, posteriors
from tfp_vae.model.coders import Encoder

_NORMALS = (posteriors.MultivariateNormalDiag, posteriors.SpatialNormal)


def is_ladder(encoders: Any) -> bool:
    """Returns whether there is an encoder of every layer of latents."""
    return isinstance(encoders, Sequence) and len(encoders) > 1 and isinstance(encoders[1], Encoder)


def check_normals(coders: Sequence[Any], name: str) -> None:
    """Checks that the layers of a ladder are diagonal normals, whose precisions add up."""
    for index, coder in enumerate(coders):
        layer = getattr(coder, "posterior", None)
        if layer is not None and not isinstance(layer, _NORMALS):
            raise ValueError(
                f"`{name}[{index}]` must have a posteriors.MultivariateNormalDiag or SpatialNormal "
                f"in a ladder, where precisions add up; got a {type(layer).__name__}."
            )


def checked_layers(coders: Any, kind: type, above: type, name: str) -> list[Any]:
    """Returns coders as a list, the first of which is a `kind` and all others are an `above`."""
    if not isinstance(coders, Sequence) or not coders:
        raise TypeError(
            f"`{name}` must be a list, from the data up, of a {kind.__name__} and "
            f"{above.__name__}s; got {type(coders).__name__}."
        )
    for index, coder in enumerate(coders):
        wanted = kind if index == 0 else above
        checks.instance_of(
            coder, wanted, f"{name}[{index}]", f"tfp_vae.{wanted.__name__}(trunk, ...)"
        )
    return list(coders)


def checked_widths(latent_sizes: Any, units: Any) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Returns the checked sizes of the layers of latents, and widths of the layers before each."""
    sizes = checks.positive_ints(latent_sizes, "latent_sizes")
    if not sizes:
        raise ValueError("`latent_sizes` must name at least one layer; got [].")
    if isinstance(units, (str, bytes)) or not isinstance(units, Sequence):
        raise TypeError(
            "`units` must be a list of lists of widths, such as [[200, 200], [100]]; got a "
            f"{type(units).__name__}."
        )
    widths = [checks.positive_ints(of_layer, "units") for of_layer in units]
    if len(sizes) != len(widths):
        raise ValueError(
            "`units` must have one list of widths for each of `latent_sizes`; got "
            f"{len(widths)} for {len(sizes)}."
        )
    return sizes, widths
