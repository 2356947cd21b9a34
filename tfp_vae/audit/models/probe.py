"""A whole model as a loss of (x, decoder output, encoder outputs), with its sampler."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import MEAN, SECOND
from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.calls.layouts import HALVES, in_one_array
from tfp_vae.audit.models.cuts import (
    Cut,
    leaves_of,
    rebuilt,
    shape_of,
)
from tfp_vae.audit.models.steps import Caught, Step, as_input
from tfp_vae.audit.models.structure import doubled_axis
from tfp_vae.audit.probes.likelihood_forms import decoder_log_variance

Array = np.ndarray
ROWS = 3


@dataclass
class ModelProbe:
    """A model that is cut at its encoder's and its decoder's outputs.

    Attributes:
        model: The model.
        step: Computes its loss of x.
        framework: The framework of its tensors.
        encoder: The cuts at the encoder's outputs: one of all, or one for each.
        decoder: The cut at the decoder.
        encoder_result: What the encoder gave in the trial run.
        decoder_result: What the decoder gave in the trial run.
        order: Which of the encoder's leaves is the mean, the second output, or something else.
        latent_shape: The shape of one example's latents.
        doubled: Whether one leaf holds both of the encoder's outputs.
        names: The names of the encoder's outputs.
        event_shape: The shape of one example of x.
        draw: The cut at what draws z, None where the decoder is called with z itself.
        entry: The cut at what is called with z, where that is not the decoder.
        first_draw: Which call of the decoder is the first with a draw of z.
        layout: Where the mean and the second output stand in a leaf that holds both.
        held: Other parts that are called with z, and the functions that stand for them.
    """

    model: Any
    step: Step
    framework: str
    encoder: Sequence[Cut]
    decoder: Cut
    encoder_result: Any
    decoder_result: Any
    order: Sequence[str]
    latent_shape: tuple[int, ...]
    doubled: bool
    names: tuple[str, str]
    event_shape: tuple[int, ...]
    draw: Cut | None = None
    entry: Cut | None = None
    first_draw: int = 0
    layout: str = HALVES
    held: Sequence[tuple[Cut, Callable[..., Any]]] = ()

    @property
    def non_trainable_variables(self) -> Sequence[Any]:
        """The model's variables that hold the states of seed generators."""
        variables: Sequence[Any] = getattr(self.model, "non_trainable_variables", ())
        return variables

    @property
    def count(self) -> int:
        """How many encoder outputs there are."""
        return 2 if self.doubled or SECOND in self.order else 1

    def _leaves(self, outputs: Sequence[Array]) -> list[Any]:
        rows = len(outputs[0])
        shaped = [np.reshape(o, (rows, *self.latent_shape[:-1], -1)) for o in outputs]
        if self.doubled:
            shape = shape_of(leaves_of(self.encoder_result)[0])
            axis = doubled_axis(shape, (ROWS, *self.latent_shape))
            both = in_one_array(shaped, self.layout, -1 if axis is None else axis)
            return [as_input(both, self.framework)]
        values = {MEAN: shaped[0], SECOND: shaped[-1]}
        return [as_input(values.get(role, shaped[0]), self.framework) for role in self.order]

    @contextlib.contextmanager
    def encoder_gives(self, outputs: Sequence[Array]) -> Iterator[None]:
        """Lets the encoder give these outputs, whatever it is called with."""
        leaves = self._leaves(outputs)
        with contextlib.ExitStack() as stack:
            if len(self.encoder) == 1:
                result = rebuilt(self.encoder_result, leaves)
                stack.enter_context(self.encoder[0].replaced(lambda *_, **__: result))
            else:
                for cut, leaf in zip(self.encoder, leaves, strict=True):
                    stack.enter_context(cut.replaced(lambda *_, leaf=leaf, **__: leaf))
            yield

    def loss(self, x: Any, decoder_output: Any, *encoder_outputs: Any) -> Any:
        """The model's loss where its encoder and its decoder give these outputs."""
        d = as_numpy(decoder_output)
        second = decoder_log_variance(d) if self.has_decoder_scale else d
        shapes = [(shape_of(leaf) or ())[1:] for leaf in leaves_of(self.decoder_result)]
        if self.doubled_decoder:
            values = [np.concatenate([d, second], axis=-1)]
        else:
            values = [
                self._of_decoder(second if index else d, shape)
                for index, shape in enumerate(shapes)
            ]
        result = rebuilt(self.decoder_result, [as_input(v, self.framework) for v in values])
        outputs = [as_numpy(o) for o in encoder_outputs]
        with contextlib.ExitStack() as stack:
            for cut, constant in self.held:
                stack.enter_context(cut.replaced(constant))
            stack.enter_context(self.encoder_gives(outputs))
            stack.enter_context(self.decoder.replaced(lambda *_, **__: result))
            return self.step(as_input(as_numpy(x), self.framework))

    @property
    def doubled_decoder(self) -> bool:
        """Whether the decoder gives a mean and a second output in one array."""
        leaves = leaves_of(self.decoder_result)
        size = math.prod((shape_of(leaves[0]) or ())[1:])
        return len(leaves) == 1 and size == 2 * math.prod(self.event_shape)

    @property
    def has_decoder_scale(self) -> bool:
        """Whether the decoder gives a second output beside its mean."""
        return self.doubled_decoder or len(leaves_of(self.decoder_result)) == 2

    def _of_decoder(self, value: Array, shape: tuple[int, ...]) -> Array:
        """An array of x's shape in the decoder's own shape, which may be flat."""
        if value.shape[1:] == self.event_shape:
            return value.reshape(len(value), *shape)
        same_rank = len(shape) == len(self.event_shape)
        return value if same_rank else value.reshape(len(value), -1)

    @property
    def draws_z(self) -> bool:
        """Whether draws of z can be caught."""
        if len(self.encoder) == 1 and "other" in self.order:
            # The encoder draws z itself, and is replaced as a whole.
            return False
        if self.draw is not None or self.entry is not None:
            return True
        return is_latent_draw(self.decoder.inputs[0], self.latent_shape)

    def sampler(self, x: Array) -> Callable[..., Any]:
        """The model's draws of z, as a function of the encoder's outputs.

        Args:
            x: Real examples, of which as many as there are rows go into the step.
        """
        return _ModelSampler(self, x)


def is_latent_draw(z: Any, latent_shape: tuple[int, ...]) -> bool:
    """Whether a tensor of the trial run has the shape of the latents."""
    shape = None if z is None else shape_of(leaves_of(z)[0])
    return shape is not None and shape[0] == ROWS and shape[1:] == latent_shape


class _ModelSampler:
    def __init__(self, probe: ModelProbe, x: Array):
        self._probe, self._x = probe, x

    @property
    def non_trainable_variables(self) -> Sequence[Any]:
        return self._probe.non_trainable_variables

    def __call__(self, *encoder_outputs: Any) -> Any:
        outputs = [as_numpy(output) for output in encoder_outputs]
        rows = np.resize(self._x, (len(outputs[0]), *self._x.shape[1:]))

        probe = self._probe
        draw = probe.draw
        calls = itertools.count()

        def catch(*given: Any, **named: Any) -> Any:
            if draw is None and probe.entry is None and next(calls) < probe.first_draw:
                return probe.decoder.of_result(probe.decoder.function(*given, **named))
            if draw is not None:
                raise Caught(draw.function(*given, **named))
            place = 0 if probe.entry is not None else probe.decoder.place
            raise Caught([*given, *named.values()][place])

        try:
            with (
                probe.encoder_gives(outputs),
                (draw or probe.entry or probe.decoder).replaced(catch),
            ):
                probe.step(as_input(rows, probe.framework))
        except Caught as caught:
            z = leaves_of(caught.value)[0]
            return as_numpy(z).reshape(np.shape(outputs[0]))
        raise ValueError("the decoder is not called")


def with_draws(
    probe: ModelProbe,
    x: Array,
    entries: Sequence[Cut],
    *,
    is_by_order: bool,
    is_by_shape: bool = False,
) -> ModelProbe | None:
    """The probe whose first head gives the mean, which is what the draws of z are centred at.

    What follows neither head is no draw of z, such as the noise alone. None if only the order of
    their calls tells the heads apart, or only shapes tell the parts, and no draw confirms it.

    Args:
        probe: The probe.
        x: Real examples.
        entries: The layers that may be called with z.
        is_by_order: Whether only the order of their calls told the heads apart.
        is_by_shape: Whether only their shapes told the encoder and the decoder.
    """
    is_guess = probe.draw is not None or not probe.draws_z
    if probe.count < 2 or not (is_by_order or is_by_shape or is_guess):
        return None if is_by_shape else probe
    if len(probe.encoder) == 1 and "other" in probe.order:
        return None if is_by_shape else probe
    size = math.prod(probe.latent_shape)
    low, zero = np.full((256, size), -4.0), np.zeros((256, size))
    known = [probe] if probe.draws_z else []
    for candidate in (*known, *(replace(probe, draw=None, entry=entry) for entry in entries)):
        draw = candidate.sampler(x)
        # With a second output of -4, z spreads by 4 at most under any reading.
        if float(np.mean(draw(low, zero))) < -2.0:
            return candidate
        if is_by_order and float(np.mean(draw(zero, low))) < -2.0:
            return replace(candidate, encoder=list(probe.encoder)[::-1])
    if is_by_order or is_by_shape:
        return None
    return replace(probe, draw=None)
