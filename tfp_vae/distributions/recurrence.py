"""What carries the past of a series from step to step."""

from typing import Protocol

import tensorflow as tf


class Recurrence(Protocol):
    """What `RecurrentNormal` and `RecurrentSeries` need of a recurrent network.

    A state is a list of tensors `[N, ...]`, the first of which, `[N, U]`, is the hidden state that
    other networks see.
    """

    def first_state(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns the state before the first step of a number of rows."""

    def next_state(self, state: list[tf.Tensor], x: tf.Tensor, z: tf.Tensor) -> list[tf.Tensor]:
        """Returns the state after a step with data `[N, *values]` and latents `[N, L]`."""


def hidden_states(recurrence: Recurrence, x: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """Returns the hidden state before every step of given series, `[N, T, U]`.

    Args:
      recurrence: The recurrent network.
      x: Data, `[N, T, *values]`; the last step is not used.
      z: Latents, `[N, T, L]`; the last step is not used.
    """
    state = recurrence.first_state(tf.shape(z)[0])
    before = state[0][None]
    # XLA takes no loop over nothing.
    if z.shape[1] > 1:
        by_step = steps_first(x)[:-1], steps_first(z)[:-1]
        later = tf.scan(lambda now, given: recurrence.next_state(now, *given), by_step, state)
        before = tf.concat([before, later[0]], axis=0)
    return steps_first(before)


def steps_first(values: tf.Tensor) -> tf.Tensor:
    """Returns `[N, T, ...]` as `[T, N, ...]`, and the other way round."""
    return tf.transpose(values, [1, 0, *range(2, values.shape.rank)])


def in_rows(values: tf.Tensor, leading: tf.Tensor, event: list[int]) -> tf.Tensor:
    """Returns values `[..., *event]`, broadcast to `[*leading, *event]`, as rows `[N, *event]`.

    Args:
      values: A tensor.
      leading: The shape of the rows, an integer tensor.
      event: The shape of a row.
    """
    broadcast = tf.broadcast_to(values, tf.concat([leading, event], axis=0))
    return tf.reshape(broadcast, [-1, *event])
