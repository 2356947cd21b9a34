"""Reproductions of published MNIST log-likelihoods: training, and scores of the test images.

The settings are in `reproductions.toml`, by name. Every run saves its model and its results, so
that the page can be written before all have run.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from benchmarks.reproductions import settings, stages
from tfp_vae import callbacks, evaluation, likelihoods, networks, objectives, posteriors, priors

CURVE_DRAWS = 500
"""Importance samples for a point of the curve, on all test images."""
CURVE_POINTS = 12
TEST_SEED = 2015
"""Draws the test images of dynamic MNIST, once, and the importance samples."""


class Images(NamedTuple):
    """Rows of 784 pixels.

    Attributes:
      train: The training images: 0 or 1, or grey values in [0, 1] that are binarised at every use.
      test: The test images, 0 or 1.
      valid: The validation images, 0 or 1; None where the source trains on them too.
    """

    train: np.ndarray
    test: np.ndarray
    valid: np.ndarray | None = None


def images(kind: str, mnist: Path, static_mnist: Path) -> Images:
    """Reads MNIST, "dynamic" or "static".

    Args:
      kind: "dynamic" or "static".
      mnist: An .npz of `x_train` and `x_test`, bytes `[N, 28, 28]`, as Keras distributes MNIST.
      static_mnist: An .npz of `x_train`, `x_valid` and `x_test`, bits `[N, 98]`: Larochelle &
        Murray's images.
    """
    if kind == "static":
        with np.load(static_mnist) as arrays:
            keys = ("x_train", "x_test", "x_valid")
            return Images(*(np.unpackbits(arrays[key], axis=1) for key in keys))
    with np.load(mnist) as arrays:
        train, test = (
            arrays[key].reshape(-1, 784).astype(np.float32) / 255.0 for key in ("x_train", "x_test")
        )
    drawn = np.random.default_rng(TEST_SEED).uniform(size=test.shape) < test
    return Images(train, drawn.astype(np.uint8))


def model(setting: dict[str, Any], train: np.ndarray) -> tfp_vae.VAE:
    """Makes the model of a setting, whose decoder is initialised at the mean of every pixel."""
    options: dict[str, Any] = {"objective": _objective(setting, len(train)), "adaptive": False}
    if setting["data"] == "dynamic":
        options["preprocess"] = networks.StochasticBinarization()
    if "pseudo_inputs" in setting:
        options["prior"] = priors.VampPrior(setting["pseudo_inputs"])
    likelihood = likelihoods.Bernoulli([train.shape[1]])
    if "ladder_units" in setting:
        vae = tfp_vae.HierarchicalVAE.ladder_from_mlps(
            likelihood,
            setting["latent_sizes"],
            [setting["units"], *setting["ladder_units"]],
            setting["activation"],
            **options,
        )
    elif len(setting["latent_sizes"]) > 1:
        vae = tfp_vae.HierarchicalVAE.from_mlps(
            likelihood,
            setting["latent_sizes"],
            [setting["units"], setting["upper_units"]],
            setting["activation"],
            **options,
        )
    else:
        [size] = setting["latent_sizes"]
        encoding, decoding = _network(setting, train.shape[1]), _network(setting, size)
        posterior = posteriors.MultivariateNormalDiag(size, scale_activation="exp")
        vae = tfp_vae.VAE(
            tfp_vae.Encoder(encoding, posterior),
            tfp_vae.Decoder(decoding, likelihood),
            **options,
        )
    means = np.clip(train.mean(axis=0), 1e-3, 1.0 - 1e-3)
    likelihood.heads["logits"].bias.assign(np.log(means / (1.0 - means)))
    return vae


def _network(setting: dict[str, Any], inputs: int) -> keras.Model:
    """Makes the hidden layers; a gated one is a linear layer times a sigmoid of another."""
    if setting["activation"] != "gated":
        return networks.mlp(setting["units"], setting["activation"])
    features = first = keras.Input([inputs])
    for width in setting["units"]:
        gate = keras.layers.Dense(width, "sigmoid")(features)
        features = keras.layers.Multiply()([keras.layers.Dense(width)(features), gate])
    return keras.Model(first, features)


def _objective(setting: dict[str, Any], rows: int) -> objectives.Objective:
    estimator = setting.get("gradient_estimator", "standard")
    if setting["objective"] == "IWAE":
        return objectives.IWAE(setting["importance_sample_size"], estimator)
    if "kl_warm_up_epochs" not in setting:
        return objectives.ELBO(gradient_estimator=estimator)
    steps = setting["kl_warm_up_epochs"] * _steps_per_epoch(setting, rows)
    warm_up = objectives.LinearWarmUp(steps)
    return objectives.ELBO(kl_weight=warm_up, gradient_estimator=estimator)


def _steps_per_epoch(setting: dict[str, Any], rows: int) -> int:
    return math.ceil(rows / setting["batch_size"])


def optimizer(setting: dict[str, Any], rows: int) -> keras.optimizers.Optimizer:
    """Makes Adam with the learning rates of a setting, for a number of training rows."""
    first, last = setting["learning_rates"]
    steps = setting["epochs"] * _steps_per_epoch(setting, rows)
    rate = keras.optimizers.schedules.CosineDecay(first, steps, alpha=last / first)
    if "averaged_weights" not in setting:
        return keras.optimizers.Adam(rate)
    momentum = setting["averaged_weights"]
    return keras.optimizers.Adam(rate, use_ema=True, ema_momentum=momentum)


class Curve(keras.callbacks.Callback):
    """Scores all test images at evenly spaced epochs, outside the measured time.

    Args:
      test: The test images.
      epochs: The total number of epochs.
      points: The number of epochs at which to score.
      took_point: Called with every point.
      minutes_at_most: The minutes of training after which it stops at the end of an epoch, with a
        last point.

    It continues from one `fit` to the next.
    """

    def __init__(
        self,
        test: np.ndarray,
        epochs: int,
        points: int,
        took_point: Callable[[dict[str, float]], None],
        minutes_at_most: float = math.inf,
    ) -> None:
        super().__init__()
        self._test = test
        self._due = {round(epochs * (point + 1) / points) for point in range(points)}
        self._took_point, self._minutes_at_most = took_point, minutes_at_most
        self._epoch = 0
        self.seconds = self.processor_seconds = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del epoch
        self._epoch += 1
        trained = self.seconds + time.perf_counter() - self._started
        if trained / 60 >= self._minutes_at_most:
            self.model.stop_training = True
        if self._epoch in self._due or self.model.stop_training:
            self._stop()
            scored = score(self.model, self._test, CURVE_DRAWS)
            point = {"epoch": self._epoch, "minutes": self.seconds / 60, **scored}
            self._took_point({**point, "training_elbo": float(logs["elbo"])})
            self._start()

    def on_train_end(self, logs: Any = None) -> None:
        del logs
        self._stop()

    def _start(self) -> None:
        self._started = time.perf_counter()
        self._processor_started = time.process_time()

    def _stop(self) -> None:
        self.seconds += time.perf_counter() - self._started
        self.processor_seconds += time.process_time() - self._processor_started


def score(vae: tfp_vae.VAE, test: np.ndarray, importance_sample_size: int) -> dict[str, float]:
    """Returns the mean of -log p(x) over all test images, and its standard error, in nats."""
    begun = time.perf_counter()
    scored = evaluation.log_marginal_likelihood(vae, test, importance_sample_size, seed=TEST_SEED)
    return {
        "negative_log_likelihood": -scored.mean,
        "standard_error": scored.mean_standard_error,
        "median_effective_sample_size": float(np.median(scored.effective_sample_size)),
        "minutes_to_score": (time.perf_counter() - begun) / 60,
    }


def run(
    setting: dict[str, Any],
    data: Images,
    took_point: Callable[[dict[str, float]], None],
    points: int = CURVE_POINTS,
) -> tuple[tfp_vae.VAE, dict[str, Any]]:
    """Trains the model of a setting.

    Args:
      setting: One of `settings()`; its stages train one after another.
      data: The images to train on and to score.
      took_point: Called with every point of the curve.
      points: The number of points of the curve.

    Returns:
      The model, and the minutes of training.
    """
    keras.utils.set_random_seed(setting["seed"])
    vae = model(setting, data.train)
    trained = stages(setting)
    epochs = sum(stage["epochs"] for stage in trained)
    limit = setting.get("minutes_at_most", math.inf)
    curve = Curve(data.test, epochs, points, took_point, limit)
    for stage in trained:
        given, options = [curve], {}
        if stage.get("keep_best_on_validation"):
            given.append(callbacks.EarlyStopping(patience=stage["epochs"]))
            options = {"validation_data": data.valid, "validation_batch_size": 1000}
        vae.objective = _objective(stage, len(data.train))
        vae.compile(optimizer(stage, len(data.train)))
        vae.fit(
            data.train,
            epochs=stage["epochs"],
            batch_size=stage["batch_size"],
            callbacks=given,
            verbose=0,
            **options,
        )
    return vae, {
        "minutes": curve.seconds / 60,
        "processor_minutes": curve.processor_seconds / 60,
    }


def measure(name: str, data: Images, folder: Path, save: Callable[[dict[str, Any]], None]) -> None:
    """Trains and scores one reproduction, saving after every point of the curve.

    Args:
      name: A name of `settings()`.
      data: The images to train on and to score.
      folder: The folder for the trained model.
      save: Called with the results so far.
    """
    setting = settings()[name]
    measured: dict[str, Any] = {
        "setting": setting,
        "curve_importance_sample_size": CURVE_DRAWS,
        "curve": [],
        "versions": {"tfp_vae": tfp_vae.__version__, "TensorFlow": tf.__version__},
    }

    def took_point(point: dict[str, float]) -> None:
        measured["curve"].append(point)
        save(measured)
        print(f"{name}: {point}", flush=True)

    vae, minutes = run(setting, data, took_point)
    folder.mkdir(parents=True, exist_ok=True)
    vae.save(folder / f"{name}.keras")
    final = score(vae, data.test, setting["test_importance_sample_size"])
    measured["final"] = {**minutes, **final, "test_images": len(data.test)}
    save(measured)
    print(f"{name}: {measured['final']}", flush=True)
