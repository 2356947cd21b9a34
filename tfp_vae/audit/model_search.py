"""Finds where a whole model can be cut, by running its step once on real rows."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfp_vae.audit.argument_names import MEAN, SECOND, role_of
from tfp_vae.audit.model_cuts import (
    Cut,
    cut_at,
    cut_of,
    decoder_cuts,
    draw_cuts,
    encoder_cuts,
    head_cuts,
    leaves_of,
    named_layers,
    shape_of,
)
from tfp_vae.audit.model_probe import ROWS, ModelProbe, is_latent_draw, with_draws
from tfp_vae.audit.model_steps import Step, as_input, lacks_loss
from tfp_vae.audit.model_structure import (
    decoder_before,
    doubled_axis,
    doubled_head,
    entries_of_z,
    inner_cuts,
    is_correlated,
    is_z,
    own_cut,
    own_decoder,
    sibling_heads,
)
from tfp_vae.audit.results import entries_of
from tfp_vae.error_text import described

Array = np.ndarray


def find_cuts(
    model: Any,
    owner: Any,
    steps: Sequence[Step],
    x: Array,
    framework: str,
    encoder: str | None,
    decoder: str | None,
    latents: Sequence[str] | None,
) -> ModelProbe:
    """Runs the step once on real rows, and finds where the model can be cut.

    Args:
        model: The model.
        owner: Where its parts are looked up: the model, or the names of a function's module.
        steps: The ways in which it may compute its loss.
        x: Real examples.
        framework: The framework of its tensors.
        encoder: The encoder's name, None to find it.
        decoder: The decoder's name, None to find it.
        latents: The names of the layers that give the mean and the second output.

    Raises:
        ValueError: If no step runs, or no cut is passed by.
    """
    encoders = encoder_cuts(owner) if encoder is None else _named(owner, [encoder], "encoder")
    decoders = decoder_cuts(owner) if decoder is None else _named(owner, [decoder], "decoder")
    heads = head_cuts(owner) if not isinstance(owner, dict) else {MEAN: [], SECOND: []}
    if latents is not None:
        if isinstance(latents, str) or not isinstance(latents, Sequence) or not latents:
            raise TypeError(
                "`latents` must be a list of the names of the parts that give the posterior's mean "
                f"and scale; got {described(latents)}."
            )
        mean, *others = _named(owner, latents, "latents")
        heads = {MEAN: [mean], SECOND: others}
        encoders = []
    elif not isinstance(owner, dict):
        for role, cuts_of_role in _output_cuts(owner, encoders).items():
            heads[role] = [*heads[role], *cuts_of_role]
    draws = draw_cuts(owner)
    own = own_cut(owner)
    last = [] if own is None or decoder is not None else [own]
    inner = inner_cuts(owner)
    cuts = _unique([*encoders, *decoders, *heads[MEAN], *heads[SECOND], *draws, *inner, *last])
    rows = as_input(x[:ROWS], framework)
    first: Exception | None = None
    called: set[str] = set()
    has_run = False
    for step in steps:
        try:
            with contextlib.ExitStack() as stack:
                for cut in cuts:
                    stack.enter_context(cut.recording())
                step(rows)
        except Exception as error:
            first = first or error
            continue
        has_run = True
        called |= {cut.name for cut in cuts if cut.outputs and cut is not own}
        decoder_cut = next((c for c in decoders if _gives_x(c, x.shape[1:])), None)
        if decoder_cut is not None and decoder is None:
            decoder_cut = decoder_before(decoder_cut, cuts, rows) or decoder_cut
        decoder_cut = decoder_cut or own_decoder(own, rows)
        found = _encoder_of(encoders, heads, decoder_cut, cuts)
        if decoder_cut is None or found is None:
            continue
        chosen, result, order, shape, doubled, names = found
        draw, entries = None, []
        if not is_latent_draw(decoder_cut.inputs[0], shape):
            drawn = [c for c in draws if c.outputs and is_latent_draw(c.outputs[0], shape)]
            # What draws is the last of them: one before may compute the scale.
            draw = max(drawn, key=lambda c: c.moments[0], default=None)
            entries = entries_of_z(cuts, chosen, ROWS, shape)
        probe = ModelProbe(
            model,
            step,
            framework,
            chosen,
            decoder_cut,
            result,
            decoder_cut.outputs[0],
            order,
            shape,
            doubled,
            names,
            x.shape[1:],
            draw,
        )
        is_by_order = len(chosen) == 2 and latents is None and chosen[0] not in heads[MEAN]
        drawn_probe = with_draws(probe, x, entries, is_by_order=is_by_order)
        if drawn_probe is not None:
            return drawn_probe
    if not has_run and lacks_loss(model):
        raise ValueError(
            "`model` must have a loss: give one to `compile`, call `add_loss` in a layer, or say "
            "with `step` how the loss of x is computed; got a model without one."
        )
    if first is not None and not has_run:
        raise ValueError(
            "`model` must compute its loss of x, or `step` must say how; got "
            f"{type(first).__name__}: {' '.join(str(first).split())[:300].rstrip('.')}."
        ) from first
    unreadable = next((c.name for c in cuts if c.outputs and is_correlated(c.outputs[0])), None)
    if unreadable is not None:
        raise ValueError(
            "`model` must have a posterior of independent normals, with a mean and a scale for "
            f"each latent; got {unreadable}, whose distribution has correlated entries, which the "
            "audit cannot read."
        )
    passed = ", ".join(sorted(called)) or "none of its parts"
    raise ValueError(
        "`model` must give the posterior's mean and scale and the decoder's output by parts with "
        "names, such as encoder and decoder, or z_mean and z_log_var; name them with `encoder`, "
        f"`decoder` and `latents`; got a `step` that calls {passed}."
    )


def _unique(cuts: Sequence[Cut]) -> list[Cut]:
    return list({(id(cut.holder), cut.key): cut for cut in reversed(cuts)}.values())[::-1]


def _named(owner: Any, names: Sequence[str], argument: str) -> list[Cut]:
    """Returns the cuts at parts of a model that an argument names."""
    found = []
    for index, name in enumerate(names):
        of_part = f"{argument}[{index}]" if len(names) > 1 else argument
        cut = _at_path(owner, name) if isinstance(name, str) else cut_at(name, of_part)
        layers = {} if isinstance(owner, dict) else dict(reversed(named_layers(owner)))
        if cut is None and isinstance(name, str) and name in layers:
            cut = cut_at(layers[name], name)
        if cut is None:
            known = ", ".join(map(repr, reversed(layers))) or "no parts with names"
            raise ValueError(
                f"`{argument}` must name a part of the model, which has {known}; got "
                f"{described(name)}."
            )
        found.append(cut)
    return found


def _at_path(owner: Any, path: str) -> Cut | None:
    """The cut at an attribute, or at an attribute of a part, such as "encoder.mean"."""
    *parts, name = path.split(".")
    for part in parts:
        owner = owner.get(part) if isinstance(owner, dict) else getattr(owner, part, None)
    return None if owner is None else cut_of(owner, name)


def _output_cuts(owner: Any, encoders: Sequence[Cut]) -> dict[str, list[Cut]]:
    """The cuts at the layers of mean and second output of encoders that draw z themselves.

    They are functional models of Keras with the outputs mean, second and z: cut as a whole, what
    they draw would be left out.
    """
    found: dict[str, list[Cut]] = {MEAN: [], SECOND: []}
    for encoder in encoders:
        outputs = getattr(getattr(owner, encoder.name, None), "outputs", None)
        if not isinstance(outputs, (list, tuple)) or len(outputs) != 3:
            continue
        for role, tensor in zip((MEAN, SECOND), outputs, strict=False):
            history = getattr(tensor, "_keras_history", None)
            layer = getattr(history, "operation", getattr(history, "layer", None))
            cut = None if layer is None else cut_at(layer, layer.name)
            if cut is not None:
                found[role].append(cut)
    return found


def _gives_x(cut: Cut, event_shape: tuple[int, ...]) -> bool:
    # A distribution cannot be replaced by its parameters.
    if not cut.outputs or hasattr(cut.outputs[0], "log_prob"):
        return False
    size = math.prod(event_shape)
    shapes = [shape_of(leaf) for leaf in leaves_of(cut.outputs[0])]
    if any(shape is None or not shape or shape[0] != ROWS for shape in shapes):
        return False
    sizes = [math.prod(shape[1:]) for shape in shapes if shape is not None]
    return sizes == [size] or sizes == [2 * size] or sizes == [size, size]


Found = tuple[Sequence[Cut], Any, Sequence[str], tuple[int, ...], bool, tuple[str, str]]


def _encoder_of(
    encoders: Sequence[Cut],
    heads: dict[str, list[Cut]],
    decoder: Cut | None,
    cuts: Sequence[Cut],
) -> Found | None:
    given = decoder.inputs[0] if decoder is not None and decoder.part is None else None
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
