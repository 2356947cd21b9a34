"""Compares one process with replicas on logical devices; run as a program, with their number.

Logical devices must be made before TensorFlow first uses its CPU, so that each number of them takes
a process of its own.
"""

import sys
from functools import partial

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from tests.support.replicated_model import (
    CODES,
    COUNTS,
    ENDS_EARLY,
    HELD_OUT,
    REAL,
    ROWS,
    SERIES,
    SOME_LABELS,
    WITH_A_FAILING_ROW,
    assert_same,
    binary_vae,
    calibrated_vae,
    controlled_vae,
    counts_vae,
    drawn_vae,
    failing_vae,
    far_vae,
    fitted,
    labelled_vae,
    plain,
    quantized_vae,
    recurrent_vae,
    sequence_vae,
    state_space_vae,
    views_vae,
    with_devices,
)
from tfp_vae import callbacks

CASES = [
    # Preprocessed, scheduled, validated, with the weights of the best epoch.
    (
        binary_vae,
        {},
        ROWS,
        {"validation_data": HELD_OUT, "callbacks": [callbacks.Convergence()]},
    ),
    # Calibrated, regularised, clipped, weighted, split.
    (
        calibrated_vae,
        {"clipnorm": 0.05},
        REAL,
        {"sample_weight": np.linspace(0, 2, len(REAL)), "validation_split": 0.2},
    ),
    # One row, of one replica's share, has no finite loss.
    (failing_vae, {}, WITH_A_FAILING_ROW, {"compile": {"on_nonfinite": "skip"}}),
    # The gradients of a batch are too large, and validations have averaged weights.
    (
        far_vae,
        {"use_ema": True, "ema_momentum": 0.9},
        WITH_A_FAILING_ROW,
        {"validation_data": REAL, "compile": {"skip_gradients_above": 15.0}},
    ),
]
# Adam divides a gradient by its own size: of weights with hardly any, it magnifies the rounding of
# sums in another order, up to its `epsilon`.
NIGHTLY_CASES = [
    # Labels of some rows, and latents that are summed over.
    (labelled_vae, {}, ROWS, {"y": SOME_LABELS, "compile": {"metrics": None}}),
    # A controller, which sees the mean KL of all replicas.
    (controlled_vae, {}, ROWS, {"compile": {"metrics": None}}),
    # Rows of unequal length.
    (sequence_vae, {}, CODES, {}),
    # A baseline, which learns from the objective of the rows of all replicas.
    (drawn_vae, {}, ROWS, {"compile": {"metrics": None}}),
    # Counts given the totals of rows.
    (counts_vae, {"epsilon": 1e-3}, COUNTS, {"compile": {"metrics": None}}),
    # Codes that are learned by gradient, and by moving averages.
    (partial(quantized_vae, "gradient"), {}, ROWS, {"compile": {"metrics": None}}),
    (partial(quantized_vae, "moving_average"), {}, ROWS, {"compile": {"metrics": None}}),
    # States over time.
    (state_space_vae, {}, SERIES, {}),
    (recurrent_vae, {}, ENDS_EARLY, {"compile": {"metrics": None}}),
    # Views that are dropped at random, and mixtures of their experts.
    (views_vae, {}, ROWS, {"compile": {"metrics": None}}),
]


def main(replicas):
    with_devices(replicas)
    # TensorFlow mixes up the collectives of two such strategies in one process.
    strategy = tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(replicas)])
    for make, optimizer, x, options in CASES + (NIGHTLY_CASES if replicas > 2 else []):
        compiled = options.get("compile", {})
        alone = fitted(make, optimizer, x, **{**options, "compile": {**plain(), **compiled}})
        with strategy.scope():
            together = fitted(make, optimizer, x, **options)
        assert_same(alone, together)
        assert together[1].get("skipped_steps", [1, 1]) == [1, 1]
        predictions = [vae.predict(x[:5], verbose=0) for vae, *_ in (alone, together)]
        np.testing.assert_allclose(*predictions, rtol=1e-4, atol=1e-5)
    # A dataset of whole batches, the last of which is smaller, and rows of a sparse matrix.
    whole = tf.data.Dataset.from_tensor_slices(ROWS).batch(9)
    for x in (whole, scipy.sparse.csr_matrix(ROWS)):
        alone = fitted_on(x)
        with strategy.scope():
            together = fitted_on(x)
        for one, other in zip(alone.get_weights(), together.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def fitted_on(x):
    """Trains and validates on the same data."""
    keras.utils.set_random_seed(3)
    vae = calibrated_vae()
    vae.compile("adam", **({} if tf.distribute.has_strategy() else plain()))
    vae.fit(x, validation_data=x, epochs=2, verbose=0)
    return vae


if __name__ == "__main__":
    main(int(sys.argv[1]))
