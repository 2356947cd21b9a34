"""Measures a loss: its batch mean at a point, with the error of rounding or noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfp_vae.audit.blackbox import BlackBox, CallError
from tfp_vae.audit.probe_design import Design, Point

Array = np.ndarray

# The batch sizes to try, should a loss accept only one. Two rows are enough to read any other; one
# comes last, since it broadcasts against any size.
BATCH_SIZES = (2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024, 1)
NOISY_BATCH_SIZE = 128
NOISY_CALLS = 10
# A difference of this many errors is not 0. The errors of a noisy loss are widened, because they
# are estimated from few calls: with 9 degrees of freedom a t-distributed estimate lies farther out
# than 6 · 1.5 standard errors about eight times in a million.
Z = 6.0
NOISE_WIDENING = 1.5
ROUNDING_UNITS = 8.0


@dataclass(frozen=True)
class Change:
    """The difference of two measured values, with its error."""

    value: float
    error: float

    @property
    def resolved(self) -> bool:
        """Whether the difference is larger than its error."""
        return bool(np.isfinite(self.value)) and abs(self.value) > Z * self.error


@dataclass(frozen=True)
class Measured:
    """Values with their standard errors, both `[N]`; for an exact loss, its rounding errors."""

    values: Array
    errors: Array

    @property
    def finite(self) -> bool:
        """Whether every value is finite."""
        return bool(np.all(np.isfinite(self.values)))

    @property
    def spread(self) -> float:
        """The distance between the largest and the smallest value."""
        return float(np.ptp(self.values))

    @property
    def slack(self) -> Array:
        """The largest errors of the values."""
        return Z * self.errors

    @property
    def constant(self) -> bool:
        """Whether no value differs from their mean by more than its error."""
        weights = 1.0 / np.maximum(self.errors, 1e-100) ** 2
        mean = np.sum(weights / np.max(weights) * self.values) / np.sum(weights / np.max(weights))
        return bool(np.all(np.abs(self.values - mean) <= self.slack))

    def change(self, start: int, end: int) -> Change:
        """By how much the value rises from one point to another."""
        return Change(
            float(self.values[end] - self.values[start]),
            float(np.hypot(self.errors[start], self.errors[end])),
        )


class LossProbe:
    """Measures a loss; made by `probe_loss`.

    Attributes:
        design: The points' design, with the batch size that the loss accepts.
        per_example: Whether the loss returns one value per example.
        random: Whether two calls with equal inputs give different values.
    """

    def __init__(self, box: BlackBox, design: Design, *, per_example: bool, random: bool):
        self.box = box
        self.design = design
        self.per_example = per_example
        self.random = random
        self._calls = NOISY_CALLS if random else 1

    def rows(self, point: Point) -> Array:
        """Calls the loss and returns its value, `[B]` or `[1]`.

        Raises:
            CallError: If the loss raised.
            ValueError: If the result's shape is neither `[]` nor `[B]`.
        """
        return np.atleast_1d(_checked_shape(self.box(*point.arrays()), point))

    def value_in_float32(self, point: Point) -> float:
        """The batch mean of one call in float32."""
        return float(np.mean(self.box.in_float32(*point.arrays())))

    def repeated_rows(self, point: Point) -> Array:
        """The rows of as many calls as a measurement takes, `[calls, B]`."""
        return np.stack([self.rows(point) for _ in range(self._calls)])

    def measure(self, points: Sequence[Point]) -> Measured:
        """Measures the batch mean of the loss at each point."""
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


def _checked_shape(result: Array, point: Point) -> Array:
    batch_size = point.batch_size
    if result.shape in ((), (batch_size,)):
        return result
    hint = ""
    if result.shape == (batch_size, batch_size):
        hint = ": a [B, 1] and a [B] array were added and broadcast to [B, B]"
    elif result.shape == (batch_size, 1):
        hint = ": sum over the last axis without keepdims"
    elif result.shape[:1] == (batch_size,):
        hint = ": a sum over the other axes is missing"
    raise ValueError(
        f"`loss` must return a scalar or one value per example, shape [] or [{batch_size}]; got "
        f"shape {list(result.shape)}{hint}."
    )


def probe_loss(
    loss: Callable[..., Any], make_design: Callable[[int], Design], names: Sequence[str]
) -> LossProbe:
    """Finds how a loss can be called: style of input, batch size, shape of result, randomness.

    Args:
        loss: The loss.
        make_design: Makes the design of points with a given batch size.
        names: The names of the loss's arguments, for error messages.

    Raises:
        ValueError: If the loss raises at every batch size, or returns a wrong shape.
        TypeError: If it returns no floats.
    """
    box = BlackBox(loss, "loss", names)
    designs = [make_design(size) for size in BATCH_SIZES]
    index = box.settle([design.resting_event().arrays() for design in designs])
    design = designs[index]
    point = design.likelihood_points()[0]
    results = [_checked_shape(box(*point.arrays()), point) for _ in range(3)]
    per_example = results[0].shape != ()
    scatter = max(float(np.max(np.abs(r - results[0]), initial=0.0)) for r in results[1:])
    random = scatter > 64.0 * box.epsilon * float(np.max(np.abs(results[0])))
    if random:
        large = make_design(NOISY_BATCH_SIZE)
        if _accepts(box, large):
            design = large
    return LossProbe(box, design, per_example=per_example, random=random)


def _accepts(box: BlackBox, design: Design) -> bool:
    try:
        box(*design.resting_event().arrays())
    except CallError:
        return False
    return True
