"""Measures a loss: its batch mean at a point, with the error of rounding or noise."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.blackbox import BlackBox, CallError
from tfp_vae.audit.calls.counters import uncounted
from tfp_vae.audit.calls.jax_programs import as_program
from tfp_vae.audit.calls.results import as_rows, chooser
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.design import Design, Point
from tfp_vae.audit.probes.measured import NOISE_WIDENING, Measured, Z

Array = np.ndarray

# The batch sizes to try, should a loss accept only one. Two rows are enough to read any other; one
# comes last, since it broadcasts against any size.
BATCH_SIZES = (2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024, 1)
# A noisy loss is called with so many rows, at least and at most, and so many values of x between.
NOISY_ROWS = (32, 256)
NOISY_VALUES = 100_000
NOISY_CALLS = 10
ROUNDING_UNITS = 8.0
_TINY_STEP, _SMALL_STEP = 1e-10, 1e-3
_FAR = 12.0


class LossProbe:
    """Measures a loss; made by `probe_loss`.

    Attributes:
        design: The points' design, with the batch size that the loss accepts.
        binding: Which argument of the loss is what.
        per_example: Whether the loss returns one value per example.
        random: Whether two calls with equal inputs give different values.
        entry: Which entry of a tuple or dict is the loss, in words.
        outer: Whether the result is `[B, B]`, each row of one term added to each of the other.
    """

    def __init__(
        self,
        box: BlackBox,
        design: Design,
        binding: Binding,
        *,
        per_example: bool,
        random: bool,
        entry: str = "",
        outer: bool = False,
    ):
        self.box = box
        self.design = design
        self.binding = binding
        self.per_example = per_example
        self.random = random
        self.entry = entry
        self.outer = outer
        self._calls = NOISY_CALLS if random else 1
        self._known: dict[bytes, Array] = {}

    def rows(self, point: Point) -> Array:
        """Calls the loss and returns its value, `[B]` or `[1]`.

        A loss without randomness is called once with equal inputs.

        Raises:
            CallError: If the loss raised.
            ValueError: If the result has no batch axis.
        """
        arguments = self.binding.arguments(point)
        key = b"" if self.random else _digest(arguments)
        if key not in self._known:
            rows = np.atleast_1d(_checked_rows(self.box(*arguments), point))
            if self.random:
                return rows
            self._known[key] = rows
        return self._known[key]

    def value_in_float32(self, point: Point) -> float:
        """The batch mean of one call in float32."""
        return float(np.mean(self.box.in_float32(*self.binding.arguments(point))))

    def repeated_rows(self, point: Point) -> Array:
        """The rows of as many calls as a measurement takes, `[calls, B]`."""
        return np.stack([self.rows(point) for _ in range(self._calls)])

    def is_finite_at(self, points: Sequence[Point]) -> bool:
        """Whether one call at each point gives finite values."""
        try:
            return all(bool(np.all(np.isfinite(self.rows(point)))) for point in points)
        except CallError:
            return False

    def measure_where_defined(self, points: Sequence[Point]) -> Measured:
        """Like `measure`, with NaN where the loss raises."""
        try:
            return self.measure(points)
        except CallError:
            return Measured(np.full(len(points), np.nan), np.zeros(len(points)))

    def measure(self, points: Sequence[Point]) -> Measured:
        """Measures the batch mean of the loss at each point.

        Raises:
            CallError: If the loss raised.
        """
        values, errors = [], []
        for point in points:
            means = self.repeated_rows(point).mean(axis=1)
            values.append(float(means.mean()))
            rounding = ROUNDING_UNITS * self.box.epsilon * abs(values[-1])
            noise = 0.0
            if self.random:
                noise = NOISE_WIDENING * float(means.std(ddof=1)) / np.sqrt(len(means))
            errors.append(rounding / Z + noise)
        return Measured(np.array(values), np.array(errors))


def _digest(arrays: Sequence[Array]) -> bytes:
    digest = hashlib.blake2b()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.digest()


def _checked_rows(result: Array, point: Point) -> Array:
    batch_size = point.batch_size
    rows = as_rows(result, batch_size)
    if rows is not None:
        return rows
    raise ValueError(
        f"`loss` must return a scalar or one value per example, shape [] or [{batch_size}]; got "
        f"shape {list(result.shape)}."
    )


def probe_loss(
    loss: Callable[..., Any],
    make_design: Callable[[int], Design],
    binding: Binding,
    returns: str | int | None = None,
    first_batch_sizes: Sequence[int] = (),
) -> LossProbe:
    """Finds how a loss can be called: style of input, batch size, shape of result, randomness.

    Args:
        loss: The loss.
        make_design: Makes the design of points with a given batch size.
        binding: Which of its arguments is what.
        returns: Which entry of its result is the loss, None to find it.
        first_batch_sizes: Batch sizes to try after two rows and before all others.

    Raises:
        ValueError: If the loss raises at every batch size, or returns a wrong shape.
        TypeError: If it returns no floats.
    """
    names = [name for name, _ in binding.parameters]
    called = uncounted(binding.call(loss), loss)
    box = BlackBox(as_program(called, loss), "loss", names)
    sizes = list(dict.fromkeys((BATCH_SIZES[0], *first_batch_sizes, *BATCH_SIZES)))
    designs = [make_design(size) for size in sizes]
    index = box.settle(binding.arguments(design.resting_event()) for design in designs)
    design = designs[index]
    points = _telling_points(design)

    def calls() -> list[Any]:
        start, event, encoder = points
        # Far from the prior, where no floor under the KL hides it.
        loc, *others = encoder.encoder_outputs
        far = replace(encoder, encoder_outputs=(loc + _FAR, *others))
        return [box.raw(*binding.arguments(point)) for point in (start, event, far)]

    box.choose, entry = chooser(box.raw(*binding.arguments(points[0])), returns, calls)
    point = points[0]
    results = [_checked_rows(box(*binding.arguments(point)), point) for _ in range(3)]
    per_example = results[0].shape != ()
    scatter = max(float(np.max(np.abs(r - results[0]), initial=0.0)) for r in results[1:])
    random = scatter > 64.0 * box.epsilon * float(np.max(np.abs(results[0])))
    if random:
        # Rows of many values are as many as the noise of their sum needs.
        rows = NOISY_VALUES // math.prod(design.event_shape)
        large = make_design(min(max(rows, NOISY_ROWS[0]), NOISY_ROWS[1]))
        if accepts(box, binding, large):
            design = large
    else:
        box.epsilon = max(box.epsilon, _inner_precision(box, binding, points))
    return LossProbe(
        box,
        design,
        binding,
        per_example=per_example,
        random=random,
        entry=entry,
        outer=_is_outer(box, binding, point),
    )


def _is_outer(box: BlackBox, binding: Binding, point: Point) -> bool:
    """Whether the second axis of the result is the batch too."""
    shape = box(*binding.arguments(point)).shape
    if len(shape) < 2 or shape[0] != shape[1] or shape[0] != point.batch_size:
        return False
    try:
        larger = box(*binding.arguments(point.doubled_batch())).shape
    except CallError:
        return False
    return larger[:2] == (2 * shape[0], 2 * shape[0])


def _telling_points(design: Design) -> list[Point]:
    first, *_, last = design.likelihood_points()
    encoder = tuple(e + 0.7 * (1 + i) for i, e in enumerate(first.encoder_outputs))
    return [first, last, replace(first, encoder_outputs=encoder)]


def _inner_precision(box: BlackBox, binding: Binding, points: Sequence[Point]) -> float:
    """The rounding unit inside a loss: float32 if it rounds a tiny step away, but not a small one.

    A floor under a term takes both steps away, and a tiny weight a step that float64 would show.
    """
    start, event, encoder = points
    for other in (event, encoder):
        values = []
        for step in (0.0, _TINY_STEP, _SMALL_STEP):
            change = other.decoder_output - start.decoder_output
            mixed = replace(
                start,
                decoder_output=start.decoder_output + step * change,
                encoder_outputs=tuple(
                    a + step * (b - a)
                    for a, b in zip(start.encoder_outputs, other.encoder_outputs, strict=True)
                ),
            )
            try:
                values.append(box(*binding.arguments(mixed)))
            except CallError:
                return 0.0
        here, tiny, small = values
        expected = np.abs(small - here) * (_TINY_STEP / _SMALL_STEP)
        shown = np.any(expected > ROUNDING_UNITS * np.finfo(np.float64).eps * np.abs(here))
        if np.all(np.isfinite(small)) and np.array_equal(tiny, here) and shown:
            return float(np.finfo(np.float32).eps)
    return 0.0


def accepts(box: BlackBox, binding: Binding, design: Design) -> bool:
    """Whether a loss can be called at the sizes of a design."""
    try:
        box.raw(*binding.arguments(design.resting_event()))
    except CallError:
        return False
    return True
