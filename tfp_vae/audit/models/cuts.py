"""Where a whole model is cut: what gives the posterior's parameters, and what gives p(x|z)'s."""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import MEAN, SECOND, role_of
from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.calls.results import entries_of

Array = np.ndarray
_MOMENTS = itertools.count()

_ENCODERS = ("encode", "encoder", "inference_net", "encoder_net", "recognition", "enc", "inference")
_DECODERS = (
    "decode",
    "decoder",
    "generative_net",
    "decoder_net",
    "generator",
    "dec",
    "generate",
    "generation",
)
_DRAWS = (
    "reparameterize",
    "reparametrize",
    "reparameterization",
    "reparam",
    "sample_z",
    "sample_latent",
    "sampling",
    "sample",
    "sampler",
)
_HEAD_AFFIXES = ("fc_", "linear_", "dense_", "to_", "head_", "proj_", "lin_", "hidden2", "h2", "fc")
_HEAD_ENDINGS = ("_layer", "_head", "_dense", "_linear", "_fc", "_proj", "_net", "_out", "layer")


@dataclass
class Cut:
    """A function that can be replaced while a step runs.

    Attributes:
        name: Its name, for a report.
        holder: The namespace in which it is looked up.
        key: Its name there.
        function: What it is.
        part: Which leaf of its result is replaced while all else of the call goes on; None to put
            another function in its place.
        inputs: The first arguments of its calls, while it was recorded; of a decoder, z.
        calls: All arguments of its calls, while it was recorded.
        place: Which of its arguments `inputs` are.
        outputs: The results of its calls, while it was recorded.
        moments: When its calls ended, as numbers that grow: a part ends after its last layer.
    """

    name: str
    holder: MutableMapping[str, Any]
    key: str
    function: Callable[..., Any]
    part: int | None = None
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)
    calls: list[list[Any]] = field(default_factory=list)
    place: int = 0

    @contextlib.contextmanager
    def replaced(self, by: Callable[..., Any]) -> Iterator[None]:
        """Puts another function in its place."""
        missing = object()
        before = self.holder.get(self.key, missing)
        self.holder[self.key] = by if self.part is None else self._with_part(by)
        try:
            yield
        finally:
            if before is missing:
                del self.holder[self.key]
            else:
                self.holder[self.key] = before

    def _with_part(self, by: Callable[..., Any]) -> Callable[..., Any]:
        part = self.part
        assert part is not None

        def called(*given: Any, **named: Any) -> Any:
            result = self.function(*given, **named)
            leaves = leaves_of(result)
            leaves[part] = by(*given, **named)
            return rebuilt(result, leaves)

        return called

    def of_result(self, result: Any) -> Any:
        """What of a result is replaced."""
        return result if self.part is None else leaves_of(result)[self.part]

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Records its calls."""
        self.inputs, self.outputs, self.moments, self.calls = [], [], [], []

        def recorder(*given: Any, **named: Any) -> Any:
            result = self.function(*given, **named)
            arguments = [*given, *named.values()]
            # Keras calls a layer once on symbolic tensors to build it.
            if all(shape_of(leaf) is not None for leaf in leaves_of(result)):
                self.inputs.append(arguments[0] if arguments else None)
                self.calls.append(arguments)
                self.outputs.append(result)
                self.moments.append(next(_MOMENTS))
            return result

        whole = self if self.part is None else replace(self, part=None)
        with whole.replaced(recorder):
            yield


def cut_of(owner: Any, name: str) -> Cut | None:
    """The cut at an attribute of a model, None if there is no such function.

    A layer or module is cut at its `call` or `forward`, so that all else of it stays in reach.
    """
    if isinstance(owner, dict):
        value = owner.get(name)
        inner = cut_at(value, name)
        return inner or (Cut(name, owner, name, value) if callable(value) else None)
    value = getattr(owner, name, None)
    if value is None or not callable(value):
        return None
    inner = cut_at(value, name)
    if inner is not None:
        return inner
    return Cut(name, owner.__dict__, name, value) if hasattr(owner, "__dict__") else None


def cut_at(layer: Any, name: str) -> Cut | None:
    """The cut at a layer's `call` or a module's `forward`, None if it is neither."""
    if isinstance(layer, type):
        return None
    if _is_layer(layer):
        return Cut(name, layer.__dict__, "call", layer.call)
    if hasattr(layer, "named_modules") and hasattr(layer, "forward"):
        return Cut(name, layer.__dict__, "forward", layer.forward)
    return None


def _is_layer(value: Any) -> bool:
    """Whether this is a layer of Keras 3 or tf_keras."""
    return hasattr(type(value), "call") and hasattr(type(value), "trainable_weights")


def named_layers(model: Any) -> list[tuple[str, Any]]:
    """All layers or modules inside a model, by attribute or layer name, the outer ones first.

    Of the names of a module, those of its layers and modules and of all inside them.
    """
    if isinstance(model, dict):
        parts = [(n, v) for n, v in model.items() if cut_at(v, n) is not None]
        return parts + [inner for _, part in parts for inner in named_layers(part)]
    if hasattr(model, "named_modules"):
        return [(name.rsplit(".", 1)[-1], m) for name, m in model.named_modules() if name]
    found: list[tuple[str, Any]] = []
    seen: set[int] = {id(model)}

    def walk(owner: Any) -> None:
        attributes = [
            (name, value)
            for name, value in list(getattr(owner, "__dict__", {}).items())
            if _is_layer(value)
        ]
        layers = [(layer.name, layer) for layer in getattr(owner, "layers", ())]
        for name, layer in (*attributes, *layers):
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            found.append((name.lstrip("_"), layer))
            walk(layer)

    walk(model)
    return found


def head_role(name: str) -> str | None:
    """Whether a layer of this name gives the mean or the second output of the encoder."""
    plain = name.lower()
    candidates = {plain}
    for affix in _HEAD_AFFIXES:
        candidates |= {c.removeprefix(affix) for c in set(candidates)}
    for ending in _HEAD_ENDINGS:
        candidates |= {c.removesuffix(ending) for c in set(candidates)}
    candidates |= {c.strip("_").rstrip("0123456789").strip("_") for c in set(candidates)}
    roles = {role for c in candidates if c and (role := role_of(c)) in (MEAN, SECOND)}
    return roles.pop() if len(roles) == 1 else None


def _parts_named(model: Any, names: Sequence[str]) -> list[Cut]:
    """The cuts at the parts of these names, in any case, in the names' order."""
    if isinstance(model, dict):
        spelled = {name: name for name in model}
    else:
        spelled = {name.lower(): name for name in dir(model)}
    found = [spelled[name] for name in names if name in spelled]
    return [cut for name in found if (cut := cut_of(model, name)) is not None]


def encoder_cuts(model: Any) -> list[Cut]:
    """The cuts at which a model may give the posterior's parameters, the likeliest first."""
    return _parts_named(model, _ENCODERS)


def decoder_cuts(model: Any) -> list[Cut]:
    """The cuts at which a model may give p(x|z)'s parameters, the likeliest first."""
    cuts = _parts_named(model, _DECODERS)
    outputs = getattr(model, "_output_layers", None) or _output_layers(model)
    cuts += [cut for layer in outputs if (cut := cut_at(layer, layer.name)) is not None]
    return cuts


def draw_cuts(model: Any) -> list[Cut]:
    """The parts that may draw z, by their names."""
    cuts = _parts_named(model, _DRAWS)
    for name, layer in named_layers(model):
        is_draw = any(word in name.lower() for word in ("sampl", "reparam", "lambda"))
        cut = cut_at(layer, name) if is_draw or name == "z" else None
        if cut is not None:
            cuts.append(cut)
    return cuts


def _output_layers(model: Any) -> list[Any]:
    """The last layer of a functional or sequential model."""
    if not hasattr(model, "layers") or not hasattr(model, "inputs"):
        return []
    try:
        output = model.output
    except (AttributeError, ValueError, RuntimeError):
        return []
    history = getattr(output, "_keras_history", None)
    if history is None:
        return []
    return [getattr(history, "operation", None) or history.layer]


def head_cuts(model: Any) -> dict[str, list[Cut]]:
    """The layers whose names say that they give the mean, or the second output."""
    heads: dict[str, list[Cut]] = {MEAN: [], SECOND: []}
    for name, layer in named_layers(model):
        role = head_role(name)
        cut = cut_at(layer, name) if role is not None else None
        if role is not None and cut is not None:
            heads[role].append(cut)
    return heads


def leaves_of(result: Any) -> list[Any]:
    """The tensors of a structure, in order."""
    entries = entries_of(result)
    if entries is None:
        return [result]
    return [leaf for _, entry in entries for leaf in leaves_of(entry)]


def rebuilt(result: Any, leaves: Sequence[Any]) -> Any:
    """The structure with other tensors in it."""
    remaining = list(leaves)

    def build(part: Any) -> Any:
        entries = entries_of(part)
        if entries is None:
            return remaining.pop(0)
        if isinstance(part, dict):
            return {name: build(value) for name, value in entries}
        if dataclasses.is_dataclass(part) and not isinstance(part, type):
            return dataclasses.replace(part, **{str(n): build(value) for n, value in entries})
        if isinstance(part, SimpleNamespace):
            return SimpleNamespace(**{str(n): build(value) for n, value in entries})
        values = [build(value) for _, value in entries]
        if hasattr(part, "_fields"):
            return type(part)(*values)
        return tuple(values) if isinstance(part, tuple) else values

    return build(result)


def shape_of(tensor: Any) -> tuple[int, ...] | None:
    """A tensor's shape, None if it is no array of floats."""
    try:
        array = as_numpy(tensor)
    except Exception:
        # Whatever a library raises for an object that is no array.
        return None
    return array.shape if array.dtype.kind == "f" or array.dtype.name == "bfloat16" else None
