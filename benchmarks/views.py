"""Several views of MNIST's digits, upper half, lower half and label, beside MultiVae's models.

Each library trains the same networks on the same rows: one layer of 400 units for every view, 20
latents. Coherence is how often an image made of a label is one of that label, by a classifier of
images that no model has seen, and label accuracy how often the label made of an image is right.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

import tfp_vae
from benchmarks import data, environments, results
from tfp_vae import evaluation, likelihoods

UNITS = 400
LATENTS = 20
EPOCHS = 30
BATCH_SIZE = 128
SEEDS = 3
ROWS = 10_000
SCORED_ROWS = 100
DRAWS_PER_LABEL = 50
IMPORTANCE_SAMPLES = 1000

KINDS = {"product": "MVAE", "mixture": "MMVAE", "mixture_of_products": "MoPoE"}
"""Our name of each way to join experts, and the class of MultiVae."""


def halves(x: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the two halves of flat images, by the names of the views."""
    middle = x.shape[1] // 2
    return {"upper": x[:, :middle], "lower": x[:, middle:]}


def ours(
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    test: np.ndarray,
    test_y: np.ndarray,
    seed: int,
    epochs: int,
) -> dict[str, Any]:
    """Trains our model, and returns labels of test images, images of labels and log p.

    Args:
      kind: One of `KINDS`.
      x: Training images, `[N, D]`, of 0 and 1.
      y: Their labels, `[N]`.
      test: Test images.
      test_y: Their labels.
      seed: The seed of weights and draws.
      epochs: The number of epochs.
    """
    views = halves(x)
    keras.utils.set_random_seed(seed)
    vae = tfp_vae.MultimodalVAE.from_mlps(
        {
            **{name: likelihoods.Bernoulli([view.shape[1]]) for name, view in views.items()},
            "label": likelihoods.Categorical([1], 10),
        },
        latent_size=LATENTS,
        units=[UNITS],
        experts=kind,
        view_dropout=0.5 if kind == "product" else 0.0,
    )
    vae.compile(keras.optimizers.Adam(1e-3))
    vae.fit(vae.join({**views, "label": y}), epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
    wanted = vae.join({"label": np.repeat(np.arange(10), DRAWS_PER_LABEL)})
    images = vae.decode(vae.encode(wanted, seed=seed, verbose=0), verbose=0)[:, : x.shape[1]]
    rows = vae.join({**halves(test), "label": test_y})[:SCORED_ROWS]
    found = evaluation.log_marginal_likelihood(vae, rows, IMPORTANCE_SAMPLES, seed=seed)
    return {
        "labels": vae.translate(halves(test), to="label", verbose=0)[:, 0],
        "images": images,
        "log_likelihood": found.mean,
    }


def theirs(python: str) -> Callable[..., dict[str, Any]]:
    """Returns the same of MultiVae, in an environment of its own, whose interpreter is `python`."""

    def run(
        kind: str,
        x: np.ndarray,
        y: np.ndarray,
        test: np.ndarray,
        test_y: np.ndarray,
        seed: int,
        epochs: int,
    ) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder) / "given.npz", Path(folder) / "made.npz"
            np.savez(given, x=x, y=y, test=test, test_y=test_y)
            script = ["-m", "benchmarks.peers.multivae_views", KINDS[kind], str(given), str(made)]
            numbers = {
                "seed": seed,
                "epochs": epochs,
                "units": UNITS,
                "latents": LATENTS,
                "batch-size": BATCH_SIZE,
                "scored-rows": SCORED_ROWS,
                "draws-per-label": DRAWS_PER_LABEL,
                "importance-samples": IMPORTANCE_SAMPLES,
            }
            options = [
                text for name, value in numbers.items() for text in (f"--{name}", str(value))
            ]
            said = json.loads(environments.run(python, [*script, *options]))
            with np.load(made) as arrays:
                return {**said, "labels": arrays["labels"], "images": arrays["images"]}

    return run


def measure(
    mnist: Path,
    folder: Path | None,
    seeds: int,
    epochs: int,
    rows: int | None,
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Trains all models for every seed, and scores them.

    Args:
      mnist: Keras's .npz file of MNIST.
      folder: The folder of the peers' environments; None leaves MultiVae out.
      seeds: How many seeds.
      epochs: The number of epochs.
      rows: The number of training rows; None for `ROWS`.
      save: Called with the results so far.
    """
    from sklearn.linear_model import LogisticRegression

    x, y, test, test_y = data.labelled(mnist)
    count = min(rows or ROWS, len(x))
    # Images that no model sees, as far as there are as many.
    unseen = slice(count, 2 * count) if len(x) >= 2 * count else slice(0, count)
    classifier = LogisticRegression(C=0.1, max_iter=1000).fit(x[unseen], y[unseen])
    wanted = np.repeat(np.arange(10), DRAWS_PER_LABEL)
    libraries = {"tfp_vae": ours}
    if folder is not None:
        libraries["MultiVae"] = theirs(environments.python_of("multivae", folder))
    runs: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        for library, made_by in libraries.items():
            begun, found = time.perf_counter(), []
            for seed in range(seeds):
                made = made_by(kind, x[:count], y[:count], test, test_y, seed, epochs)
                drawn = (made["images"] > 0.5).astype(x.dtype)
                found.append(
                    {
                        "label_accuracy": float(np.mean(made["labels"] == test_y)),
                        "coherence": float(np.mean(classifier.predict(drawn) == wanted)),
                        "log_likelihood": float(made["log_likelihood"]),
                    }
                )
            runs[f"{library}, {kind}"] = {
                "seconds": (time.perf_counter() - begun) / seeds,
                **{name: results.spread([each[name] for each in found]) for name in found[0]},
            }
            save(
                {
                    "rows": count,
                    "epochs": epochs,
                    "seeds": seeds,
                    "classifier": float(classifier.score(test, test_y)),
                    "runs": runs,
                }
            )


def lines(measured: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of the page."""
    yield (
        f"Upper half, lower half and label of {measured['rows']:,} binary images of MNIST: median "
        f"(range) over {measured['seeds']} seeds, after {measured['epochs']} epochs. Logistic "
        f"regression, which judges the coherence of images made of labels, is right for "
        f"{measured['classifier']:.3f} of the test images."
        + (
            " MultiVae's log p(x) is that of its own `compute_joint_nll`."
            if any(name.startswith("MultiVae") for name in measured["runs"])
            else ""
        )
    )
    yield ""
    yield "| model | label of an image | image of a label | log p(x), nats | seconds a seed |"
    yield "|---|---|---|---|---:|"
    for name, run in measured["runs"].items():
        cells = [
            f"{run[score]['median']:.{digits}f} ({run[score]['lowest']:.{digits}f} to "
            f"{run[score]['highest']:.{digits}f})"
            for score, digits in (("label_accuracy", 3), ("coherence", 3), ("log_likelihood", 1))
        ]
        yield f"| {name} | {' | '.join(cells)} | {run['seconds']:.0f} |"
