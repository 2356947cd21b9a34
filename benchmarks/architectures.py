"""Training speed of more networks: ours, and the same by hand in Keras, PyTorch and JAX."""

import importlib
import importlib.util
import math
import sys
from collections.abc import Callable
from statistics import median
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from benchmarks import by_hand
from benchmarks.results import spread
from benchmarks.timed_epochs import epoch_of_fit, timed_in_turn
from tfp_vae import likelihoods, networks, objectives, posteriors, priors

ROWS, BATCH = 1000, 100
LATENT_SIZE = by_hand.LATENT_SIZE


def _dense(units: int = 200) -> keras.Sequential:
    return networks.mlp([units, units], activation="tanh")


def _gru() -> keras.Sequential:
    return keras.Sequential([keras.layers.GRU(64)])


def _gru_decoder() -> keras.Sequential:
    return keras.Sequential(
        [keras.layers.RepeatVector(28), keras.layers.GRU(64, return_sequences=True)]
    )


def _vae(
    shape: tuple[int, ...],
    encoder: Callable[[], Any] = _dense,
    decoder: Callable[[], Any] = _dense,
    posterior: Any = None,
    **options: Any,
) -> tfp_vae.VAE:
    return tfp_vae.VAE(
        tfp_vae.Encoder(encoder(), posterior or posteriors.MultivariateNormalDiag(LATENT_SIZE)),
        tfp_vae.Decoder(decoder(), likelihoods.Bernoulli(shape)),
        adaptive=False,
        **options,
    )


def _iwae(draws: int) -> tfp_vae.VAE:
    return _vae((784,), objective=objectives.IWAE(draws))


def _flow() -> tfp_vae.VAE:
    posterior = posteriors.InverseAutoregressiveFlow(
        LATENT_SIZE, steps=by_hand.STEPS, units=by_hand.FLOW_UNITS
    )
    return _vae((784,), posterior=posterior)


def _convolutional(shape: tuple[int, int, int]) -> tuple[Callable[[], Any], Callable[[], Any]]:
    def encoder() -> keras.Sequential:
        return networks.conv([32, 64])

    def decoder() -> keras.Sequential:
        return networks.conv_transpose([64, 32], shape)

    return (
        lambda: _vae(shape, encoder, decoder),
        lambda: by_hand.elbo(encoder(), decoder(), channels=shape[-1]),
    )


KINDS: dict[str, tuple[tuple[int, ...], Callable[[], Any], Callable[[], Any]]] = {
    "dense": ((784,), lambda: _vae((784,)), lambda: by_hand.elbo(_dense(), _dense(), 784)),
    "convolutional, 28 x 28 x 1": ((28, 28, 1), *_convolutional((28, 28, 1))),
    "convolutional, 64 x 64 x 3": ((64, 64, 3), *_convolutional((64, 64, 3))),
    "GRU, 28 steps of 28": (
        (28, 28),
        lambda: _vae((28, 28), _gru, _gru_decoder),
        lambda: by_hand.elbo(_gru(), _gru_decoder(), 28),
    ),
    "IWAE, 5 draws": (
        (784,),
        lambda: _iwae(5),
        lambda: by_hand.iwae(_dense(), _dense(), 784, 5),
    ),
    "IWAE, 50 draws": (
        (784,),
        lambda: _iwae(50),
        lambda: by_hand.iwae(_dense(), _dense(), 784, 50),
    ),
    "two layers of latents": (
        (784,),
        lambda: tfp_vae.HierarchicalVAE.from_mlps(
            likelihoods.Bernoulli([784]), [100, LATENT_SIZE], adaptive=False
        ),
        lambda: by_hand.two_layers(
            (_dense(), _dense(100)), (_dense(), _dense(100)), 784, (100, LATENT_SIZE)
        ),
    ),
    "VampPrior, 50 pseudo-inputs": (
        (784,),
        lambda: _vae((784,), prior=priors.VampPrior(50)),
        lambda: by_hand.vamp_prior(_dense(), _dense(), 784, 50),
    ),
    "inverse autoregressive flow": (
        (784,),
        _flow,
        lambda: by_hand.autoregressive_flow(_dense(), _dense(), 784),
    ),
}
"""By the name of the network, the shape of its rows, our model, and that by hand."""

OURS, WITH_XLA, WITHOUT = "tfp_vae", "Keras, with XLA", "Keras, without"
OTHERS = {
    "PyTorch, by hand": ("torch", "benchmarks.torch_epochs"),
    "JAX, jitted": ("jax", "benchmarks.jax_epochs"),
}
"""The package that a row of another framework needs, and the module that trains its models."""


def drawn_shapes(shape: tuple[int, ...]) -> np.ndarray:
    """Returns black discs of random places and sizes on white, `[ROWS, *shape]`."""
    rng = np.random.default_rng(0)
    height, width = {1: (28, 28), 2: (28, 28), 3: shape[:2]}[len(shape)]
    rows, columns = np.mgrid[:height, :width]
    middle = rng.uniform(0.2, 0.8, [ROWS, 2]) * [height, width]
    radius = rng.uniform(0.1, 0.3, [ROWS, 1, 1]) * height
    distance = np.hypot(rows - middle[:, :1, None], columns - middle[:, 1:, None])
    discs = (distance < radius).astype("float32")
    return (
        np.broadcast_to(
            discs.reshape([ROWS, height, width, 1]), [ROWS, height, width, shape[-1]]
        ).copy()
        if len(shape) == 3
        else discs.reshape([ROWS, *shape])
    )


def models(kind: str) -> dict[str, Any]:
    """Returns the compiled models of a kind, by name."""
    _, ours, hand = KINDS[kind]
    made = {}
    for name, make, jit_compile in [
        (OURS, ours, "auto"),
        (WITH_XLA, hand, True),
        (WITHOUT, hand, False),
    ]:
        keras.utils.set_random_seed(0)
        made[name] = make()
        made[name].compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    return made


def installed() -> dict[str, ModuleType]:
    """Returns the modules of `OTHERS` whose packages are installed, and says which are not."""
    found = {}
    for name, (package, module) in OTHERS.items():
        if importlib.util.find_spec(package) is None:
            print(f"Without {package}, the rows {name!r} are left out.", file=sys.stderr)
        else:
            found[name] = importlib.import_module(module)
    return found


def measure(
    repeats: int,
    kinds: list[str] | None,
    known: dict[str, Any],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Times epochs of ours and of the others in turn, and saves rows/s, processor time and losses.

    Args:
      repeats: The number of epochs timed, after one that compiles.
      kinds: Some of `KINDS`, or None for all.
      known: Earlier results, of which those of other kinds, and of frameworks that are not
        installed, are kept.
      save: Called with the results.
    """
    others = installed()
    versions = {
        **known.get("versions", {}),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        **{OTHERS[name][0]: module.VERSION for name, module in others.items()},
    }
    rows = {(row["kind"], row["model"]): row for row in known.get("rows", [])}
    for kind in kinds or KINDS:
        x = drawn_shapes(KINDS[kind][0])
        made = models(kind)
        epochs = {name: epoch_of_fit(model, x, batch_size=BATCH) for name, model in made.items()}
        sizes = {}
        for name, module in others.items():
            if kind in module.KINDS:
                epochs[name], sizes[name] = module.epochs(kind, x, BATCH)
        timings = timed_in_turn(epochs, ROWS, repeats)
        ours = timings[OURS]
        for name, model in made.items():
            sizes[name] = sum(math.prod(each.shape) for each in model.trainable_weights)
        for name, timing in timings.items():
            ratios = [one / other for one, other in zip(ours.speeds, timing.speeds, strict=True)]
            rows[kind, name] = {
                "kind": kind,
                "model": name,
                "weights": sizes[name],
                "rows_per_second": spread(timing.speeds),
                "ratio": spread(ratios),
                "processor_ratio": median(timing.processor_seconds)
                / median(ours.processor_seconds),
                "loss": timing.loss,
                "epochs": repeats + 1,
            }
            print(
                f"{kind:28s} {name:16s} {sizes[name]:9,d} "
                f"{rows[kind, name]['ratio']['median']:6.2f} "
                f"{rows[kind, name]['processor_ratio']:6.2f} {timing.loss:9.2f}",
                file=sys.stderr,
                flush=True,
            )
        save(
            {
                "rows": [
                    rows[kind, name]
                    for kind in KINDS
                    for name in (OURS, WITH_XLA, WITHOUT, *OTHERS)
                    if (kind, name) in rows
                ],
                "versions": versions,
            }
        )
