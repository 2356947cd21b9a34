"""Schedules: weights that depend on the training step."""

import abc
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from tfp_vae import checks


class Schedule(abc.ABC):
    """A number that depends on the training step.

    To add one, write a subclass that implements `__call__` and `get_config`, and register it with
    `keras.saving.register_keras_serializable`.

    Call with:
      step: An integer scalar, `[]`, that starts at 0.

    Returns:
      The value, a float scalar, `[]`.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class Halving(objectives.Schedule):
      ...     def __call__(self, step):
      ...         return 0.5 ** tf.cast(step, tf.float32)
      ...
      ...     def get_config(self):
      ...         return {}
      >>> float(Halving()(2))
      0.25
    """

    @abc.abstractmethod
    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the value, a float scalar, at `step`, an integer scalar that starts at 0."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal schedule."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Schedule":
        """Makes a schedule of what `get_config` returned."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class LinearWarmUp(Schedule):
    """A linear warm-up over the first steps, constant afterwards.

    As the weight of the KL it is the warm-up of Bowman et al. (2016), "Generating sentences from a
    continuous space", and Sønderby et al. (2016), "Ladder variational autoencoders".

    Args:
      steps: The step at which the final value is reached.
      start: The value at step 0.
      end: The value from `steps` on.

    Call with:
      step: An integer scalar, `[]`, that starts at 0.

    Returns:
      The value, a float scalar, `[]`.

    Raises:
      TypeError: If an argument is not a number.
      ValueError: If `steps` is not positive, or a value negative.

    Example:
      >>> float(objectives.LinearWarmUp(steps=10)(5))
      0.5
    """

    def __init__(self, steps: int, start: float = 0.0, end: float = 1.0) -> None:
        self.steps = checks.positive_int(steps, "steps")
        self.start = checks.finite_number(start, "start", minimum=0.0)
        self.end = checks.finite_number(end, "end", minimum=0.0)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the value at `step`."""
        progress = tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)
        return self.start + (self.end - self.start) * progress

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal schedule."""
        return {"steps": self.steps, "start": self.start, "end": self.end}

    def __repr__(self) -> str:
        return f"LinearWarmUp(steps={self.steps}, start={self.start:g}, end={self.end:g})"


AnySchedule: TypeAlias = Schedule | keras.optimizers.schedules.LearningRateSchedule
"""A schedule of this package or of Keras: both are called with the step."""


def number_or_schedule(value: Any, name: str) -> float | AnySchedule:
    """Returns `value` if it is a schedule, and else as a number that is not negative.

    Raises:
      TypeError: If it is neither.
      ValueError: If it is no number, or a negative one.
    """
    if isinstance(value, AnySchedule):
        return value
    return checks.finite_number(value, name, minimum=0.0)


def value_at(
    value: float | AnySchedule, step: int | tf.Tensor | None, dtype: tf.DType
) -> float | tf.Tensor:
    """Returns a number as it is, and that of a schedule at a step."""
    return tf.cast(value(step), dtype) if isinstance(value, AnySchedule) else value


def serialized(value: float | AnySchedule) -> Any:
    """Returns a number as it is, and a schedule as Keras writes it."""
    return keras.saving.serialize_keras_object(value) if isinstance(value, AnySchedule) else value


def deserialized(config: Any) -> float | AnySchedule:
    """Returns what `serialized` was given."""
    schedule: float | AnySchedule = (
        keras.saving.deserialize_keras_object(config) if isinstance(config, dict) else config
    )
    return schedule
