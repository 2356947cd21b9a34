"""Test errors on MNIST with few labels, beside those of Kingma et al. (2014).

Their "Semi-supervised learning with deep generative models" has two models: M2, whose latents are a
class and a style, on images, and on the latents of a plain model, M1 (M1+M2).
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

import tfp_vae
from benchmarks import data, results
from tfp_vae import likelihoods, networks, posteriors, priors

PUBLISHED = {
    "M2": {100: 11.97, 600: 4.94, 1000: 3.60, 3000: 3.92},
    "M1+M2": {100: 3.33, 600: 2.59, 1000: 2.40, 3000: 2.18},
}
"""Test errors in percent, of table 1 of the paper."""

LABELS = (100, 600, 1000, 3000)
CLASSES = 10
SEEDS = 5
EPOCHS = 60
BATCH_SIZE = 200
WEIGHT = 0.1
"""Their weight of log q(c|x), for each row by which there are more rows than labels."""


def some_labels(classes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns the labels of `count` random rows, as many of each class, and -1 for the others."""
    rng = np.random.default_rng(seed)
    known = np.full(len(classes), -1)
    for label in range(CLASSES):
        chosen = rng.permutation(np.flatnonzero(classes == label))[: count // CLASSES]
        known[chosen] = label
    return known


def features(x: np.ndarray, others: np.ndarray, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the standardised latents of training and other images, of M1 with 50 latents."""
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([600, 600]), posteriors.MultivariateNormalDiag(50)),
        tfp_vae.Decoder(networks.mlp([600, 600]), likelihoods.Bernoulli([x.shape[1]])),
        preprocess=networks.StochasticBinarization(),
    )
    vae.compile("adam")
    vae.fit(x, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
    z, z_others = (np.asarray(vae.encode(rows, verbose=0)) for rows in (x, others))
    centre, scale = z.mean(axis=0), z.std(axis=0)
    used = scale > 0.1 * scale.max()
    return ((z - centre) / scale)[:, used], ((z_others - centre) / scale)[:, used]


def class_and_style(
    x: np.ndarray, labels: np.ndarray, pixels: bool, seed: int, epochs: int
) -> tfp_vae.VAE:
    """Trains M2 on rows, of which some have a label: on pixels from 0 to 1, or on features."""
    likelihood: likelihoods.Likelihood = likelihoods.Normal(x.shape[1:], scale="per_value")
    if pixels:
        likelihood = likelihoods.Bernoulli(x.shape[1:])
    keras.utils.set_random_seed(seed)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([500]),
            posteriors.CategoricalJoint(
                posteriors.Categorical(CLASSES),
                posteriors.MultivariateNormalDiag(50),
                trunk=networks.mlp([500]),
            ),
        ),
        tfp_vae.Decoder(networks.mlp([500]), likelihood),
        prior=priors.CategoricalJoint(priors.Categorical(CLASSES), priors.StandardNormal()),
        preprocess=networks.StochasticBinarization() if pixels else None,
        classification_weight=WEIGHT * len(x) / (labels >= 0).sum(),
    )
    vae.compile(keras.optimizers.Adam(3e-4))
    vae.fit(x, labels, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
    return vae


def error(vae: tfp_vae.VAE, x: np.ndarray, classes: np.ndarray) -> float:
    """Returns the share of wrong classes, in percent."""
    found = np.asarray(vae.predict_labels(x, verbose=0)).argmax(axis=1)
    return float(100.0 * np.mean(found != classes))


def regression(x: np.ndarray, labels: np.ndarray, test: np.ndarray, classes: np.ndarray) -> float:
    """Returns the error of logistic regression on the rows with a label alone, in percent."""
    from sklearn.linear_model import LogisticRegression

    known = labels >= 0
    fitted = LogisticRegression(max_iter=1000).fit(x[known], labels[known])
    return float(100.0 * np.mean(fitted.predict(test) != classes))


def measure(
    mnist: Path,
    methods: list[str] | None,
    counts: list[int] | None,
    seeds: int,
    epochs: int,
    earlier: dict[str, Any],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Trains both models for numbers of labels and every seed, and saves the errors.

    Args:
      mnist: The data file.
      methods: The models, or None for both.
      counts: The numbers of labels, or None for all.
      seeds: How many seeds.
      epochs: The epochs of every training.
      earlier: What was saved before, which is kept where it is of as many rows, seeds and epochs.
      save: Called with the results after every number of labels.
    """
    x, y, test, classes = data.labelled(mnist, binary=False)
    settings = {"rows": len(x), "epochs": epochs, "seeds": seeds}
    alike = all(earlier.get(name) == value for name, value in settings.items())
    runs: dict[str, dict[str, Any]] = earlier["runs"] if alike else {}
    for method in methods or list(PUBLISHED):
        train, held_out = (x, test) if method == "M2" else features(x, test, epochs)
        for count in counts or LABELS:
            begun, errors, alone = time.perf_counter(), [], []
            for seed in range(seeds):
                known = some_labels(y, count, seed)
                vae = class_and_style(train, known, method == "M2", seed, epochs)
                errors.append(error(vae, held_out, classes))
                alone.append(regression(train, known, held_out, classes))
            seconds = (time.perf_counter() - begun) / seeds
            runs.setdefault(method, {})[str(count)] = {
                "error": results.spread(errors),
                "regression": results.spread(alone),
                "published": PUBLISHED[method][count],
                "seconds": seconds,
            }
            print(f"{method}, {count} labels: {runs[method][str(count)]}", flush=True)
            save({**settings, "runs": runs})


def lines(measured: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of the page."""
    yield (
        f"Test errors in percent with few labels among {measured['rows']:,} training images of "
        f"MNIST: median (range) over {measured['seeds']} seeds, after {measured['epochs']} epochs, "
        "beside those of Kingma et al. (2014) and logistic regression on the rows with a label."
    )
    yield ""
    yield "| model | labels | error | published | regression | seconds a seed |"
    yield "|---|---:|---|---:|---|---:|"
    for method, of_method in measured["runs"].items():
        for count, run in of_method.items():
            yield (
                f"| {method} | {int(count):,} | {_range(run['error'])} | {run['published']:.2f} | "
                f"{_range(run['regression'])} | {run['seconds']:.0f} |"
            )


def _range(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['lowest']:.2f} to {spread['highest']:.2f})"
