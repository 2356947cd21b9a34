"""Trains as one of several processes; a program that takes TF_CONFIG and a file to write."""

import json
import sys

import numpy as np
import tensorflow as tf

# The strategy must be made before TensorFlow is used for anything else.
STRATEGY = tf.distribute.MultiWorkerMirroredStrategy()

from tests.support.replicated_model import HELD_OUT, ROWS, binary_vae, fitted  # noqa: E402

if __name__ == "__main__":
    with STRATEGY.scope():
        # Every worker has a random state of its own; they take the first one's.
        index = STRATEGY.cluster_resolver.task_id
        vae, history, measured = fitted(
            binary_vae, {}, ROWS, seed=2 + index, validation_data=HELD_OUT
        )
    np.savez(sys.argv[1], *vae.get_weights(), logs=json.dumps([history, measured]))
