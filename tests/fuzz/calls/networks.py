"""The calls of `tfp_vae.networks`."""

import numpy as np

from tests.fuzz.call import Call
from tests.fuzz.part_checks import FEATURES, MOST_ELEMENTS, has_own_function, round_trip
from tfp_vae import networks

_STEPS = np.zeros([2, 4, 3], "float32")
_IMAGES = np.zeros([2, 5, 5, 1], "float32")
_EVEN_IMAGES = np.zeros([2, 4, 4, 1], "float32")


def _networks_output(shape_of, own=FEATURES):
    def check(network, given):
        if has_own_function(given) or shape_of(given) is None:
            return
        answer = network(own)
        assert answer.shape == shape_of(given)
        assert np.isfinite(answer).all()

    return check


def _mlp_shape(given):
    widths = [int(width) for width in given["units"]]
    return (2, (widths or [3])[-1]) if np.prod(widths or [1.0]) < MOST_ELEMENTS else None


def _small(given):
    numbers = [v for v in given.values() if isinstance(v, (int, np.integer))]
    return all(number < 10 for number in numbers) and max(given["filters"]) < 100


def _conv_shape(given):
    return (2, *networks.conv(**given)(_IMAGES).shape[1:]) if _small(given) else None


def _transposed_shape(given):
    event = [int(size) for size in given["event_shape"]]
    if not _small(given) or max(event) > 50:
        return None
    return (2, *event[:2], given["filters"][-1])


def _residual_shape(given):
    strides = float(given.get("strides", 2))
    if not _small(given) or 4 % strides ** len(given["filters"]):
        return None
    side = int(4 // strides ** len(given["filters"]))
    return (2, side, side, given["filters"][-1])


def _few(given, *names):
    """Tells whether sizes are small enough to try the network, with none that XLA would unroll."""
    sizes = [size for name in names for size in np.ravel(given.get(name, 1))]
    return all(float(size) < 10 for size in sizes)


def _recurrent_shape(given):
    width = given["units"][-1] * (1 + bool(given.get("bidirectional")))
    return (2, width) if _few(given, "units") else None


def _steps_shape(name):
    def shape(given):
        if not _few(given, name, "event_shape", "kernel_size", "blocks", "heads"):
            return None
        return (2, given["event_shape"][0], np.ravel(given[name])[-1])

    return shape


def _pooled_shape(name):
    def shape(given):
        if not _few(given, name, "kernel_size", "blocks", "heads"):
            return None
        return (2, 2 * np.ravel(given[name])[-1])

    return shape


def _made_shape(given):
    if not isinstance(given.get("order", ""), str) and len(given["order"]) != FEATURES.shape[-1]:
        return None
    widths = [float(width) for width in given["units"]]
    parameters = float(given["parameters"])
    return (2, 3, int(parameters)) if np.prod([parameters, *widths]) < MOST_ELEMENTS else None


def _encoded_shape(given):
    is_of_features = list(given["event_shape"]) == [3]
    return (2, 3) if is_of_features and given.get("transform") != "log" else None


def _adds_nothing_yet(path, given):
    sizes = [size for shape in given["parameter_shapes"].values() for size in shape]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS:
        return
    added = path(FEATURES)
    assert set(added) == set(given["parameter_shapes"])
    for name, values in added.items():
        leading = (2,) if name in given["linear"] else ()
        assert values.shape == (*leading, *given["parameter_shapes"][name])
        assert not np.any(values)


def _keeps_its_shape(layer):
    assert layer(np.ones([3, 4]), seed=0).shape == (3, 4)
    round_trip(layer, {})


CALLS = {
    "networks.mlp": Call(
        networks.mlp, lambda: {"units": [4, 3]}, _networks_output(_mlp_shape), not_fuzzed=("name",)
    ),
    "networks.conv": Call(
        networks.conv, lambda: {"filters": [2]}, _networks_output(_conv_shape, _IMAGES),
        not_fuzzed=("name",),
    ),
    "networks.conv_transpose": Call(
        networks.conv_transpose,
        lambda: {"filters": [2], "event_shape": [5, 5, 1]},
        _networks_output(_transposed_shape),
        not_fuzzed=("name",),
    ),
    "networks.recurrent": Call(
        networks.recurrent,
        lambda: {"units": [4]},
        _networks_output(_recurrent_shape, _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.recurrent_decoder": Call(
        networks.recurrent_decoder,
        lambda: {"units": [4], "event_shape": [5, 2]},
        _networks_output(_steps_shape("units")),
        not_fuzzed=("name",),
    ),
    "networks.temporal_conv": Call(
        networks.temporal_conv,
        lambda: {"filters": [4]},
        _networks_output(_pooled_shape("filters"), _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.temporal_conv_decoder": Call(
        networks.temporal_conv_decoder,
        lambda: {"filters": [4], "event_shape": [5, 2]},
        _networks_output(_steps_shape("filters")),
        not_fuzzed=("name",),
    ),
    "networks.transformer": Call(
        networks.transformer,
        lambda: {"width": 4, "heads": 2},
        _networks_output(_pooled_shape("width"), _STEPS),
        not_fuzzed=("name",),
    ),
    "networks.transformer_decoder": Call(
        networks.transformer_decoder,
        lambda: {"width": 4, "heads": 2, "event_shape": [5, 2]},
        _networks_output(_steps_shape("width")),
        not_fuzzed=("name",),
    ),
    "networks.SequenceEncoder": Call(
        networks.SequenceEncoder, lambda: {"layers": [networks.LastAndLargest()]}, round_trip
    ),
    "networks.NextCode": Call(
        networks.NextCode, lambda: {"classes": 3, "units": 4}, round_trip
    ),
    "networks.residual": Call(
        networks.residual, lambda: {"filters": [2], "blocks": 1},
        _networks_output(_residual_shape, _EVEN_IMAGES), not_fuzzed=("name",),
    ),
    "networks.residual_transpose": Call(
        networks.residual_transpose,
        lambda: {"filters": [2], "event_shape": [4, 4, 1], "blocks": 1},
        _networks_output(_transposed_shape),
        not_fuzzed=("name",),
    ),
    "networks.ResidualBlock": Call(
        networks.ResidualBlock,
        lambda: {"kernel_size": 3},
        _networks_output(
            lambda given: _EVEN_IMAGES.shape if float(given["kernel_size"]) < 50 else None,
            _EVEN_IMAGES,
        ),
    ),
    "networks.GaussianCorruption": Call(
        networks.GaussianCorruption,
        lambda: {"stddev": 0.5},
        lambda answer, given: _keeps_its_shape(answer),
    ),
    "networks.MaskingCorruption": Call(
        networks.MaskingCorruption,
        lambda: {"rate": 0.5},
        lambda answer, given: _keeps_its_shape(answer),
    ),
    "networks.MADE": Call(
        networks.MADE, lambda: {"parameters": 2, "units": [4]}, _networks_output(_made_shape)
    ),
    "networks.MaskedDense": Call(
        networks.MaskedDense,
        lambda: {"input_degrees": [1, 2, 3], "degrees": [0, 1]},
        _networks_output(
            lambda given: (2, len(given["degrees"])) if len(given["input_degrees"]) == 3 else None
        ),
    ),
    "networks.Standardization": Call(
        networks.Standardization, lambda: {"event_shape": [3]}, _networks_output(_encoded_shape)
    ),
    "networks.OneHot": Call(
        networks.OneHot,
        lambda: {"classes": 3},
        _networks_output(
            lambda given: (
                (2, 3 * int(given["classes"])) if given["classes"] < MOST_ELEMENTS else None
            )
        ),
    ),
    "networks.ColumnEncodings": Call(
        networks.ColumnEncodings,
        lambda: {"parts": [([0, 2], networks.Standardization([2])), ([1], networks.OneHot(3))]},
        round_trip,
    ),
    "networks.LinearPath": Call(
        networks.LinearPath,
        lambda: {"parameter_shapes": {"loc": (2,), "scale": (2,)}, "linear": ["loc"]},
        _adds_nothing_yet,
    ),
}  # fmt: skip
