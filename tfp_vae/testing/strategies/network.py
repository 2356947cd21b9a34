"""Strategies of networks: features in, features out."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tfp_vae import networks as kinds_of_network
from tfp_vae.testing.strategies.building import activations, builds


@dataclass(frozen=True)
class NetworkEntry:
    """How a network is drawn.

    Attributes:
      networks: A strategy of networks.
      input_shape: The shape of one row that each of them takes.
    """

    networks: st.SearchStrategy
    input_shape: tuple[int, ...]


NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(
        builds(
            kinds_of_network.mlp,
            st.lists(st.integers(1, 6), max_size=3),
            activation=activations,
            dropout=st.sampled_from([0.0, 0.3]),
        ),
        (2, 3),
    ),
    "conv": NetworkEntry(
        builds(
            kinds_of_network.conv,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            kernel_size=st.integers(1, 3),
            strides=st.integers(1, 2),
            activation=activations,
        ),
        (5, 4, 1),
    ),
    "conv_transpose": NetworkEntry(
        builds(
            kinds_of_network.conv_transpose,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            event_shape=st.sampled_from([[4, 4, 1], [5, 3, 2], [3, 3]]),
            kernel_size=st.integers(1, 3),
            strides=st.integers(1, 3),
            activation=activations,
        ),
        (3,),
    ),
    "recurrent": NetworkEntry(
        builds(
            kinds_of_network.recurrent,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            cell=st.sampled_from(["gru", "lstm"]),
            bidirectional=st.booleans(),
        ),
        (4, 2),
    ),
    "recurrent_decoder": NetworkEntry(
        builds(
            kinds_of_network.recurrent_decoder,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            event_shape=st.sampled_from([[4], [3, 2]]),
            cell=st.sampled_from(["gru", "lstm"]),
        ),
        (3,),
    ),
    "temporal_conv": NetworkEntry(
        builds(
            kinds_of_network.temporal_conv,
            st.lists(st.integers(1, 4), min_size=1, max_size=3),
            kernel_size=st.integers(1, 3),
            activation=activations,
        ),
        (4, 2),
    ),
    "temporal_conv_decoder": NetworkEntry(
        builds(
            kinds_of_network.temporal_conv_decoder,
            st.lists(st.integers(1, 4), min_size=1, max_size=3),
            event_shape=st.sampled_from([[4], [3, 2]]),
            kernel_size=st.integers(1, 3),
            activation=activations,
        ),
        (3,),
    ),
    "transformer": NetworkEntry(
        builds(
            kinds_of_network.transformer,
            width=st.sampled_from([2, 4]),
            blocks=st.integers(1, 2),
            heads=st.integers(1, 2),
            activation=activations,
        ),
        (4, 2),
    ),
    "transformer_decoder": NetworkEntry(
        builds(
            kinds_of_network.transformer_decoder,
            width=st.sampled_from([2, 4]),
            event_shape=st.sampled_from([[4], [3, 2]]),
            blocks=st.integers(1, 2),
            heads=st.integers(1, 2),
            activation=activations,
        ),
        (3,),
    ),
    "SequenceEncoder": NetworkEntry(
        builds(
            kinds_of_network.SequenceEncoder,
            st.lists(builds(kinds_of_network.LastAndLargest), min_size=1, max_size=1),
        ),
        (4, 2),
    ),
    "LastAndLargest": NetworkEntry(builds(kinds_of_network.LastAndLargest), (4, 2)),
    "MADE": NetworkEntry(
        builds(
            kinds_of_network.MADE,
            parameters=st.integers(1, 3),
            units=st.lists(st.integers(1, 6), max_size=2),
            activation=activations,
            order=st.sampled_from(["left_to_right", "right_to_left", [1, 0, 2]]),
        ),
        (3,),
    ),
    "MaskedDense": NetworkEntry(
        builds(
            kinds_of_network.MaskedDense,
            input_degrees=st.lists(st.integers(0, 4), min_size=3, max_size=3),
            degrees=st.lists(st.integers(0, 4), min_size=1, max_size=5),
            activation=activations,
        ),
        (3,),
    ),
    "Standardization": NetworkEntry(
        builds(
            kinds_of_network.Standardization,
            event_shape=st.just([2, 3]),
            transform=st.sampled_from(["identity", "log", "log1p"]),
            pooled=st.booleans(),
        ),
        (2, 3),
    ),
    "OneHot": NetworkEntry(builds(kinds_of_network.OneHot, classes=st.integers(2, 4)), (3,)),
    "ColumnEncodings": NetworkEntry(
        builds(
            kinds_of_network.ColumnEncodings,
            st.tuples(
                st.tuples(st.just([2]), builds(kinds_of_network.OneHot, classes=st.integers(2, 4))),
                st.tuples(
                    st.just([0, 1]),
                    st.none() | builds(kinds_of_network.Standardization, st.just([2])),
                ),
            ),
        ),
        (3,),
    ),
    "GaussianCorruption": NetworkEntry(
        builds(kinds_of_network.GaussianCorruption, stddev=st.sampled_from([0.1, 2.0])), (4,)
    ),
    "MaskingCorruption": NetworkEntry(
        builds(kinds_of_network.MaskingCorruption, rate=st.sampled_from([0.1, 0.9])), (4,)
    ),
    "residual": NetworkEntry(
        builds(
            kinds_of_network.residual,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            blocks=st.integers(0, 2),
            kernel_size=st.integers(1, 3),
            activation=activations,
        ),
        (8, 4, 1),
    ),
    "residual_transpose": NetworkEntry(
        builds(
            kinds_of_network.residual_transpose,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            event_shape=st.sampled_from([[4, 4, 1], [8, 4, 2], [4, 4]]),
            blocks=st.integers(0, 2),
            kernel_size=st.integers(1, 3),
            activation=activations,
        ),
        (3,),
    ),
    "ResidualBlock": NetworkEntry(
        builds(
            kinds_of_network.ResidualBlock,
            kernel_size=st.integers(1, 3),
            activation=activations,
        ),
        (4, 3, 2),
    ),
    "StochasticBinarization": NetworkEntry(builds(kinds_of_network.StochasticBinarization), (4,)),
}
"""How every public network is drawn, by its name."""


def perceptrons() -> st.SearchStrategy:
    """Draws a small `tfp_vae.networks.mlp`, which takes rows of any shape.

    Returns:
      A strategy of Keras models, which are not built.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> network = find(strategies.perceptrons(), lambda network: True)
      >>> network(np.zeros([5, 2, 3])).shape[0]
      5
    """
    return builds(kinds_of_network.mlp, st.lists(st.integers(2, 5), max_size=1), activations)
