"""Recurrent networks for sequences: one for encoders and its mirror for decoders."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, shapes
from tfp_vae.networks.sequence_decoder import StepsFromLatents
from tfp_vae.networks.sequence_encoder import SequenceEncoder

_CELLS = {"gru": keras.layers.GRUCell, "lstm": keras.layers.LSTMCell}


def recurrent(
    units: Sequence[int],
    cell: str = "gru",
    bidirectional: bool = False,
    name: str | None = None,
) -> SequenceEncoder:
    """Makes an encoder's recurrent layers, from steps `[B, T, C]` to features `[B, F]`.

    The features are the state of the last layer at the end of a row: the steps beyond it, which
    are missing, change nothing, bit for bit.

    Args:
      units: The width of each layer, from input to output.
      cell: "gru" or "lstm".
      bidirectional: Whether every layer also reads the row from its end, so that its outputs, and
        the features, are twice as many.
      name: A name for the network.

    Returns:
      A `SequenceEncoder`, built on its first use.

    Raises:
      TypeError: If `units` is not a list of ints, `cell` no string, or `bidirectional` no bool.
      ValueError: If there is no layer, a width is not positive, or the cell unknown.

    Example:
      >>> networks.recurrent([16])(np.zeros([3, 10, 2])).shape
      TensorShape([3, 16])
    """
    layers = _layers(_widths(units), cell, bidirectional, last_returns_steps=False)
    return SequenceEncoder(layers, name=name)


def recurrent_decoder(
    units: Sequence[int],
    event_shape: Sequence[int],
    cell: str = "gru",
    name: str | None = None,
) -> keras.Sequential:
    """Makes the mirror of `recurrent` for a decoder, `[B, F]` to steps `[B, T, units[-1]]`.

    Every step of the first layer sees the latents and the number of the step. No step depends on
    those after it. The likelihood makes the values of a step.

    Args:
      units: The width of each layer, from input to output.
      event_shape: The event shape of the likelihood, `[T]` or `[T, ...]`.
      cell: "gru" or "lstm".
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `units` or `event_shape` is not a list of ints, or `cell` no string.
      ValueError: If there is no layer, a size is not positive, or the cell unknown.

    Example:
      >>> networks.recurrent_decoder([16, 8], event_shape=[10, 2])(np.zeros([3, 4])).shape
      TensorShape([3, 10, 8])
    """
    widths = _widths(units)
    steps = shapes.as_shape(event_shape, "event_shape")[0]
    layers = _layers(widths, cell, bidirectional=False, last_returns_steps=True)
    return keras.Sequential([StepsFromLatents(steps, widths[0]), *layers], name=name)


def _widths(units: Sequence[int]) -> tuple[int, ...]:
    widths = checks.positive_ints(units, "units")
    if not widths:
        raise ValueError("`units` must have at least one layer, such as [64]; got [].")
    return widths


def _layers(
    widths: Sequence[int], cell: str, bidirectional: bool, last_returns_steps: bool
) -> list["RecurrentLayer"]:
    last = len(widths) - 1
    return [
        RecurrentLayer(width, cell, bidirectional, index < last or last_returns_steps)
        for index, width in enumerate(widths)
    ]


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class RecurrentLayer(keras.layers.Layer):
    """A recurrent layer, in one direction or both, that skips what is beyond the end of a row.

    The layers `GRU` and `LSTM` of Keras choose cuDNN by themselves, which XLA does not compile, and
    do not save that choice.

    Args:
      units: The width, in each direction.
      cell: "gru" or "lstm".
      bidirectional: Whether it also reads the row from its end, so that the outputs are twice as
        many.
      return_sequences: Whether it returns the output of every step, or that at the end of a row.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      steps: Features, `[B, T, C]`.
      mask: A boolean tensor `[B, T]`, true up to the end of a row; None if all rows are full.

    Returns:
      A tensor `[B, T, F]` or `[B, F]`.

    Raises:
      TypeError: If `units` is no int, `cell` no string, or another argument no bool.
      ValueError: If `units` is not positive, or the cell unknown.
    """

    def __init__(
        self,
        units: int,
        cell: str = "gru",
        bidirectional: bool = False,
        return_sequences: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = checks.positive_int(units, "units")
        self.cell = checks.one_of(cell, _CELLS, "cell")
        self.bidirectional = checks.instance_of(bidirectional, bool, "bidirectional", "True")
        self.return_sequences = checks.instance_of(
            return_sequences, bool, "return_sequences", "True"
        )
        policy = self.dtype_policy
        reader = keras.layers.RNN(
            _CELLS[self.cell](self.units, dtype=policy),
            return_sequences=self.return_sequences,
            dtype=policy,
        )
        self.reader = (
            keras.layers.Bidirectional(reader, dtype=policy) if self.bidirectional else reader
        )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for steps `[B, T, C]`."""
        self.reader.build(tuple(input_shape))
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Returns the mask where the outputs are steps."""
        del inputs
        return previous_mask if self.return_sequences else None

    def call(self, steps: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the outputs."""
        return self.reader(tf.cast(steps, self.compute_dtype), mask=mask)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape of the outputs."""
        batch, steps, _ = input_shape
        width = self.units * (1 + self.bidirectional)
        return (batch, steps, width) if self.return_sequences else (batch, width)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "units": self.units,
            "cell": self.cell,
            "bidirectional": self.bidirectional,
            "return_sequences": self.return_sequences,
        }
