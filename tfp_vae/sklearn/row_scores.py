"""Importance-sampling estimates of log p(x), each independent of the other rows."""

import math

import numpy as np
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.model import VAE
from tfp_vae.row_chunks import row_chunks

EAGER_ROWS = 20
"""The largest number of rows that is scored eagerly: compilation takes seconds."""

_CHUNK = 256


def log_marginal_likelihoods(vae: VAE, x: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Returns importance-sampling estimates of log p(x), `[N]`, in nats.

    Every row gets the same noise, so that its score does not depend on its place or on the other
    rows; `evaluation.log_marginal_likelihood` draws independent noise for every row.

    Args:
      vae: The model.
      x: Data, `[N, columns]`.
      draws: The number of draws for every row.
      seed: The seed of the noise.
    """
    key = seeds.as_seed(seed)
    if len(x) <= EAGER_ROWS:
        return np.stack([_of_row(vae, row, key, draws).numpy() for row in tf.convert_to_tensor(x)])
    # One compilation for data of any length.
    score = vae.compiled_function(_of_rows)
    chunks = [
        score(tf.convert_to_tensor(x[indices]), key, draws)[:count]
        for _, count, indices in row_chunks(len(x), _CHUNK, fixed_size=True)
    ]
    return np.concatenate(chunks)


def _of_row(vae: VAE, row: tf.Tensor, seed: tf.Tensor, draws: int) -> tf.Tensor:
    batch = vae.distributions(row[None], seed)
    z = batch.posterior.sample(draws, seed=seed)
    return tf.reduce_logsumexp(batch.log_weights(z), axis=0)[0] - math.log(draws)


def _of_rows(vae: VAE, x: tf.Tensor, seed: tf.Tensor, draws: int) -> tf.Tensor:
    return tf.map_fn(
        lambda row: _of_row(vae, row, seed, draws), x, fn_output_signature=vae.data_dtype
    )
