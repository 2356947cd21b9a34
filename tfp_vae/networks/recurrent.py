"""Recurrent networks for sequences: one for encoders and its mirror for decoders."""

from collections.abc import Sequence

import keras

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
    widths = _widths(units)
    checks.instance_of(bidirectional, bool, "bidirectional", "True")
    layers: list[keras.layers.Layer] = []
    for index, width in enumerate(widths):
        layer = _layer(width, cell, return_sequences=index < len(widths) - 1)
        layers.append(keras.layers.Bidirectional(layer) if bidirectional else layer)
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
    layers = [_layer(width, cell, return_sequences=True) for width in widths]
    return keras.Sequential([StepsFromLatents(steps, widths[0]), *layers], name=name)


def _widths(units: Sequence[int]) -> tuple[int, ...]:
    widths = checks.positive_ints(units, "units")
    if not widths:
        raise ValueError("`units` must have at least one layer, such as [64]; got [].")
    return widths


def _layer(width: int, cell: str, return_sequences: bool) -> keras.layers.RNN:
    # A GRU or LSTM layer of Keras chooses cuDNN by itself, which XLA does not compile, and does not
    # save that choice.
    kind = _CELLS[checks.one_of(cell, _CELLS, "cell")]
    return keras.layers.RNN(kind(width), return_sequences=return_sequences)
