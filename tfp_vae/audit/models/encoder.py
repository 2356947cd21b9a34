"""Finds the parts of a model that give the posterior's parameters."""

from collections.abc import Sequence
from typing import Any

from tfp_vae.audit.calls.argument_names import MEAN, SECOND, role_of
from tfp_vae.audit.calls.results import entries_of
from tfp_vae.audit.models.cuts import Cut, leaves_of, shape_of
from tfp_vae.audit.models.probe import ROWS
from tfp_vae.audit.models.structure import doubled_axis, doubled_head, is_z, sibling_heads

Found = tuple[Sequence[Cut], Any, Sequence[str], tuple[int, ...], bool, tuple[str, str]]


def encoder_of(
    encoders: Sequence[Cut],
    heads: dict[str, list[Cut]],
    decoder: Cut | None,
    cuts: Sequence[Cut],
    latent: tuple[int, ...] | None = None,
) -> Found | None:
    """The parts that give the posterior's parameters, and how; None if there are none.

    Args:
        encoders: The parts that may give both outputs, by their names.
        heads: The layers that may give one of them, by their names.
        decoder: The decoder, None if it is not known.
        cuts: All parts, as they were recorded.
        latent: The shape of one example's latents, None to take that of the decoder's input.
    """
    given = decoder.inputs[0] if decoder is not None and decoder.part is None else None
    if latent is None:
        z = shape_of(given) if given is not None else None
        latent = z[1:] if z is not None and z[0] == ROWS else None
    fallback: Found | None = None
    for cut in encoders:
        if not cut.outputs:
            continue
        leaves = leaves_of(cut.outputs[0])
        shapes = [shape_of(leaf) for leaf in leaves]
        if any(shape is None or len(shape) < 2 for shape in shapes):
            continue
        tails = [shape[1:] for shape in shapes if shape is not None]
        order = _order(cut.outputs[0], leaves, given)
        names = ("mean", "s")
        if len(leaves) == 1 and latent is not None and tails[0] != latent:
            if doubled_axis((ROWS, *tails[0]), (ROWS, *latent)) is not None:
                # What the encoder gives may pass one more layer, as a latent diffusion's does.
                last = doubled_head(cuts, ROWS, latent, given) or cut
                return [last], last.outputs[0], [MEAN], latent, True, names
            if len(latent) == 1 and len(tails[0]) == 1 and 0 < tails[0][0] // 2 < latent[0]:
                # z, of half the encoder's size, and a label are the decoder's input.
                half = (tails[0][0] // 2,)
                fallback = fallback or ([cut], cut.outputs[0], [MEAN], half, True, names)
        elif len(leaves) == 2 and tails[0] == tails[1]:
            return [cut], cut.outputs[0], order, tails[0], False, names
        elif len(leaves) == 3 and tails[0] == tails[1] == tails[2]:
            fallback = fallback or ([cut], cut.outputs[0], order, tails[0], False, names)
    means = [c for c in heads[MEAN] if c.outputs]
    seconds = [c for c in heads[SECOND] if c.outputs]
    for mean in means:
        for second in seconds:
            shape = shape_of(mean.outputs[0])
            if shape is not None and shape == shape_of(second.outputs[0]):
                names = (_neat(mean.name, "mean"), _neat(second.name, "s"))
                return [mean, second], None, [MEAN, SECOND], shape[1:], False, names
    if fallback is not None and fallback[4]:
        return fallback
    pair = sibling_heads(cuts, ROWS, latent)
    if pair is not None:
        shape = (shape_of(pair[0].outputs[0]) or ())[1:]
        return list(pair), None, [MEAN, SECOND], shape, False, ("mean", "s")
    both = doubled_head(cuts, ROWS, latent, given)
    if both is not None and latent is not None and fallback is None:
        return [both], both.outputs[0], [MEAN], latent, True, ("mean", "s")
    return fallback


def _neat(name: str, default: str) -> str:
    return name if name.isidentifier() and role_of(name) is not None else default


def _order(result: Any, leaves: Sequence[Any], given: Any) -> list[str]:
    """What each leaf of an encoder's result is, by its name or else by its place.

    The draw of z, which the decoder is given, is none of both outputs.
    """
    count = len(leaves)
    entries = entries_of(result) or []
    roles = [role_of(name) if isinstance(name, str) else None for name, _ in entries]
    if MEAN in roles and SECOND in roles and len(roles) == count:
        return [role or "other" for role in roles]
    drawn = [given is not None and is_z(leaf, given) for leaf in leaves]
    if count == 3 and sum(drawn) == 1:
        others = iter((MEAN, SECOND))
        return ["other" if is_drawn else next(others) for is_drawn in drawn]
    return [MEAN, SECOND, "other"][:count]
