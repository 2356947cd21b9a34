"""What the parts of a model are by how they are called, where no name tells."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.models.cuts import Cut, cut_at, leaves_of, named_layers, shape_of


def own_cut(model: Any) -> Cut | None:
    """The cut at a model's own `call` or `forward`, None if it is no Keras or PyTorch model."""
    return None if isinstance(model, dict) else cut_at(model, type(model).__name__)


def inner_cuts(model: Any) -> list[Cut]:
    """The cuts at all layers inside a model."""
    return [cut for name, layer in named_layers(model) if (cut := cut_at(layer, name)) is not None]


def sibling_heads(
    cuts: Sequence[Cut], rows: int, latent: tuple[int, ...] | None
) -> tuple[Cut, Cut] | None:
    """The two layers that give the mean and the second output, in the order of their calls.

    They are the only two that are called with the same tensor and give the same shape, which is
    that of z. Where z is not known, the smallest such pair is taken.

    Args:
        cuts: The layers, as they were recorded.
        rows: How many rows the step was run with.
        latent: The shape of one example of what the decoder is called with, None if it is unknown.
    """
    groups: dict[tuple[int, tuple[int, ...]], list[Cut]] = {}
    for cut in cuts:
        if not cut.outputs or len(leaves_of(cut.outputs[0])) != 1:
            continue
        shape = shape_of(leaves_of(cut.outputs[0])[0])
        if shape is None or len(shape) < 2 or shape[0] != rows or not _fits(shape[1:], latent):
            continue
        if _only_reshapes(cut):
            continue
        for given in {id(given): given for given in cut.inputs}:
            groups.setdefault((given, shape[1:]), []).append(cut)
    # Two layers that are called twice are one pair.
    known = {
        tuple(map(id, pair)): (shape, pair) for (_, shape), pair in groups.items() if len(pair) == 2
    }
    pairs = list(known.values())
    if latent is not None and any(shape == latent for shape, _ in pairs):
        pairs = [(shape, pair) for shape, pair in pairs if shape == latent]
    if not pairs:
        return None
    pairs = [(shape, pair) for shape, pair in pairs if not _is_after(pair, pairs)]
    smallest = min((math.prod(shape) for shape, _ in pairs), default=0)
    smallest_pairs = [pair for shape, pair in pairs if math.prod(shape) == smallest]
    if len(smallest_pairs) != 1:
        return None
    first, second = sorted(smallest_pairs[0], key=lambda cut: cut.moments[0])
    return first, second


def _only_reshapes(cut: Cut) -> bool:
    """Whether a layer gives what it was called with, in another shape at most."""
    given, result = leaves_of(cut.inputs[0])[0], leaves_of(cut.outputs[0])[0]
    shapes = shape_of(given), shape_of(result)
    if shapes[0] is None or shapes[1] is None or math.prod(shapes[0]) != math.prod(shapes[1]):
        return False
    return np.array_equal(as_numpy(given).ravel(), as_numpy(result).ravel())


def _is_after(pair: Sequence[Cut], pairs: Sequence[tuple[Any, Sequence[Cut]]]) -> bool:
    """Whether a pair is called with what a layer of another pair gives, as an operation is."""
    given = leaves_of(pair[0].inputs[0])
    return any(
        leaf is tensor
        for _, other in pairs
        if other is not pair
        for cut in other
        for result in cut.outputs
        for leaf in leaves_of(result)
        for tensor in given
    )


def doubled_head(
    cuts: Sequence[Cut], rows: int, latent: tuple[int, ...] | None, z: Any
) -> Cut | None:
    """The last part that gives both outputs in one array, before z of half its size is drawn."""
    if latent is None:
        return None
    drawn = min((c.moments[0] for c in cuts if c.inputs and c.inputs[0] is z), default=math.inf)
    doubled = [
        cut
        for cut in cuts
        if cut.outputs
        and cut.moments[0] < drawn
        and len(leaves_of(cut.outputs[0])) == 1
        and doubled_axis(shape_of(leaves_of(cut.outputs[0])[0]), (rows, *latent)) is not None
    ]
    return max(doubled, key=lambda cut: cut.moments[0], default=None)


def doubled_axis(shape: tuple[int, ...] | None, half: tuple[int, ...]) -> int | None:
    """The axis, the last or that of PyTorch's channels, along which a shape is twice another.

    Args:
        shape: A shape with its batch axis.
        half: The other one, with its batch axis.
    """
    if shape is None or len(shape) != len(half):
        return None
    for axis in (len(half) - 1, 1):
        if shape == (*half[:axis], 2 * half[axis], *half[axis + 1 :]):
            return axis
    return None


def _fits(shape: tuple[int, ...], latent: tuple[int, ...] | None) -> bool:
    """Whether z may have this shape: that of the decoder's input, or less beside a label."""
    if latent is None or shape == latent:
        return True
    return len(shape) == len(latent) and shape[:-1] == latent[:-1] and shape[-1] < latent[-1]


def decoder_by_shape(cuts: Sequence[Cut], x: Any) -> Cut | None:
    """The last part that gives what has x's shape and is not called with x.

    Args:
        cuts: The parts that give such an array, as they were recorded.
        x: The rows that the step was run with.
    """
    others = [cut for cut in cuts if not any(_equal(leaf, x) for leaf in leaves_of(cut.inputs[0]))]
    return max(others, key=lambda cut: cut.moments[-1], default=None)


def latent_shapes(decoder: Cut, own: Cut | None, cuts: Sequence[Cut], x: Any) -> list[Any]:
    """The shapes that one example's latents may have, the likeliest first.

    They are those of a layer's distribution before the decoder, of two alike outputs of the model
    beside the reconstruction, and of the decoder's input.
    """
    found: list[Any] = []
    for cut in cuts:
        given = cut.outputs[0] if cut.outputs and cut.moments[0] < decoder.moments[-1] else None
        found += [shape_of(leaf) for leaf in leaves_of(given) if hasattr(leaf, "log_prob")]
    if own is not None and own.outputs:
        shapes = [shape_of(leaf) for leaf in leaves_of(own.outputs[0])]
        found += [s for s in shapes if s != shape_of(x) and shapes.count(s) in (2, 3)]
    if decoder.part is None:
        found.append(shape_of(leaves_of(decoder.inputs[0])[0]))
    rows = len(x)
    tails = [s[1:] for s in found if s is not None and len(s) > 1 and s[0] == rows]
    return list(dict.fromkeys(tails))


def own_decoder(own: Cut | None, x: Any) -> Cut | None:
    """The model itself as its decoder, where one part of what it returns has x's shape."""
    if own is None or not own.outputs or hasattr(own.outputs[0], "log_prob"):
        return None
    leaves = leaves_of(own.outputs[0])
    x_shape = shape_of(x)
    fitting = [i for i, leaf in enumerate(leaves) if shape_of(leaf) == x_shape and leaf is not x]
    if len(fitting) != 1 or _equal(leaves[fitting[0]], x):
        return None
    part = fitting[0]
    return replace(own, part=part, outputs=[leaves_of(result)[part] for result in own.outputs])


def decoder_before(cut: Cut, cuts: Sequence[Cut], x: Any) -> Cut | None:
    """The layer whose output a last layer compares with x, None if it is called without x."""
    given = leaves_of(cut.inputs[0])
    if len(given) < 2 or not any(_equal(leaf, x) for leaf in given):
        return None
    others = [leaf for leaf in given if shape_of(leaf) == shape_of(x) and not _equal(leaf, x)]
    for leaf in others:
        for other in reversed(cuts):
            is_before = other.outputs and other.moments[-1] < cut.moments[0]
            if is_before and _equal(leaves_of(other.outputs[-1])[0], leaf):
                return other
    return None


def entries_of_z(
    cuts: Sequence[Cut], heads: Sequence[Cut], rows: int, latent: tuple[int, ...]
) -> list[Cut]:
    """The layers that may be called with z: with what has z's shape and is no head's output."""
    if not heads or not all(head.moments for head in heads):
        return []
    heard = max(head.moments[0] for head in heads)
    known = [leaves_of(head.outputs[0])[0] for head in heads]
    later = [
        cut
        for cut in cuts
        if cut.moments and cut.moments[0] > heard and shape_of(cut.inputs[0]) == (rows, *latent)
    ]
    return [
        cut
        for cut in sorted(later, key=lambda cut: cut.moments[0])
        if not any(_equal(cut.inputs[0], tensor) for tensor in known)
    ]


def take_z(decoder: Cut, encoders: Sequence[Cut], draws: Sequence[Cut], x: Any) -> None:
    """Lets the inputs of a decoder be the draws of z, which a label may stand before.

    z is what the encoder or a sampler gave, or else the first that neither the encoder was called
    with nor is x.

    Args:
        decoder: The decoder, as it was recorded.
        encoders: The parts that may be the encoder.
        draws: The parts that may draw z.
        x: The rows that the step was run with.
    """
    arguments = decoder.calls[0] if decoder.calls else []
    places = [i for i, value in enumerate(arguments) if _rows_of(value) == len(x)]
    if decoder.part is not None or len(places) < 2:
        return
    made = [leaf for cut in (*draws, *encoders) for r in cut.outputs for leaf in leaves_of(r)]
    known = [value for cut in encoders for call in cut.calls for value in call] + [x]
    drawn = [i for i in places if any(arguments[i] is leaf for leaf in made)]
    new = [i for i in places if not any(_equal(arguments[i], value) for value in known)]
    decoder.place = next(iter([*drawn, *new]), 0)
    decoder.inputs = [call[decoder.place] for call in decoder.calls]


def _rows_of(value: Any) -> int | None:
    shape = shape_of(value)
    return shape[0] if shape else None


def first_draw(decoder: Cut, heads: Sequence[Cut]) -> int:
    """Which call of the decoder is the first that is given no output of the encoder itself."""
    known = [leaf for head in heads for result in head.outputs for leaf in leaves_of(result)]
    for index, given in enumerate(decoder.inputs):
        if not any(_equal(leaves_of(given)[0], leaf) for leaf in known):
            return index
    return 0


def _equal(tensor: Any, other: Any) -> bool:
    shape = shape_of(tensor)
    return shape is not None and np.array_equal(as_numpy(tensor), as_numpy(other))


def is_correlated(result: Any) -> bool:
    """Whether a layer gave a distribution whose entries are correlated, as a full covariance's."""
    # A layer of TensorFlow Probability gives the distribution and its draw.
    return any(_has_correlations(leaf) for leaf in leaves_of(result))


def _has_correlations(distribution: Any) -> bool:
    try:
        covariance = np.asarray(distribution.covariance())
    except (AttributeError, NotImplementedError):
        return False
    size = covariance.shape[-1]
    return bool(np.any(covariance[..., ~np.eye(size, dtype=bool)]))


def is_z(leaf: Any, given: Any) -> bool:
    """Whether an output of the encoder is what the decoder is called with, or begins it."""
    shape, whole = shape_of(leaf), shape_of(given)
    if shape is None or whole is None or len(shape) != len(whole) or shape[-1] > whole[-1]:
        return False
    return np.array_equal(as_numpy(leaf), as_numpy(given)[..., : shape[-1]])
