"""Parts beside the decoder that are called with z, such as a classifier of the latents."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.models.cuts import Cut, leaves_of, rebuilt, shape_of
from tfp_vae.audit.models.probe import ROWS, ModelProbe, is_latent_draw
from tfp_vae.audit.models.steps import as_input

Array = np.ndarray


def without_noise_of_heads(probe: ModelProbe, cuts: Sequence[Cut], x: Array) -> ModelProbe:
    """The probe whose loss has no noise of other parts that are called with z.

    A term for what a classifier says of z is random as z is, and hides the exact weights of the
    other terms. Such parts give what they gave first, so that their term is a constant.

    Args:
        probe: The probe.
        cuts: All parts of the model, as they were recorded.
        x: Real examples.

    Returns:
        The probe with `held` parts, or the same where there are none, they are not what makes the
        loss random, or the decoder is reached through one of them.
    """
    heads = _heads(probe, cuts)
    if not heads or not _is_random(probe, x):
        return probe
    called: set[int] = set()
    constants = [(cut, _constant(cut, probe.framework, called)) for cut in heads]
    held = replace(probe, held=constants)
    if _is_random(held, x) or not _depends_on_decoder(held, x):
        return probe
    # The layers inside a part, and those of the decoder, are not called any more.
    return replace(probe, held=[pair for pair in constants if id(pair[0]) in called])


def _heads(probe: ModelProbe, cuts: Sequence[Cut]) -> list[Cut]:
    """The parts but encoder and decoder that are called with z itself."""
    z = probe.decoder.inputs[probe.first_draw] if probe.decoder.part is None else None
    if not is_latent_draw(z, probe.latent_shape):
        return []
    parts = {id(cut.holder) for cut in (probe.decoder, *probe.encoder)}
    return [
        cut
        for cut in cuts
        if id(cut.holder) not in parts
        and cut.outputs
        and any(given is z for given in cut.inputs)
        and all((shape_of(leaf) or ())[:1] == (ROWS,) for leaf in leaves_of(cut.outputs[0]))
    ]


def _constant(cut: Cut, framework: str, called: set[int]) -> Callable[..., Any]:
    """A function of any number of rows that gives for each what the part gave for the first.

    It adds the part to those that were called.
    """
    result = cut.outputs[0]
    first = [as_numpy(leaf)[:1] for leaf in leaves_of(result)]

    def constant(z: Any, *_: Any, **__: Any) -> Any:
        called.add(id(cut))
        rows = len(as_numpy(z))
        return rebuilt(
            result, [as_input(np.repeat(leaf, rows, axis=0), framework) for leaf in first]
        )

    return constant


def _value(probe: ModelProbe, x: Array, decoder_output: float) -> Array:
    rows = x[:ROWS]
    d = np.full(rows.shape, decoder_output)
    size = int(np.prod(probe.latent_shape))
    encoder = (np.full((ROWS, size), 0.1), np.full((ROWS, size), 0.5))[: probe.count]
    value = probe.loss(rows, d, *encoder)
    leaves = [as_numpy(leaf) for leaf in leaves_of(value) if shape_of(leaf) is not None]
    return np.concatenate([np.reshape(leaf, -1) for leaf in leaves])


def _is_random(probe: ModelProbe, x: Array) -> bool:
    return not np.array_equal(_value(probe, x, 0.5), _value(probe, x, 0.5))


def _depends_on_decoder(probe: ModelProbe, x: Array) -> bool:
    return not np.array_equal(_value(probe, x, 0.5), _value(probe, x, 0.3))
