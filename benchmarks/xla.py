"""Which networks XLA makes faster: an epoch with and without it, for every kind of layer."""

import sys
from collections.abc import Callable
from itertools import product
from statistics import median
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from benchmarks.results import spread
from benchmarks.timed_epochs import epoch_of_fit, timed_in_turn
from tfp_vae import likelihoods, posteriors

ROWS, BATCH = 1000, 100
SHAPE = (28, 28)


def _sequential(*layers: Any) -> keras.Sequential:
    return keras.Sequential(list(layers))


def _image(*layers: Any) -> keras.Sequential:
    return _sequential(keras.layers.Reshape([28, 28, 1]), *layers, keras.layers.Flatten())


def _sequence(*layers: Any) -> keras.Sequential:
    return _sequential(keras.layers.Reshape(SHAPE), *layers, keras.layers.Flatten())


def _dense() -> keras.Sequential:
    return _sequential(keras.layers.Flatten(), keras.layers.Dense(200, "relu"))


def _upsampling() -> keras.Sequential:
    return _sequential(
        keras.layers.Dense(7 * 7 * 16, "relu"),
        keras.layers.Reshape([7, 7, 16]),
        keras.layers.Conv2DTranspose(32, 3, 2, "same", activation="relu"),
        keras.layers.Conv2DTranspose(1, 3, 2, "same"),
        keras.layers.Flatten(),
    )


def _upsampling_of_sequences() -> keras.Sequential:
    return _sequential(
        keras.layers.Dense(7 * 16, "relu"),
        keras.layers.Reshape([7, 16]),
        keras.layers.Conv1DTranspose(32, 3, 2, "same", activation="relu"),
        keras.layers.Conv1DTranspose(28, 3, 2, "same"),
        keras.layers.Flatten(),
    )


def _volume(*layers: Any) -> keras.Sequential:
    return _sequential(keras.layers.Reshape([4, 14, 14, 1]), *layers, keras.layers.Flatten())


def _upsampling_of_volumes() -> keras.Sequential:
    return _sequential(
        keras.layers.Dense(2 * 7 * 7 * 8, "relu"),
        keras.layers.Reshape([2, 7, 7, 8]),
        keras.layers.Conv3DTranspose(1, 3, 2, "same"),
        keras.layers.Flatten(),
    )


def _drawing(*layers: Any) -> keras.Sequential:
    return _sequential(keras.layers.Flatten(), *layers, _dense())


class _SelfAttention(keras.layers.Layer):
    """Attention of a sequence to itself."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = keras.layers.MultiHeadAttention(2, 16, dropout=dropout)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.attention(x, x)


KINDS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "Dense": (_dense, _dense),
    "Conv2D": (
        lambda: _image(
            keras.layers.Conv2D(32, 3, 2, "same", activation="relu"),
            keras.layers.Conv2D(64, 3, 2, "same", activation="relu"),
        ),
        _dense,
    ),
    "Conv2DTranspose": (_dense, _upsampling),
    "DepthwiseConv2D": (
        lambda: _image(keras.layers.DepthwiseConv2D(3, depth_multiplier=8, activation="relu")),
        _dense,
    ),
    "SeparableConv2D": (
        lambda: _image(keras.layers.SeparableConv2D(16, 3, 2, "same", activation="relu")),
        _dense,
    ),
    "Conv1D": (
        lambda: _sequence(keras.layers.Conv1D(32, 3, 2, "same", activation="relu")),
        _dense,
    ),
    "Conv1DTranspose": (_dense, _upsampling_of_sequences),
    "DepthwiseConv1D": (
        lambda: _sequence(keras.layers.DepthwiseConv1D(3, depth_multiplier=2, activation="relu")),
        _dense,
    ),
    "SeparableConv1D": (
        lambda: _sequence(keras.layers.SeparableConv1D(32, 3, 2, "same", activation="relu")),
        _dense,
    ),
    "Conv3D": (
        lambda: _volume(
            keras.layers.Conv3D(16, 3, 2, "same", activation="relu"),
            keras.layers.Conv3D(32, 3, 2, "same", activation="relu"),
        ),
        _dense,
    ),
    "Conv3DTranspose": (_dense, _upsampling_of_volumes),
    "GRU": (lambda: _sequence(keras.layers.GRU(64)), _dense),
    "LSTM": (lambda: _sequence(keras.layers.LSTM(64)), _dense),
    "MultiHeadAttention": (lambda: _sequence(_SelfAttention()), _dense),
    "BatchNormalization": (
        lambda: _sequential(_dense(), keras.layers.BatchNormalization()),
        _dense,
    ),
    "LayerNormalization": (
        lambda: _sequential(_dense(), keras.layers.LayerNormalization()),
        _dense,
    ),
    "Dropout on 784 pixels": (lambda: _drawing(keras.layers.Dropout(0.1)), _dense),
    "Dropout on 512 features": (
        lambda: _drawing(keras.layers.Dense(512, "relu"), keras.layers.Dropout(0.1)),
        _dense,
    ),
    "Dropout on 200 features": (
        lambda: _sequential(_dense(), keras.layers.Dropout(0.1)),
        _dense,
    ),
    "Dropout on 32 features": (
        lambda: _drawing(keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.1)),
        _dense,
    ),
    "GaussianNoise on 784 pixels": (lambda: _drawing(keras.layers.GaussianNoise(0.1)), _dense),
    "GaussianDropout on 784 pixels": (lambda: _drawing(keras.layers.GaussianDropout(0.1)), _dense),
    "AlphaDropout on 784 pixels": (lambda: _drawing(keras.layers.AlphaDropout(0.1)), _dense),
    "SpatialDropout1D": (
        lambda: _sequence(
            keras.layers.Conv1D(32, 3, 2, "same", activation="relu"),
            keras.layers.SpatialDropout1D(0.1),
        ),
        _dense,
    ),
    "GRU with dropout": (lambda: _sequence(keras.layers.GRU(64, dropout=0.1)), _dense),
    "MultiHeadAttention with dropout": (lambda: _sequence(_SelfAttention(0.1)), _dense),
}


def model(kind: str, jit_compile: Any) -> tfp_vae.VAE:
    """Returns a compiled model with a kind of layer."""
    keras.utils.set_random_seed(0)
    encoder, decoder = KINDS[kind]
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(encoder(), posteriors.MultivariateNormalDiag(16)),
        tfp_vae.Decoder(decoder(), likelihoods.Bernoulli(SHAPE)),
    )
    vae.compile("adam", jit_compile=jit_compile)
    return vae


def measure(
    repeats: int,
    kinds: list[str] | None,
    known: dict[str, Any],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Times epochs in turn, with XLA and without, on an array and on a dataset, and saves rows/s.

    Args:
      repeats: The number of epochs timed, after one that compiles.
      kinds: Some of `KINDS`, or None for all.
      known: Earlier results, of which those of other kinds are kept.
      save: Called with the results.
    """
    x = np.random.default_rng(0).integers(0, 2, [ROWS, *SHAPE]).astype("float32")
    sources = {"array": x, "dataset": tf.data.Dataset.from_tensor_slices(x).batch(BATCH)}
    rows = {(row["kind"], row["source"]): row for row in known.get("rows", [])}
    for kind in kinds or KINDS:
        options = {"array": {"batch_size": BATCH}, "dataset": {}}
        timings = timed_in_turn(
            {
                (source, xla): epoch_of_fit(model(kind, xla), x, **options[source])
                for source, x in sources.items()
                for xla in (True, False)
            },
            ROWS,
            repeats,
        )
        default = bool(model(kind, "auto").jit_compile)
        for source in sources:
            with_xla, without = timings[source, True], timings[source, False]
            ratio = spread(
                [one / other for one, other in zip(with_xla.speeds, without.speeds, strict=True)]
            )
            rows[kind, source] = {
                "kind": kind,
                "source": source,
                "with_xla": spread(with_xla.speeds),
                "without_xla": spread(without.speeds),
                "ratio": ratio,
                "processor_ratio": median(without.processor_seconds)
                / median(with_xla.processor_seconds),
                "xla_by_default": default,
            }
            print(f"{kind:24s} {source:8s} {ratio['median']:6.2f}", file=sys.stderr, flush=True)
        save(
            {
                "rows": [rows[each] for each in product(KINDS, sources) if each in rows],
                "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
            }
        )
