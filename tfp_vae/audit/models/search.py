"""Finds where a whole model can be cut, by running its step once on real rows."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import MEAN, SECOND
from tfp_vae.audit.calls.blackbox import quietly
from tfp_vae.audit.models.cuts import (
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
from tfp_vae.audit.models.encoder import Found, encoder_of
from tfp_vae.audit.models.latent_heads import without_noise_of_heads
from tfp_vae.audit.models.probe import ROWS, ModelProbe, is_latent_draw, with_draws
from tfp_vae.audit.models.steps import Step, as_input, lacks_loss
from tfp_vae.audit.models.structure import (
    decoder_before,
    decoder_by_shape,
    entries_of_z,
    first_draw,
    inner_cuts,
    is_correlated,
    latent_shapes,
    own_cut,
    own_decoder,
    take_z,
)
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
    heads = head_cuts(owner)
    if latents is not None:
        if isinstance(latents, str) or not isinstance(latents, Sequence) or not latents:
            raise TypeError(
                "`latents` must be a list of the names of the parts that give the posterior's mean "
                f"and scale; got {described(latents)}."
            )
        mean, *others = _named(owner, latents, "latents")
        heads = {MEAN: [mean], SECOND: others}
        encoders = []
    else:
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
    fallback: ModelProbe | None = None
    returned: list[Any] = []
    for step in steps:
        try:
            with contextlib.ExitStack() as stack, quietly():
                for cut in cuts:
                    stack.enter_context(cut.recording())
                value = step(rows)
        except Exception as error:
            first = first or error
            continue
        has_run = True
        called |= {cut.name for cut in cuts if cut.outputs and cut is not own}
        decoder_cut = next((c for c in decoders if _gives_x(c, x.shape[1:])), None)
        if decoder_cut is not None and decoder is None:
            decoder_cut = decoder_before(decoder_cut, cuts, rows) or decoder_cut
        if decoder_cut is not None:
            take_z(decoder_cut, encoders, draws, rows)
        decoder_cut = decoder_cut or own_decoder(own, rows)
        found = encoder_of(encoders, heads, decoder_cut, cuts)
        trials = [(decoder_cut, found, False)]
        if encoder is None and decoder is None and latents is None and _holds_loss(value):
            trials += _found_by_shape(encoders, heads, decoder_cut, cuts, own, rows)
        for part, parts_found, is_by_shape in trials:
            if part is None or parts_found is None:
                continue
            probe, entries = _probe_of(
                model, step, framework, parts_found, part, draws, cuts, x.shape[1:]
            )
            mean = probe.encoder[0]
            is_by_order = len(probe.encoder) == 2 and latents is None and mean not in heads[MEAN]
            drawn = with_draws(probe, x, entries, is_by_order=is_by_order, is_by_shape=is_by_shape)
            if drawn is not None and _holds_loss(value):
                return without_noise_of_heads(drawn, cuts, x)
            fallback = fallback or drawn
            returned = returned if drawn is None else leaves_of(value)
    if fallback is not None and len(returned) == 1:
        return fallback
    if returned:
        shapes = ", ".join(str(list(shape_of(leaf) or ())) for leaf in returned)
        raise ValueError(
            "`model` must have a loss, or `step` must say how that of x is computed, as in "
            "step=lambda model, x: loss_function(*model(x), x); got a model that returns "
            f"{len(returned)} outputs of shape {shapes}."
        )
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


def _holds_loss(value: Any) -> bool:
    """Whether what a step returned holds a number, or one for each row."""
    shapes = (shape_of(leaf) for leaf in leaves_of(value))
    return any(shape in ((), (1,), (ROWS,), (ROWS, 1)) for shape in shapes)


def _found_by_shape(
    encoders: Sequence[Cut],
    heads: dict[str, list[Cut]],
    decoder: Cut | None,
    cuts: Sequence[Cut],
    own: Cut | None,
    x: Any,
) -> list[tuple[Cut | None, Found | None, bool]]:
    """The encoders and decoders that shapes alone tell, where no name does."""
    inner = [cut for cut in cuts if cut is not own and _gives_x(cut, (shape_of(x) or ())[1:])]
    # The model itself may be called beside the loss, which calls its layers again.
    parts: list[Cut | None] = [decoder]
    if decoder is None or decoder.part is not None:
        parts.append(decoder_by_shape(inner, x))
    return [
        (part, encoder_of(encoders, heads, part, cuts, latent), True)
        for part in parts
        if part is not None
        for latent in latent_shapes(part, own, cuts, x)
    ]


def _probe_of(
    model: Any,
    step: Step,
    framework: str,
    found: Found,
    decoder: Cut,
    draws: Sequence[Cut],
    cuts: Sequence[Cut],
    event_shape: tuple[int, ...],
) -> tuple[ModelProbe, list[Cut]]:
    """The probe of the parts that were found, and the layers that may be called with z."""
    chosen, result, order, shape, doubled, names = found
    draw, entries = None, []
    index = first_draw(decoder, chosen)
    if decoder.part is not None or not is_latent_draw(decoder.inputs[index], shape):
        drawn = [c for c in draws if c.outputs and is_latent_draw(c.outputs[0], shape)]
        # What draws is the last of them: one before may compute the scale.
        draw = max(drawn, key=lambda c: c.moments[0], default=None)
        entries = entries_of_z(cuts, chosen, ROWS, shape)
    probe = ModelProbe(
        model,
        step,
        framework,
        chosen,
        decoder,
        result,
        decoder.outputs[0],
        order,
        shape,
        doubled,
        names,
        event_shape,
        draw,
        first_draw=index,
    )
    return probe, entries


def _unique(cuts: Sequence[Cut]) -> list[Cut]:
    return list({(id(cut.holder), cut.key): cut for cut in reversed(cuts)}.values())[::-1]


def _named(owner: Any, names: Sequence[str], argument: str) -> list[Cut]:
    """Returns the cuts at parts of a model that an argument names."""
    found = []
    for index, name in enumerate(names):
        of_part = f"{argument}[{index}]" if len(names) > 1 else argument
        cut = _at_path(owner, name) if isinstance(name, str) else cut_at(name, of_part)
        layers = dict(reversed(named_layers(owner)))
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
        names = owner if isinstance(owner, dict) else {}
        part = names.get(encoder.name, getattr(owner, encoder.name, None))
        outputs = getattr(part, "outputs", None)
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
    # A distribution, alone or beside its draw, cannot be replaced by its parameters.
    if not cut.outputs or any(hasattr(leaf, "log_prob") for leaf in leaves_of(cut.outputs[0])):
        return False
    size = math.prod(event_shape)
    shapes = [shape_of(leaf) for leaf in leaves_of(cut.outputs[0])]
    if any(shape is None or not shape or shape[0] != ROWS for shape in shapes):
        return False
    sizes = [math.prod(shape[1:]) for shape in shapes if shape is not None]
    return sizes == [size] or sizes == [2 * size] or sizes == [size, size]
