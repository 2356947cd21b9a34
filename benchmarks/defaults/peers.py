"""The defaults of other libraries, each in an environment of its own."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments
from benchmarks.defaults.measures import class_columns
from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scores import Score
from tfp_vae import likelihoods

PYTHAE = environments.Peer("pythae VAE", "pythae_default", "pythae")
TVAE = environments.Peer("TVAE", "tvae_default", "ctgan")


class NotApplicableError(Exception):
    """Raised where a method is not made for a kind of data."""


def scorer(
    peer: environments.Peer, folder: Path, tables_alone: bool = False
) -> Callable[[Split, int, np.ndarray], Score]:
    """Returns the method that trains a peer in its environment, which `folder` holds."""

    def score(data: Split, latent_size: int, discrete: np.ndarray) -> Score:
        if tables_alone and data.x_train.ndim > 2:
            raise NotApplicableError("It is made for tables.")
        python = environments.python_of(peer.environment, folder)
        with tempfile.TemporaryDirectory() as exchange:
            given, answered = Path(exchange) / "rows.npz", Path(exchange) / "answer.npz"
            np.savez(given, **_rows(data, latent_size, discrete))
            command = ["-m", f"benchmarks.peers.{peer.module}"]
            command += ["--data", str(given), "--answer", str(answered)]
            said: dict[str, Any] = json.loads(environments.run(python, command))
            with np.load(answered) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        found["reconstructed"] = found["reconstructed"].reshape(data.x_test.shape)
        return Score(**found, seconds=said["seconds"], notes={"versions": said["versions"]})

    return score


def _rows(data: Split, latent_size: int, discrete: np.ndarray) -> dict[str, Any]:
    suggested = likelihoods.suggest(data.x_train).likelihood
    named = {"train": data.x_train, "valid": data.x_valid, "test": data.x_test}
    return {
        **{name: x.reshape(len(x), -1).astype(np.float64) for name, x in named.items()},
        "classes": class_columns(suggested),
        "rounding": np.where(discrete, 1.0 / 12.0, 0.0),
        "latent_size": latent_size,
    }
