"""The samples that are compared: held-out rows, training rows and draws, as the model has them."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import row_batches
from tfp_vae.model import VAE
from tfp_vae.training import StoredRows, stored_rows


def training_rows(vae: VAE, training_data: Any) -> np.ndarray | StoredRows:
    """Returns training rows that the model can prepare, of which no condition is needed."""
    stored = stored_rows(training_data, "training_data", vae.row_shape)
    if stored is None:
        vae.check_rows(training_data, "training_data")
        return checks.array(training_data, "training_data")
    for block in stored.blocks():
        vae.check_rows(block, "training_data")
    return stored


def prepared_rows(
    vae: VAE, rows: np.ndarray | StoredRows, batch_size: int, seed: tf.Tensor, name: str
) -> np.ndarray:
    """Returns rows after the preprocess layer, `[N, *event]`; refuses missing values."""
    parts = []
    for batch in row_batches(rows, batch_size, seed, None):
        if vae.missing is not None and not vae.missing.observed_in(batch.x).all():
            raise ValueError(
                f"`{name}` must have no missing values, since draws have none; got missing values: "
                "impute them, or take the complete rows alone."
            )
        parts.append(vae.prepared(batch.x, batch.seed).numpy())
    return np.concatenate(parts)


def drawn_rows(
    vae: VAE, count: int, batch_size: int, seed: tf.Tensor, condition: np.ndarray | None
) -> np.ndarray:
    """Returns draws of the model, `[count, *event]`."""
    parts = []
    for start in range(0, count, batch_size):
        own = slice(start, min(start + batch_size, count))
        y = None if condition is None else condition[own]
        parts.append(vae.sample(own.stop - start, seeds.fold_in(seed, start), condition=y).numpy())
    draws = np.concatenate(parts)
    if not np.isfinite(draws).all():
        raise ValueError(
            "`vae` must draw finite numbers; got a draw that is not finite: look at `vae.sample`."
        )
    return draws
